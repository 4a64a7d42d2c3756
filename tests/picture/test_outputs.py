"""Picture files: named by their content, and how many of them stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.picture import outputs
from pipeline.picture.outputs import Outputs
from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationResult, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawings import draw_house
from tests.tools.requests import change_request, make_flat_request


@pytest.fixture
def result(make_style: MakeStyle) -> GenerationResult:
    request = make_flat_request(
        engine="pocket",
        prompt=Prompt("a house"),
        negative_prompt=Prompt(""),
        edges=EdgeMap(np.full((64, 64), 255, np.uint8), "lines"),
        styles=StyleMix.of(make_style("felt", 1)),
        width=64,
        height=64,
        num_inference_steps=1,
        guidance_scale=1.0,
        ip_adapter_scale=1.0,
        controlnet_conditioning_scale=1.0,
        seed=42,
    )
    return GenerationResult(draw_house(64), request, (), (), {}, {})


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
