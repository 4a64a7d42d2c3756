"""What the first download leaves out is fetched where somebody asks for it: told, stopped, gone on with, host-only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from pipeline.errors import ModelError
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelPart, ModelProfile, WeightFile
from pipeline.page.host import name_host_cookie
from pipeline.page.part_downloads import PartDownloads
from pipeline.settings import Settings
from tests.tools.hub_server import PINNED, Hub, offer_part

TOKEN = "t" * 43
HOST: Any = SimpleNamespace(
    headers={"cookie": f"{name_host_cookie(TOKEN)}={TOKEN}"}, client=SimpleNamespace(host="127.0.0.1")
)
VISITOR: Any = SimpleNamespace(headers={}, client=SimpleNamespace(host="127.0.0.1"))  # here, without the token
SIZE = 600_000  # bytes of each network


@pytest.fixture(autouse=True)
def _a_known_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.page.host.read_host_token", lambda folder: TOKEN)


@pytest.fixture
def profile(model_hub: Hub, hub_profile: ModelProfile, tmp_path: Path) -> ModelProfile:
    """Return SD 1.5 with two networks that nothing fetches unasked."""
    parts = dict(hub_profile.parts)
    for name in ("scribble", "depth"):
        folder = tmp_path / name
        folder.mkdir()
        safetensors.numpy.save_file({"weight": np.ones(SIZE, np.uint8)}, folder / "net.safetensors")
        size = (folder / "net.safetensors").stat().st_size
        parts[name] = ModelPart(
            name, ".", f"c/{name}", PINNED, (WeightFile("net.safetensors", size),), "MIT", name.title(), required=False
        )
        offer_part(model_hub, parts[name], folder)
    return replace(hub_profile, parts=MappingProxyType(parts))


def open_downloads(profile: ModelProfile, **settings: Any) -> PartDownloads:
    return PartDownloads(SimpleNamespace(profile=profile, settings=Settings(**settings)))  # type: ignore[arg-type]


def follow_until(downloads: PartDownloads, is_enough: Callable[[dict[str, Any], bool], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        files, moves = downloads.follow(HOST)
        if is_enough(files, moves):
            return files
        time.sleep(0.005)
    raise AssertionError(files)


def test_what_is_missing_is_told_with_its_size_and_licence_and_what_is_here_is_not(profile: ModelProfile) -> None:
    downloads = open_downloads(profile)
    told = downloads.describe({"scribble": ("scribble",), "canny": ()}, HOST)
    assert told == {
        "scribble": {
            "told": ["Not on this machine yet: Scribble (1 MB, licence: MIT)."],
            "fraction": None,
            "running": False,
            "start": "Download it",
            "may_stop": False,
        }
    }


def test_it_is_fetched_stopped_gone_on_with_and_then_here(profile: ModelProfile, model_hub: Hub) -> None:
    downloads, roles = open_downloads(profile), ("scribble", "depth")
    model_hub.slow = 0.01
    downloads.start("both", roles, HOST)
    files = follow_until(downloads, lambda files, _: (files["both"]["fraction"] or 0) > 0.1)
    assert files["both"]["running"] and files["both"]["may_stop"] and files["both"]["start"] == ""
    downloads.stop("both", HOST)
    files = follow_until(downloads, lambda _, moves: not moves)
    assert files["both"]["start"].startswith("Go on: ") and any("Stopped at" in each for each in files["both"]["told"])
    model_hub.slow = 0
    model_hub.asked.clear()
    downloads.start("both", roles, HOST)
    assert follow_until(downloads, lambda _, moves: not moves) == {}
    assert any("Range" in headers for _, _, headers in model_hub.asked), "it went on where it was"
    assert all(find_cached_revision(profile.parts[role]) == PINNED for role in roles)
    assert find_cached_revision(profile.parts["base"]) is None, "nothing else was fetched"


def test_a_failure_is_told_and_it_can_be_tried_again(profile: ModelProfile, model_hub: Hub) -> None:
    downloads = open_downloads(profile)
    model_hub.answers["net.safetensors"] = [(403, {})]
    downloads.start("scribble", ("scribble",), HOST)
    files = follow_until(downloads, lambda _, moves: not moves)
    assert any("(403)" in each for each in files["scribble"]["told"]) and files["scribble"]["start"]
    downloads.start("scribble", ("scribble",), HOST)
    assert follow_until(downloads, lambda _, moves: not moves) == {}


def test_a_visitor_sees_what_is_missing_and_may_not_fetch_it(profile: ModelProfile, model_hub: Hub) -> None:
    downloads = open_downloads(profile)
    downloads.start("scribble", ("scribble",), VISITOR)
    shown = downloads.describe({"scribble": ("scribble",)}, VISITOR)["scribble"]
    assert (shown["start"], shown["may_stop"]) == ("", False) and "CROQUIS_HOSTS=anyone" in shown["told"][-1]
    assert model_hub.asked == []
    model_hub.slow = 0.01
    downloads.start("scribble", ("scribble",), HOST)
    downloads.stop("scribble", VISITOR)
    assert follow_until(downloads, lambda _, moves: not moves) == {}, "it ran to its end"


def test_what_a_folder_of_ones_own_lacks_is_taken_from_where_it_was_fetched_to(
    profile: ModelProfile, model_hub: Hub, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    files = PresentParts(profile, own)
    with pytest.raises(ModelError, match="scribble"):
        files.locate("scribble")
    assert files.list_missing(["scribble", "base"]) == ("scribble",), "the base is not fetched on demand"
    downloads = open_downloads(profile, sd15=own)
    downloads.start("scribble", ("scribble",), HOST)
    assert follow_until(downloads, lambda _, moves: not moves) == {}
    assert (files.locate("scribble") / "net.safetensors").stat().st_size > SIZE
    (own / "scribble").mkdir()
    assert files.locate("scribble").is_dir(), "other parts may share its folder"
    (own / "scribble" / "net.safetensors").write_bytes(b"half")
    assert files.has("scribble")
    with pytest.raises(ModelError):  # what lies in the folder comes first, and this is not whole
        files.locate("scribble")
