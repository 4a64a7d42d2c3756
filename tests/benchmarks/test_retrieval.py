"""The benchmark of the search, as a person runs it, small."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.settings import ROOT
from pipeline.styles.index import BUILD_BREADTH, LINKS, WIDE_BREADTH
from tests.benchmarks import retrieval
from tests.tools.index_libraries import INSTALL, LIBRARIES

SIZE, QUERIES = 600, 45
OURS = ["exact", "croquis", "hnswlib"]  # these are always there
VECTORS_MIB = SIZE * 512 * 4 / 2**20


def run(*options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.retrieval", *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_command_measures_what_is_installed(tmp_path: Path) -> None:
    names = [name for name, library in LIBRARIES.items() if library.is_installed()]
    asked = ["--sizes", SIZE, "--queries", QUERIES, "--folder", tmp_path]
    rows = {row["library"]: row for row in json.loads(run("--json", *asked, "--only", "text", *names).stdout)}
    assert list(rows) == ["text", *names] and set(OURS) <= set(names)
    tower = rows.pop("text")
    for name, row in rows.items():
        assert (row["vectors"], row["queries"], row["alternated_with"]) == (SIZE, QUERIES, len(names)), row
        assert row["recall_at_10"] == 1 if name == "exact" else row["recall_at_10"] >= 0.97, row
        assert 0 < row["query_ms"] <= row["p95_ms"] and row["build_s"] >= 0 and row["load_s"] >= 0, row
        assert row["with_text_ms"] == pytest.approx(row["query_ms"] + tower["query_ms"], abs=0.002), row
        assert row["file_mib"] >= round(VECTORS_MIB, 1) and row["memory_mib"] > 0.9 * VECTORS_MIB, row
        assert row["build_peak_mib"] > 0.9 * VECTORS_MIB and row["version"] == version(LIBRARIES[name].package), row
        graph = (row.get("M"), row.get("ef_construction"), row.get("ef"))
        assert graph == ((None,) * 3 if name == "exact" else (LINKS, BUILD_BREADTH, WIDE_BREADTH)), row
    assert tower["query_ms"] > 0 and "recall_at_10" not in tower and tower["memory_mib"] > 50
    (again,) = run(*asked, "--only", "croquis").stdout.splitlines()
    assert again.startswith(f"hnswlib through StyleIndex, {SIZE} vectors of 512, ") and "recall_at_10 " in again
    assert f"build_s {rows['croquis']['build_s']}," in again, "what is built is not built again"


def test_a_rival_that_is_missing_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("faiss", "usearch"):
        monkeypatch.setattr(LIBRARIES[name], "is_installed", lambda: False)
    monkeypatch.setattr(sys, "argv", ["retrieval", "--only", "faiss", "usearch"])
    with pytest.raises(SystemExit, match="2"):
        retrieval.read_options()
    assert f"faiss-cpu and usearch not installed: {INSTALL}" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["retrieval"])
    asked = retrieval.read_options()
    assert set(asked.only) == {"search", "text", *LIBRARIES} and asked.sizes == (10_000, 100_000, 1_000_000)


@pytest.mark.parametrize(
    "wrong",
    [["--sizes", "9"], ["--queries", "0"], ["--queries", "10001"], ["--build-threads", "0"], ["--only", "annoy"]],
    ids=" ".join,
)
def test_what_cannot_be_measured_is_refused(wrong: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval", *wrong])
    with pytest.raises(SystemExit, match="2"):
        retrieval.read_options()
