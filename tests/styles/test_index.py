from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline.sealed_file import seal, unseal
from pipeline.styles import index as style_index
from pipeline.styles.index import GRAPH, MANIFEST, VECTORS, StaleIndex, StyleIndex

WHO = {"encoder": "bag", "revision": "1"}


def random_vectors(count: int, dimension: int = 32, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def keys_of(vectors: np.ndarray) -> list[str]:
    return [f"style-{n}" for n in range(len(vectors))]


@pytest.fixture
def index() -> StyleIndex:
    vectors = random_vectors(50)
    return StyleIndex.build(keys_of(vectors), vectors)


@pytest.fixture
def saved(index: StyleIndex, tmp_path: Path) -> Path:
    index.save(tmp_path, **WHO)
    return tmp_path


def test_each_vector_is_nearest_to_itself(index: StyleIndex) -> None:
    rows, cosines = index.find_nearest(index.vectors, 3)
    assert rows[:, 0].tolist() == list(range(50))
    assert np.allclose(cosines[:, 0], 1, atol=1e-5)
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_it_finds_what_comparing_with_everything_finds(index: StyleIndex) -> None:
    queries = random_vectors(40, seed=1)
    rows, cosines = index.find_nearest(queries, 5)
    oracle, oracle_cosines = index.find_nearest_exactly(queries, 5)
    assert np.array_equal(rows, oracle)
    assert np.allclose(cosines, oracle_cosines, atol=1e-5)


def test_the_oracle_is_a_full_sort(index: StyleIndex) -> None:
    query = random_vectors(1, seed=2)
    by_hand = np.argsort(-(index.vectors @ query[0]))[:7]
    assert index.find_nearest_exactly(query, 7)[0][0].tolist() == by_hand.tolist()


def test_recall_among_thousands() -> None:
    centres = random_vectors(400, 96, seed=3)  # styles come in families: each vector near one of 400 centres
    near = centres[np.random.default_rng(4).integers(0, 400, 5_200)] + 0.6 * random_vectors(5_200, 96, seed=5)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    index = StyleIndex.build(keys_of(near[:5_000]), near[:5_000])
    found, right = index.find_nearest(near[5_000:], 10)[0], index.find_nearest_exactly(near[5_000:], 10)[0]
    hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), right.tolist(), strict=True)]
    assert sum(hits) / (10 * len(hits)) >= 0.99


def test_more_neighbours_than_vectors(index: StyleIndex) -> None:
    for search in (index.find_nearest, index.find_nearest_exactly):
        rows, _ = search(index.vectors[:2], 1_000)
        assert rows.shape == (2, 50) and set(rows[0].tolist()) == set(range(50))


@pytest.mark.parametrize(
    ("queries", "k", "message"),
    [
        (random_vectors(1, 31), 1, r"\(m, 32\) float32"),
        (random_vectors(1)[0], 1, r"\(m, 32\) float32"),
        (random_vectors(1).astype(np.float64), 1, "float64"),
        (np.full((1, 32), np.nan, np.float32), 1, "NaN"),
        (np.full((1, 32), np.inf, np.float32), 1, "NaN or infinity"),
        (random_vectors(1), 0, "k is 1 or more"),
    ],
)
def test_queries_that_would_end_the_process(index: StyleIndex, queries: np.ndarray, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        index.find_nearest(queries, k)
    with pytest.raises(ValueError, match=message):
        index.find_nearest_exactly(queries, k)


@pytest.mark.parametrize(
    "vectors",
    [
        np.full((3, 8), np.nan, np.float32),
        2 * random_vectors(3),
        random_vectors(2),
        random_vectors(3)[:, :0],
        random_vectors(3).astype(np.float64),
    ],
)
def test_vectors_that_cannot_be_indexed(vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="vector"):
        StyleIndex.build(["a", "b", "c"], vectors)


def test_saved_and_loaded_it_finds_the_same(index: StyleIndex, saved: Path) -> None:
    loaded = StyleIndex.load(saved, **WHO)
    queries = random_vectors(20, seed=6)
    assert loaded.keys == index.keys
    assert np.array_equal(loaded.vectors, index.vectors)
    assert np.array_equal(loaded.find_nearest(queries, 5)[0], index.find_nearest(queries, 5)[0])
    assert {path.name for path in saved.iterdir()} == {MANIFEST, VECTORS, GRAPH}  # no temporary file stays


@pytest.mark.parametrize("who", [{"encoder": "bag", "revision": "2"}, {"encoder": "clip", "revision": "1"}])
def test_another_encoder_is_stale(saved: Path, who: dict[str, str]) -> None:
    with pytest.raises(StaleIndex, match="is of bag 1"):
        StyleIndex.load(saved, **who)


@pytest.mark.parametrize("damage", ["flipped header", "flipped middle", "cut", "gone"])
def test_a_broken_graph_is_built_again(index: StyleIndex, saved: Path, damage: str) -> None:
    graph = saved / GRAPH
    content = bytearray(graph.read_bytes())
    content[8 if damage == "flipped header" else len(content) // 2] ^= 1
    graph.write_bytes(content[:100] if damage == "cut" else content)
    if damage == "gone":
        graph.unlink()
    loaded = StyleIndex.load(saved, **WHO)
    assert loaded.find_nearest(index.vectors, 1)[0][:, 0].tolist() == list(range(50))


@pytest.mark.parametrize("name", [VECTORS, MANIFEST])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_broken_vectors_are_stale(saved: Path, name: str, damage: str) -> None:
    file = saved / name
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content[:20] if damage == "cut" else content)
    if damage == "gone":
        file.unlink()
    with pytest.raises(StaleIndex):
        StyleIndex.load(saved, **WHO)


@pytest.mark.parametrize("change", [{"count": 49}, {"space": "l2"}, {"layout": 0}, {"extra": 1}, {"dimension": 31}])
def test_a_manifest_that_says_something_else_is_stale(saved: Path, change: dict[str, object]) -> None:
    file = saved / MANIFEST
    file.write_bytes(seal(json.dumps({**json.loads(unseal(file.read_bytes()) or ""), **change}).encode()))
    with pytest.raises(StaleIndex):
        StyleIndex.load(saved, **WHO)


def test_a_full_disk_keeps_the_older_index(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    monkeypatch.setattr(style_index, "_sha256", lambda file: pytest.fail("a cut file was taken for whole"))
    other = StyleIndex.build(["a"], random_vectors(1))
    monkeypatch.setattr(other, "_is_same_graph", lambda file: False)  # hnswlib writes less than it has, in silence
    with pytest.raises(OSError, match="disk full"):
        style_index._replace_file(saved / GRAPH, lambda file: file.write_bytes(b""), other._is_same_graph)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_graph_cut_short_is_noticed(index: StyleIndex, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    index._graph.save_index(str(whole))
    cut.write_bytes(whole.read_bytes()[:-1])
    assert index._is_same_graph(whole) and not index._is_same_graph(cut)


def test_threads_query_at_once(index: StyleIndex) -> None:
    wrong: list[int] = []

    def search(k: int) -> None:
        for _ in range(30):
            if index.find_nearest(index.vectors, k)[0][:, 0].tolist() != list(range(50)):
                wrong.append(k)

    threads = [threading.Thread(target=search, args=(k,)) for k in (1, 5, 50, 80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
