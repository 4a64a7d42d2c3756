from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tools.clustered_vectors import (
    BLOCK,
    DIMENSION,
    find_nearest_exactly,
    make_queries,
    make_vectors,
    normalize_rows,
    read_source,
    write_vectors,
)

pytestmark = pytest.mark.slow


def nearness(vectors: np.ndarray) -> tuple[float, float]:
    """Return the median cosine with the nearest other vector, and with the tenth."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    return tuple(np.median(np.sort(cosines, axis=1)[:, [-1, -10]], axis=0).tolist())


def directions(vectors: np.ndarray) -> float:
    """Return how many directions the variance fills (participation ratio)."""
    shares = np.linalg.eigvalsh(np.cov(vectors.T))
    return float(shares.sum() ** 2 / (shares**2).sum())


def test_they_crowd_as_the_real_phrases_do_and_plain_noise_does_not() -> None:
    real = read_source().phrases
    made = next(make_vectors(len(real)))
    noise = normalize_rows(np.random.default_rng(0).normal(size=made.shape).astype(np.float32))
    assert nearness(made) == pytest.approx(nearness(real), abs=0.05)
    assert nearness(noise)[0] < nearness(real)[0] - 0.4
    assert directions(made) == pytest.approx(directions(real), rel=0.1)
    assert directions(noise) > 3 * directions(real)


def test_the_same_every_time_and_the_first_of_many_are_the_few() -> None:
    few, many = next(make_vectors(300)), list(make_vectors(BLOCK + 5))
    assert np.array_equal(few, many[0][:300]) and [len(block) for block in many] == [BLOCK, 5]
    assert np.array_equal(make_queries(7), make_queries(9)[:7]) and make_queries(7).shape == (7, DIMENSION)
    assert few.dtype == np.float32 and np.linalg.norm(few, axis=1) == pytest.approx(1, abs=1e-5)
    assert (make_queries(50) @ many[0].T).max() < 0.999, "a query is no member"


def test_the_file_holds_them(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v.npy", BLOCK + 5)
    assert np.array_equal(np.load(tmp_path / "v.npy"), np.concatenate(list(make_vectors(BLOCK + 5))))
    assert [file.name for file in tmp_path.iterdir()] == ["v.npy"]


@pytest.mark.parametrize("count", [3, BLOCK + 7, 2 * BLOCK])
def test_nearest_of_all_compares_with_every_block(count: int) -> None:
    random = np.random.default_rng(count)
    vectors, queries = random.normal(size=(count, 6)).astype(np.float32), random.normal(size=(4, 6)).astype(np.float32)
    right = np.argsort(-(queries.astype(np.float64) @ vectors.T.astype(np.float64)), axis=1)[:, :3]
    assert np.array_equal(find_nearest_exactly(vectors, queries, 3), right)
