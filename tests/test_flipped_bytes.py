"""What Croquis writes and reads back: with any byte changed, it gives the same answer, is made anew, or it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.errors import ModelError, StoreError
from pipeline.models.catalog import POCKET
from pipeline.models.hub import fetch_part
from pipeline.models.hub_cache import snapshot_folder
from pipeline.models.ip_adapters import AdapterInput
from pipeline.models.locate import locate_in_hub
from pipeline.models.own_files import OwnFiles
from pipeline.models.profile import ModelProfile
from pipeline.sealed_file import unseal
from pipeline.studio import thumbnails
from pipeline.studio.teaching_job import FACTS, TeachingJob, make_facts
from pipeline.styles.index import StaleIndex, StyleIndex
from tests.conftest import MakeStyle
from tests.tools.flipped_bytes import flip_bytes
from tests.tools.hub_server import PINNED

FLIPS = 48  # of each file


def expect_no_lie(file: Path, ask: Callable[[], Any], caplog: pytest.LogCaptureFixture, right: Any) -> int:
    """Change bytes of a file and ask each time; return how often the fault was told."""
    content, told = file.read_bytes(), 0
    for changed in flip_bytes(content, FLIPS):
        file.write_bytes(changed)
        caplog.clear()
        answer = ask()
        assert answer == right or (answer is None and caplog.records)
        told += bool(caplog.records)
    file.write_bytes(content)
    return told


def test_style_embeddings_are_computed_again(
    make_style: MakeStyle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def encode(image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(image.resize((1, 1)), np.float32)[0])

    styles = [make_style("one", 1), make_style("two", 2)]

    def open_embeddings() -> StyleEmbeddings:
        return StyleEmbeddings(encode, "r1", AdapterInput("image_embeds", 3), tmp_path)

    def ask() -> list[list[float]]:
        embed = open_embeddings()
        return [embed(style)[0].tolist() for style in styles]

    right = ask()
    for file in sorted(tmp_path.iterdir()):
        assert expect_no_lie(file, ask, caplog, right) == FLIPS
    open_embeddings().embed_all([*styles, make_style("three", 3)], nullcontext)
    assert expect_no_lie(tmp_path / "r1.safetensors", ask, caplog, right) == FLIPS


def test_the_search_index_is_built_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    keys = [f"style-{number}" for number in range(30)]
    StyleIndex.build(keys, rows).save(tmp_path, encoder="e", revision="r")

    def ask() -> list[Any] | None:
        try:
            index = StyleIndex.load(tmp_path, encoder="e", revision="r")
        except StaleIndex as error:
            logging.getLogger(__name__).warning("%s", error)
            return None
        found, near = index.find_nearest(rows[:4], 3)
        return [[index.keys[row] for row in found.ravel()], near.tolist(), index.vectors.tolist()]

    right = ask()
    for name in ("manifest.json", "vectors.npy", "graph.bin"):
        assert expect_no_lie(tmp_path / name, ask, caplog, right) == FLIPS


def test_hashes_of_model_files_are_computed_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")

    def ask() -> str:
        return OwnFiles([tmp_path], tmp_path / "cache").hash_file(tmp_path / "a.safetensors")

    right = ask()
    content = (tmp_path / "cache" / "own-files.json").read_bytes()
    for changed in flip_bytes(content, FLIPS):
        (tmp_path / "cache" / "own-files.json").write_bytes(changed)
        caplog.clear()
        assert ask() == right and "read anew" in caplog.text


@pytest.mark.parametrize("has_links", [True, False])
def test_files_of_the_hubs_cache_are_told_and_fetched_again(
    hub_profile: ModelProfile, has_links: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not has_links:
        monkeypatch.setattr(Path, "symlink_to", Mock(side_effect=OSError("not allowed")))
    part = hub_profile.parts["base"]
    fetch_part(part)
    for name in (file.path for file in part.files):
        cached = snapshot_folder(part, PINNED) / name
        right = cached.read_bytes()
        for changed in flip_bytes(right, 2 if len(right) < 100 else 6):
            cached.write_bytes(changed)
            caplog.clear()
            if has_links:
                with pytest.raises(ModelError, match=f"{name}.* is damaged: .* It was removed"):
                    locate_in_hub(hub_profile, part)
                assert not cached.exists()
            else:
                assert locate_in_hub(hub_profile, part) and f"{name} has no hash" in caplog.text
            fetch_part(part)
            cached.write_bytes(right)
            assert locate_in_hub(hub_profile, part).revision == PINNED


def test_a_training_under_way_is_not_gone_on_with_from_other_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = [Image.new("RGB", (64, 64), (number, 0, 0)) for number in range(3)]
    TeachingJob.make(tmp_path / "job", make_facts("Clay", ["a", "b", "c"], "pocket", None), images)

    def ask() -> tuple[object, list[bytes]] | None:
        job = TeachingJob.find(tmp_path / "job")
        try:
            return None if job is None else (job.facts, [image.tobytes() for image in job.read_images()])
        except StoreError as error:
            logging.getLogger(__name__).warning("%s", error)
            return None

    right = ask()
    assert right is not None
    for name in (FACTS, "picture-00.png", "picture-02.png"):
        assert expect_no_lie(tmp_path / "job" / name, ask, caplog, right) > FLIPS // 2
    for file in (tmp_path / "job").iterdir():  # as an earlier version wrote it, without seals
        file.write_bytes(unseal(file.read_bytes()) or b"")
    assert ask() == right


def test_thumbnails_of_added_styles_are_drawn_again(
    make_style: MakeStyle, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    style, drawn = make_style("own"), Image.new("RGB", (160, 160), "teal")
    loader = SimpleNamespace(ready=True)
    settings = SimpleNamespace(caches=tmp_path)
    engine = SimpleNamespace(revisions={"net": "1"})
    studio: Any = SimpleNamespace(
        loading=loader, settings=settings, engine=engine, profile=POCKET, engine_or_none=lambda: engine
    )
    monkeypatch.setattr(thumbnails, "draw_thumbnail", lambda *_: drawn)
    shelf = thumbnails.Thumbnails(studio)

    def ask() -> bytes:
        if shelf.is_coming(style):
            logging.getLogger(__name__).warning("drawn again")
            shelf.draw_missing([style])
        file = shelf.find(style)
        assert file is not None
        return file.read_bytes()

    right = ask()
    (file,) = shelf.folder.iterdir()
    assert expect_no_lie(file, ask, caplog, right) == FLIPS
