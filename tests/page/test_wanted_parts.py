"""Weights of chosen quick steps and of the closer IP-Adapter are fetched from Settings: told, stopped, host-only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from pipeline.models.catalog import SD15
from pipeline.models.locate import PresentParts, describe_download
from pipeline.models.profile import ModelProfile, WeightFile
from pipeline.page.wanted_parts import WantedParts
from pipeline.settings import Settings
from tests.page.test_part_downloads import HOST, TOKEN, VISITOR
from tests.tools.hub_server import Hub

SIZE = 600_000  # bytes of each file
ASKED = ('{"few_steps": "pcm-4"}', "balanced", "plus")
BOTH = ["pcm_4", "ip_adapter_plus"]


@pytest.fixture(autouse=True)
def _a_known_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.page.host.read_host_token", lambda folder: TOKEN)
    monkeypatch.setattr("pipeline.page.wanted_parts.POLL_SECONDS", 0.05)


@pytest.fixture
def profile(model_hub: Hub, hub_profile: ModelProfile, tmp_path: Path) -> ModelProfile:
    """Return SD 1.5 with small files in place of PCM's and the closer IP-Adapter's, under their own names."""
    parts = dict(hub_profile.parts)
    for role in BOTH:
        part, folder = SD15.parts[role], tmp_path / role
        file = folder / part.files[0].path
        file.parent.mkdir(parents=True)
        safetensors.numpy.save_file({"weight": np.ones(SIZE, np.uint8)}, file)
        parts[role] = replace(part, files=(WeightFile(part.files[0].path, file.stat().st_size),))
        model_hub.add(str(part.repo), folder, *filter(None, [part.revision]))
    return replace(hub_profile, parts=MappingProxyType(parts | {"lcm_lora": SD15.parts["lcm_lora"]}))


def open_panel(profile: ModelProfile) -> WantedParts:
    return WantedParts(SimpleNamespace(profile=profile, settings=Settings()))  # type: ignore[arg-type]


def fetch(panel: WantedParts, role: str, visitor: Any = HOST, then: Callable[[Any], object] = bool) -> Any:
    """Fetch a part as the page does, `then` seeing each state while it comes; return what was shown last."""

    async def follow() -> Any:
        shown = []
        async for each in panel.fetch(SimpleNamespace(part=role), visitor):  # type: ignore[arg-type]
            shown.append(each)
            then(each["files"].get(role))
        return shown[-1]

    return asyncio.run(follow())


def test_what_is_chosen_and_not_here_is_told_and_nothing_else(profile: ModelProfile) -> None:
    panel = open_panel(profile)
    shown = panel.look(*ASKED, HOST)
    assert shown["wanted"] == BOTH == list(shown["files"])
    told = [each["told"][0] for each in shown["files"].values()]
    assert told[0].startswith("Not on this machine yet: PCM: pictures in 4 steps (1 MB, licence: ")
    assert told[1] == "Not on this machine yet: IP-Adapter plus (1 MB, licence: Apache-2.0)."
    for nothing in (("", "balanced", ""), ('{"few_steps": "lcm"}', "draft", ""), ("", "no such preset", "my own file")):
        assert panel.look(*nothing, HOST) == {"wanted": [], "files": {}}


@pytest.mark.parametrize("role", BOTH)
def test_it_is_fetched_and_then_here(profile: ModelProfile, role: str) -> None:
    """PCM's revision is not pinned: which commit main was is noted, else what came would never be found."""
    panel = open_panel(profile)
    assert fetch(panel, role) == {"files": {role: None}}
    assert panel.look(*ASKED, HOST)["wanted"] == [each for each in BOTH if each != role]
    assert PresentParts(profile).locate(role).is_dir()


def test_it_is_stopped_and_gone_on_with(profile: ModelProfile, model_hub: Hub) -> None:
    panel = open_panel(profile)
    model_hub.slow = 0.02

    def stop(state: Any) -> None:
        if state["fraction"]:
            panel.stop(SimpleNamespace(part="pcm_4"), HOST)  # type: ignore[arg-type]

    shown = fetch(panel, "pcm_4", then=stop)
    assert shown["files"]["pcm_4"]["start"].startswith("Go on: ")
    model_hub.slow = 0
    assert fetch(panel, "pcm_4") == {"files": {"pcm_4": None}}


def test_a_visitor_may_not_and_nothing_else_is_fetched(profile: ModelProfile, model_hub: Hub) -> None:
    panel = open_panel(profile)
    assert fetch(panel, "pcm_4", VISITOR) == {"files": {}}
    for role in ("base", "lcm_lora", "no such part"):
        assert fetch(panel, role) == {"files": {}}
    assert model_hub.asked == []
    assert panel.look(*ASKED, VISITOR)["files"]["pcm_4"]["start"] == ""


def test_files_that_share_a_folder_are_looked_for_by_name(tmp_path: Path) -> None:
    one = tmp_path / "hyper_sd" / SD15.parts["hyper_sd_1"].files[0].path
    one.parent.mkdir()
    one.touch()
    (tmp_path / "ip_adapter" / "models").mkdir(parents=True)
    files = PresentParts(SD15, tmp_path)
    assert files.has("hyper_sd_1")
    assert files.list_missing(["hyper_sd_1", "hyper_sd_8", "ip_adapter_plus"]) == ("hyper_sd_8", "ip_adapter_plus")


def test_where_to_fetch_it_is_said() -> None:
    parts = SD15.parts
    assert describe_download([parts["pcm_8"], parts["hyper_sd_1"]]).endswith('under "Quick steps"')
    assert describe_download([parts["ip_adapter_plus"]]).endswith('under "How the style is looked at"')
    assert describe_download([parts["ip_adapter_plus"], parts["depth"]]) == "Download them in Settings"
    assert describe_download([parts["poses"]]).endswith('under "Follow in your drawing"')
    both = describe_download([parts["controlnet_depth"], parts["taesd"]])
    assert both == 'Start the download under "A bigger model", and download what else is missing in Settings'
