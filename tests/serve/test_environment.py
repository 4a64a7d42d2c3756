"""Where the cluster's tests run: in an environment with the pinned Ray, and there a missing Ray fails them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from pipeline.settings import ROOT
from tests import __main__ as command
from tests.tools import cluster_environment
from tests.tools.cluster_environment import find_cluster_python

WITHOUT_RAY = "import sys, pytest; sys.modules['ray'] = None; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.cluster
@pytest.mark.slow
def test_the_pinned_ray_is_here() -> None:
    import ray

    pinned = re.search(r"ray\[serve\]==(\S+)", (ROOT / "requirements-cluster.txt").read_text("utf-8"))
    assert pinned is not None and ray.__version__ == pinned[1]


@pytest.mark.slow
@pytest.mark.parametrize(("marks", "told"), [((), "1 skipped"), (("-m", "cluster"), "1 failed")])
def test_without_ray_the_clusters_tests_are_skipped_but_fail_where_they_are_asked_for(
    marks: tuple[str, ...], told: str
) -> None:
    test = f"{Path(__file__).relative_to(ROOT)}::{test_the_pinned_ray_is_here.__name__}"
    run = [sys.executable, "-c", WITHOUT_RAY, "-q", "-p", "no:cacheprovider", *marks, test]
    assert told in subprocess.run(run, cwd=ROOT, capture_output=True, text=True).stdout


def test_the_whole_command_asks_for_the_clusters_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(command, "find_cluster_python", lambda: Path("with-ray"))
    monkeypatch.setattr(command, "run", lambda step, **_: ran.append(step) or (step[0] == "with-ray"))
    assert command.run_all_tests([]) == ["pytest of the cluster"]
    last = ran[-1]
    assert last[:5] == ["with-ray", "-m", "pytest", "-m", "cluster"] and "--ignore=tests/serve" not in last
    beside = ran[0][ran[0].index("-m", 3) + 1]
    assert "not cluster" in beside


def test_an_environment_is_made_once_and_sees_what_lies_beneath(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (requirements := tmp_path / "requirements.txt").write_text("-r nothing.txt\n")
    (tmp_path / "nothing.txt").write_text("pytest\nnumpy\n")  # both are seen: nothing is fetched
    monkeypatch.setattr(cluster_environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(cluster_environment, "find_spec", lambda name: None)
    python = find_cluster_python(tmp_path / "made")
    look = "import numpy, sys; print(numpy.__file__); print(sys.prefix)"
    lies, prefix = subprocess.run([python, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert Path(prefix) == tmp_path / "made" and not Path(lies).is_relative_to(prefix)
    with mock.patch.object(cluster_environment.venv, "create", side_effect=AssertionError("made again")):
        assert find_cluster_python(tmp_path / "made") == python
        requirements.write_text("numpy\n")
        with pytest.raises(AssertionError, match="made again"):
            find_cluster_python(tmp_path / "made")
