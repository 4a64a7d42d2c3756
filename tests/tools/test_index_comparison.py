from __future__ import annotations

import os
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_house import requirements
from tests.tools.index_comparison import (
    ChildProcess,
    ProcessEnded,
    add_text_time,
    compare_libraries,
    group_by_memory,
    summarize_answers,
)
from tests.tools.index_libraries import INSTALL, LIBRARIES, Hnswlib

pytestmark = pytest.mark.slow

INSTALLED = [name for name, library in LIBRARIES.items() if library.is_installed()]


def doubles_until_none(parent: Connection, most: int) -> None:
    while (number := parent.recv()) is not None:
        if number > most:
            os._exit(3)
        parent.send(2 * number)


def test_a_child_answers_and_its_end_is_told() -> None:
    child = ChildProcess(doubles_until_none, 10)
    assert child.ask(4) == 8
    with pytest.raises(ProcessEnded, match="ended with 3"):
        child.ask(11)
    with pytest.raises(ProcessEnded, match="ended with 3"):
        child.ask(4)
    child.wait_for_end()


def test_groups_keep_to_the_memory_in_order() -> None:
    assert group_by_memory({"a": 3, "b": 3, "c": 3}, 6) == [["a", "b"], ["c"]]
    assert group_by_memory({"a": 3, "b": 9, "c": 3, "d": 3}, 6) == [["a"], ["b"], ["c", "d"]]
    assert group_by_memory({}, 6) == []


def test_recall_is_the_share_of_the_true_nearest() -> None:
    answered = [
        {"ms": 1.0, "processor_ms": 0.5, "found": [1, 2, 3, 4]},
        {"ms": 3.0, "processor_ms": 0.5, "found": [9, 8, 7, 6]},
        {"ms": 8.0, "processor_ms": 0.5, "found": [5, 0, 0, 0]},
    ]
    row = summarize_answers(answered, np.array([[4, 3, 2, 1], [6, 7, 0, 1], [1, 2, 3, 4]]))
    assert row["recall_at_10"] == 0.5 and row["query_ms"] == 3.0 and row["queries"] == 3
    assert "recall_at_10" not in summarize_answers([{"ms": 1.0, "processor_ms": 1.0, "found": []}], np.zeros((1, 4)))


def test_what_a_person_waits_for_holds_the_tower() -> None:
    rows: dict[str, Any] = {"exact": {"query_ms": 2.0}, "faiss": {"outcome": "ended with 1"}, "text": {"query_ms": 7.5}}
    assert add_text_time(rows)["exact"]["with_text_ms"] == 9.5 and "with_text_ms" not in {
        **rows["faiss"],
        **rows["text"],
    }
    assert add_text_time({"exact": {"query_ms": 2.0}}) == {"exact": {"query_ms": 2.0}}


def test_a_library_that_ends_or_is_missing_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIBRARIES["faiss"], "is_installed", lambda: False)
    (tmp_path / "hnswlib").write_text("a file where the folder should be", encoding="utf-8")
    rows = {row["library"]: row for row in compare_libraries(300, ["hnswlib", "faiss", "exact"], tmp_path, 21, 1)}
    assert rows["faiss"]["outcome"] == f"faiss-cpu is not installed: {INSTALL}"
    assert rows["hnswlib"]["outcome"] == "building ended with 1"
    assert rows["exact"]["recall_at_10"] == 1 and rows["exact"]["queries"] == 21


@pytest.mark.parametrize("name", INSTALLED)
def test_a_library_finds_what_it_was_given_after_reading_it_again(name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    built, read = LIBRARIES[name](), LIBRARIES[name]()
    built.import_package()
    built.build(vectors, tmp_path, 1)
    built.save(tmp_path)
    read.load(tmp_path)
    for row in (0, 77, 199):
        right = np.argsort(-(vectors @ vectors[row]), kind="stable")[:5].tolist()
        assert read.find_nearest(vectors[row : row + 1], 5) == right


def test_rivals_have_the_same_graph_and_pins() -> None:
    assert {name for name, library in LIBRARIES.items() if library.settings != Hnswlib.settings} == {"exact"}
    pins = requirements("requirements-bench.txt")
    for name in ("nncf", "onnx", "onnxscript", "locust"):
        pins.pop(name)  # of other benchmarks
    assert set(pins) == {LIBRARIES[name].package for name in ("faiss", "usearch", "chromadb")}
    for library in LIBRARIES.values():
        if library.package in pins and library.is_installed():
            assert pins[library.package] == version(library.package)
