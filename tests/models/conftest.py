"""A Hub with one small part, for what fetches from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from pipeline.models import hub as hub_module
from pipeline.models.profile import ModelPart, WeightFile
from tests.tools.hub_server import PINNED, Hub, serve_hub, set_hub

WEIGHTS = "unet/model.safetensors"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "unet").mkdir()
    numbers = np.random.default_rng(0).integers(0, 256, 1_500_000, dtype=np.uint8)
    safetensors.numpy.save_file({"weight": numbers}, folder / WEIGHTS)
    (folder / "unet" / "config.json").write_text('{"layers": 1}')
    (folder / "not_wanted.bin").write_bytes(b"pickle")
    return folder


@pytest.fixture
def hub(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub() as served:
        served.add("a/b", repository, PINNED)
        set_hub(served, tmp_path / "cache", monkeypatch)
        monkeypatch.setattr(hub_module, "WAITS", (0.01,) * 5)
        yield served


@pytest.fixture
def part(repository: Path) -> ModelPart:
    data = (repository / WEIGHTS).read_bytes()
    known = WeightFile(WEIGHTS, len(data), hashlib.sha256(data).hexdigest())
    return ModelPart("net", "unet", "a/b", PINNED, (known, WeightFile("unet/config.json")))
