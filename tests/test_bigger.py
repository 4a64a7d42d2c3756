from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.download import Download, DownloadState
from pipeline.page.bigger import Bigger, about, progress_words, time_words
from pipeline.profiles import POCKET, SD15, ModelProfile
from pipeline.settings import Settings
from tests.hub_server import Hub
from tests.test_download import hub, profile  # noqa: F401 - fixtures

GB = 1_000_000_000


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: Playwright's loop may be running in this one."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result()


def studio(drawn: ModelProfile = POCKET, sd15: Path | None = None) -> Any:
    return SimpleNamespace(profile=drawn, why="the files are <not> here", settings=Settings(sd15=sd15))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DownloadState("idle", 6 * GB, 0), ""),
        (DownloadState("idle", 6 * GB, 2 * GB), "2.0 GB of 6.0 GB are here."),
        (DownloadState("running", 6 * GB, 2 * GB, 40e6), "2.0 GB of 6.0 GB, 40 MB a second, 2 minutes left"),
        (DownloadState("running", 6 * GB, 0, 0, "Asking the Hub"), "0 MB of 6.0 GB. Asking the Hub"),
        (DownloadState("stopped", 6 * GB, GB), "Stopped at 1.0 GB of 6.0 GB. What came stays."),
        (DownloadState("failed", 6 * GB, GB, 0, "No room."), "No room."),
    ],
)
def test_the_state_in_words(state: DownloadState, words: str) -> None:
    assert progress_words(state) == words


@pytest.mark.parametrize(("seconds", "words"), [(0, "2 seconds"), (45, "45 seconds"), (600, "10 minutes"),
                                                (7300, "2 hours")])
def test_time_in_words(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


def test_what_it_is_is_told_before_anything_is_fetched() -> None:
    told = about(studio())
    assert "6.2 GB" in told and "OpenRAIL++, MIT" in told and "CreativeML OpenRAIL-M" in told and "512 × 512" in told
    assert "&lt;not&gt;" in told and "<not>" not in told


async def collect(shown: Any) -> list[tuple[Any, ...]]:
    return [each async for each in shown]


@pytest.fixture
def bigger(profile: ModelProfile) -> Bigger:  # noqa: F811
    made = Bigger(studio())
    made.download = Download(profile)
    return made


def test_the_panel_follows_a_download_from_start_to_end(
    bigger: Bigger, hub: Hub, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    hub.slow = 0.002
    monkeypatch.setattr("pipeline.page.bigger.POLL", 0.01)
    monkeypatch.setattr("pipeline.choosing.cuda_problem", lambda: None)
    (_, bar, start, stop), = run_apart(collect(bigger.watch()))
    assert bar == "" and start["visible"] and not stop["visible"] and start["value"] == "Download it"
    shown = run_apart(collect(bigger.start()))
    assert any("<progress" in bar and stop["visible"] and not start["visible"] for _, bar, start, stop in shown[:-1])
    words, bar, start, stop = shown[-1]
    assert "Start Croquis again" in words and bar == "" and not start["visible"] and not stop["visible"]


def test_it_stops_and_offers_to_go_on(bigger: Bigger, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    hub.slow = 0.02
    monkeypatch.setattr("pipeline.page.bigger.POLL", 0.01)

    async def run() -> tuple[Any, ...]:
        last: tuple[Any, ...] = ()
        async for shown in bigger.start():
            last = shown
            if bigger.download.state.here > 100_000:
                bigger.stop()
        return last

    words, bar, start, stop = run_apart(run())
    assert "Stopped at" in words and "<progress" in bar and not stop["visible"]
    assert start["visible"] and start["value"].startswith("Go on: ")


def test_without_a_gpu_it_says_what_that_means(bigger: Bigger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.choosing.cuda_problem", lambda: "there is none on this machine")
    before = bigger.told(DownloadState("idle", GB, GB // 2))
    assert before.startswith("Before you fetch it: a picture would take minutes") and "500 MB of 1.0 GB are" in before
    told = bigger.told(DownloadState("done", GB, GB))
    assert "would be slow: there is none on this machine." in told and "CROQUIS_PROFILE=sd15" in told


def test_where_it_draws_already_there_is_nothing_to_fetch(bigger: Bigger) -> None:
    bigger.studio = studio(SD15)
    state = DownloadState("done", GB, GB)
    words, _, start, stop = bigger.shown(state, bigger.told(state))
    assert "draws with it" in words and "not here yet" not in words and not start["visible"] and not stop["visible"]


def test_where_it_draws_what_some_pictures_need_besides_can_be_fetched(bigger: Bigger) -> None:
    bigger.studio = studio(SD15)
    state = DownloadState("idle", 6 * GB, 6 * GB - 144_000_000)
    words, _, start, _ = bigger.shown(state, bigger.told(state))
    assert "draws with it" in words and "144 MB are not here yet: Draft" in words
    assert start["visible"] and start["value"] == "Go on: 144 MB to go"
    running = replace(state, stage="running", speed=40e6)
    words, bar, start, stop = bigger.shown(running, bigger.told(running))
    assert "40 MB a second" in words and "<progress" in bar and stop["visible"] and not start["visible"]


@pytest.mark.parametrize("drawn", [POCKET, SD15])
def test_a_folder_of_ones_own_leaves_nothing_to_fetch(
    drawn: ModelProfile, hub: Hub, tmp_path: Path  # noqa: F811
) -> None:
    panel = Bigger(studio(drawn, sd15=tmp_path))
    for shown in (panel.watch(), panel.start()):
        (words, bar, start, stop), = run_apart(collect(shown))
        assert "nothing to fetch" in words and ("draws with it" in words) == (drawn is SD15)
        assert bar == "" and not start["visible"] and not stop["visible"]
    panel.stop()
    assert "GB" not in about(panel.studio) and hub.asked == []


def test_beside_a_checkpoint_of_ones_own_only_the_other_parts_are_fetched(hub: Hub, tmp_path: Path) -> None:  # noqa: F811
    checkpoint = tmp_path / "tuned.safetensors"
    checkpoint.touch()
    panel = Bigger(studio(sd15=checkpoint))
    listed = {file.path for part in panel.download.profile.downloaded_parts.values() for file in part.files}
    assert "unet/config.json" in listed and "unet/diffusion_pytorch_model.fp16.safetensors" not in listed
    assert "pytorch_lora_weights.safetensors" in listed and panel.download.state.size < 4.2 * GB
    assert "go with your checkpoint take 4.0 GB" in about(panel.studio)
