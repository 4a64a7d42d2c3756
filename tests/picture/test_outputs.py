"""Picture files: named by their content, and how many of them stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.picture import outputs
from pipeline.picture.outputs import Outputs
from pipeline.values import GenerationResult
from tests.conftest import MakeStyle
from tests.tools.requests import change_request
from tests.tools.small_results import make_small_result


@pytest.fixture
def result(make_style: MakeStyle) -> GenerationResult:
    return make_small_result(make_style("felt", 1), "a house")


def set_seed(result: GenerationResult, seed: int) -> GenerationResult:
    return replace(result, request=change_request(result.request, seed=seed))


def test_equal_pictures_are_one_file(result: GenerationResult, tmp_path: Path) -> None:
    kept = Outputs(tmp_path)
    file = kept.write_picture(result)
    assert file.name.startswith("croquis-42-") and file.suffix == ".png"
    assert kept.write_picture(result) == file and kept.write_picture(set_seed(result, 7)) != file
    assert len(list(tmp_path.iterdir())) == 2


def test_only_the_latest_pictures_are_kept_where_no_folder_was_chosen(
    result: GenerationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "PICTURES_KEPT", 2)
    kept, files = Outputs(None), []
    for seed in (1, 2, 3):
        files.append(kept.write_picture(set_seed(result, seed)))
        os.utime(files[-1], (seed, seed))
    kept.write_picture(set_seed(result, 3))
    assert [file.exists() for file in files] == [False, True, True]


def test_pictures_written_at_the_same_time_do_not_trip_over_each_others_deletions(
    result: GenerationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "PICTURES_KEPT", 2)
    kept = Outputs(None)
    with ThreadPoolExecutor(8) as writers:
        files = list(writers.map(lambda seed: kept.write_picture(set_seed(result, seed)), range(120)))
    assert sum(file.exists() for file in files) == 2


def test_a_file_that_somebody_else_deleted_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"")
    listed = Path.glob

    def list_and_delete(folder: Path, pattern: str) -> Iterator[Path]:
        found = sorted(listed(folder, pattern))
        found[0].unlink()
        return iter(found)

    monkeypatch.setattr(Path, "glob", list_and_delete)
    outputs.keep_latest(tmp_path, 1)
    assert len(os.listdir(tmp_path)) == 1


def test_a_chosen_folder_is_made_and_keeps_every_picture(
    result: GenerationResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "PICTURES_KEPT", 1)
    kept = Outputs(tmp_path / "new" / "pictures")
    assert not (tmp_path / "new").exists(), "a folder was made before there was a picture"
    files = [kept.write_picture(set_seed(result, seed)) for seed in (1, 2, 3)]
    assert all(file.exists() and file.parent == tmp_path / "new" / "pictures" for file in files)
