"""The panel of the bigger model: what it says, when its buttons are there, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch

from pipeline.models.catalog import POCKET, SD15
from pipeline.models.download import Download, DownloadState
from pipeline.models.profile import ModelProfile
from pipeline.page.host import name_host_cookie
from pipeline.page.model_panel import (
    TO_BIGGER,
    TO_POCKET,
    ModelPanel,
    describe_bigger_model,
)
from pipeline.settings import Settings
from pipeline.studio.opening import LoadState
from pipeline.studio.takeover import TakeoverState
from tests.tools.hub_server import Hub

GB = 1_000_000_000


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: Playwright's loop may be running in this one."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result()


TOKEN = "t" * 43
HOST = SimpleNamespace(
    headers={"cookie": f"{name_host_cookie(TOKEN)}={TOKEN}"}, client=SimpleNamespace(host="127.0.0.1")
)
VISITOR = SimpleNamespace(headers={}, client=SimpleNamespace(host="127.0.0.1"))  # at the machine, without the token


def studio(drawn: ModelProfile = POCKET, sd15: Path | None = None, encoder: str = "pocket", device: str = "cpu") -> Any:
    engine = SimpleNamespace(profile=drawn, device=torch.device(device))
    return SimpleNamespace(
        find_engine=lambda: engine,
        profile=drawn,
        why="the files are <not> here",
        settings=Settings(sd15=sd15),
        loading=LoadState("Ready", 1.0, ready=True),
        search=SimpleNamespace(encoder=encoder),
    )


@pytest.fixture(autouse=True)
def _nothing_here_and_no_gpu_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.studio.opening.is_downloaded", lambda *_, **__: False)
    monkeypatch.setattr("pipeline.studio.opening.find_cuda_problem", lambda: None)
    monkeypatch.setattr("pipeline.page.host.read_host_token", lambda folder: TOKEN)


class Panel(NamedTuple):
    """Panel names the values of ModelPanel.make_values."""

    about: str
    said: str
    bar: str
    start: dict[str, Any]
    stop: dict[str, Any]
    change: dict[str, Any]
    status: dict[str, Any]
    running: str


def read_panel(
    bigger: ModelPanel, state: DownloadState, taking: TakeoverState | None = None, host: bool = True
) -> Panel:
    return Panel(*bigger.make_values(state, taking or TakeoverState("idle"), host))


def test_what_it_is_is_told_before_anything_is_fetched() -> None:
    told = describe_bigger_model(studio())
    assert "7.5 GB" in told and "OpenRAIL++, MIT" in told and "CreativeML OpenRAIL-M" in told and "512 × 512" in told
    assert "&lt;not&gt;" in told and "<not>" not in told


def test_it_is_told_where_it_draws() -> None:
    for device, where in (("cpu", "the processor"), ("mps", "an Apple GPU"), ("cuda:0", "an NVIDIA GPU")):
        assert f"far more detail, here on {where}." in describe_bigger_model(studio(SD15, device=device))
    assert "far more detail, most quickly on an NVIDIA GPU." in describe_bigger_model(studio(POCKET))


def test_it_is_watched_until_the_engine_is_there(bigger: ModelPanel) -> None:
    def moves(state: LoadState) -> bool:
        bigger.studio.loading = state
        return bigger.read_panel()[1]

    states = LoadState("Loading", 0.3), LoadState("Ready", 1.0, ready=True), LoadState("", 0.3, error="No room.")
    assert [moves(each) for each in states] == [True, False, False]


async def collect(shown: Any) -> list[Panel]:
    return [Panel(*each) async for each in shown]


@pytest.fixture
def bigger(hub_profile: ModelProfile) -> ModelPanel:
    made = ModelPanel(studio())
    made.download = Download(hub_profile)
    return made


def test_the_panel_follows_a_download_from_start_to_end(
    bigger: ModelPanel,
    model_hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model_hub.slow = 0.002
    monkeypatch.setattr("pipeline.page.model_panel.POLL_SECONDS", 0.01)
    (before,) = run_apart(collect(bigger.watch(HOST)))
    assert before.bar == "" and before.start["visible"] and not before.stop["visible"]
    assert before.start["value"] == "Download it" and not before.change["visible"]
    shown = run_apart(collect(bigger.start_download(HOST)))
    assert any("<progress" in each.bar and each.stop["visible"] and not each.start["visible"] for each in shown[:-1])
    monkeypatch.setattr("pipeline.studio.opening.is_downloaded", lambda *_, **__: True)
    (after,) = run_apart(collect(bigger.watch(HOST)))
    assert "Everything is here" in after.said and after.bar == ""
    assert not after.start["visible"] and not after.stop["visible"]
    assert after.change["visible"] and after.change["value"] == TO_BIGGER


def test_it_stops_and_offers_to_go_on(bigger: ModelPanel, model_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    model_hub.slow = 0.02
    monkeypatch.setattr("pipeline.page.model_panel.POLL_SECONDS", 0.01)

    async def run() -> Panel:
        async for shown in bigger.start_download(HOST):
            last = Panel(*shown)
            if bigger.download.state.present > 100_000:
                bigger.stop_download(HOST)
        return last

    last = run_apart(run())
    assert "Stopped at" in last.said and "<progress" in last.bar and not last.stop["visible"]
    assert last.start["visible"] and last.start["value"].startswith("Go on: ")


def test_a_visitor_sees_and_may_not_touch(bigger: ModelPanel, model_hub: Hub, tmp_path: Path) -> None:
    for events in (bigger.watch(VISITOR), bigger.start_download(VISITOR), bigger.change_engine(TO_BIGGER, VISITOR)):
        (seen,) = run_apart(collect(events))
        assert "CROQUIS_HOSTS=anyone" in seen.said
        assert not any(button["visible"] for button in (seen.start, seen.stop, seen.change))
    assert bigger.download.state.stage == "idle" and model_hub.asked == [] and bigger.takeover.state.stage == "idle"
    bigger.download._stopped.clear()
    bigger.stop_download(VISITOR)
    assert not bigger.download._stopped.is_set()
    own = ModelPanel(studio(sd15=tmp_path))
    (seen,) = run_apart(collect(own.change_engine(TO_BIGGER, VISITOR)))
    assert own.takeover.state.stage == "idle" and not seen.change["visible"]
    bigger.studio.settings = replace(bigger.studio.settings, hosts="anyone")
    (seen,) = run_apart(collect(bigger.watch(VISITOR)))
    assert seen.start["visible"] and "CROQUIS_HOSTS" not in seen.said


def test_without_a_gpu_it_says_what_that_means(bigger: ModelPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.studio.opening.find_cuda_problem", lambda: "the driver is too old.")
    before = read_panel(bigger, DownloadState("idle", GB, GB // 2)).said
    assert "Before you fetch it: a picture would take minutes" in before and "500 MB of 1.0 GB are here." in before
    monkeypatch.setattr("pipeline.studio.opening.is_downloaded", lambda *_, **__: True)
    after = read_panel(bigger, DownloadState("done", GB, GB))
    assert "minutes here: the driver is too old.</p>" in after.said and after.change["visible"], "it may be tried"


def test_what_drawing_needs_is_enough_to_draw(bigger: ModelPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.studio.opening.is_downloaded", lambda *_, **__: True)
    seen = read_panel(bigger, DownloadState("idle", 7 * GB, 6 * GB))
    assert "What it needs to draw is here." in seen.said
    assert seen.change["visible"] and seen.start["value"] == "Go on: 1.0 GB to go"


def test_where_it_draws_already_there_is_nothing_to_fetch(bigger: ModelPanel) -> None:
    bigger.studio = studio(SD15)
    seen = read_panel(bigger, DownloadState("done", GB, GB))
    assert "draws with it" in seen.said and "not here yet" not in seen.said
    assert not seen.start["visible"] and not seen.stop["visible"]
    assert seen.change["visible"] and seen.change["value"] == TO_POCKET
    assert seen.running == "sd15" and seen.status["stage"] == "Stable Diffusion 1.5 is ready"


@pytest.mark.parametrize(("encoder", "words"), [("pocket", "as the pocket model finds them"), ("clip", "own encoder")])
def test_it_says_how_styles_are_found(bigger: ModelPanel, encoder: str, words: str) -> None:
    bigger.studio = studio(SD15, encoder=encoder)
    assert words in read_panel(bigger, DownloadState("done", GB, GB)).said
    bigger.studio = studio(POCKET)
    assert "Styles are found" not in read_panel(bigger, DownloadState("done", GB, GB)).said


def test_where_it_draws_what_some_pictures_need_besides_can_be_fetched(bigger: ModelPanel) -> None:
    bigger.studio = studio(SD15)
    state = DownloadState("idle", 6 * GB, 6 * GB - 144_000_000)
    seen = read_panel(bigger, state)
    assert "draws with it" in seen.said and "144 MB are not here yet: Draft" in seen.said
    assert seen.start["visible"] and seen.start["value"] == "Go on: 144 MB to go"
    seen = read_panel(bigger, replace(state, stage="running", speed=40e6))
    assert "40 MB a second" in seen.said and "<progress" in seen.bar
    assert seen.stop["visible"] and not seen.start["visible"]


def test_a_takeover_is_told_with_its_progress_and_no_second_one_is_offered(bigger: ModelPanel, tmp_path: Path) -> None:
    bigger.studio = studio(sd15=tmp_path)
    seen = read_panel(bigger, DownloadState("done", 0, 0), TakeoverState("loading", SD15, "Loading the model", 0.4))
    assert "on its way: loading the model. Go on drawing meanwhile, the pocket model stays" in seen.said
    assert "nothing to fetch" not in seen.said
    assert 'value="0.4"' in seen.bar and not seen.change["visible"] and seen.running == "pocket"


def test_a_failed_takeover_says_why_and_can_be_tried_again(bigger: ModelPanel, tmp_path: Path) -> None:
    bigger.studio = studio(sd15=tmp_path)
    seen = read_panel(bigger, DownloadState("done", 0, 0), TakeoverState("failed", SD15, message="No <room>."))
    assert "did not take over: No &lt;room&gt;. The pocket model goes on drawing." in seen.said
    assert seen.bar == "" and seen.change["visible"] and seen.change["value"] == TO_BIGGER


def test_a_press_begins_the_takeover_and_shows_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.page.model_panel.POLL_SECONDS", 0.01)
    bigger = ModelPanel(studio(sd15=tmp_path))
    bigger.takeover = Failing()  # type: ignore[assignment]
    shown = run_apart(collect(bigger.change_engine(TO_BIGGER, HOST)))
    assert bigger.takeover.asked == [SD15]  # type: ignore[attr-defined]
    assert "on its way" in shown[0].said and "Broken." in shown[-1].said and shown[-1].change["visible"]


def test_a_stale_button_does_what_it_says(tmp_path: Path) -> None:
    """Another visitor changed the engine meanwhile: pressing for it once more must not change it back."""
    bigger = ModelPanel(studio(SD15, sd15=tmp_path))
    run_apart(collect(bigger.change_engine(TO_BIGGER, HOST)))
    assert bigger.takeover.state.stage == "idle"


class Failing:
    """A takeover that has failed by the sixth look."""

    def __init__(self) -> None:
        self.asked: list[ModelProfile] = []
        self._looks = 0

    def start(self, wanted: ModelProfile) -> None:
        self.asked.append(wanted)

    @property
    def state(self) -> TakeoverState:
        self._looks += bool(self.asked)
        loading = self._looks < 6
        return TakeoverState("loading" if loading else "failed", SD15, message="" if loading else "Broken.")


def test_a_damaged_file_found_while_loading_can_be_fetched_again(bigger: ModelPanel, model_hub: Hub) -> None:
    bigger.download.start()
    bigger.download.join(60)
    assert bigger.read_download().stage == "done"
    removed = next(path for path in Path(hub_constants().HF_HUB_CACHE).rglob("snapshots/*/*.safetensors"))
    removed.unlink()
    assert bigger.read_download().stage == "done", "nobody has looked"
    bigger.takeover.state = TakeoverState("failed", SD15, message="It was removed.")
    assert bigger.read_download().stage == "idle"


def hub_constants() -> Any:
    from huggingface_hub import constants

    return constants


@pytest.mark.parametrize("drawn", [POCKET, SD15])
def test_a_folder_of_ones_own_leaves_nothing_to_fetch(
    drawn: ModelProfile,
    model_hub: Hub,
    tmp_path: Path,
) -> None:
    panel = ModelPanel(studio(drawn, sd15=tmp_path))
    for shown in (panel.watch(HOST), panel.start_download(HOST)):
        (seen,) = run_apart(collect(shown))
        assert "nothing to fetch" in seen.said and ("draws with it" in seen.said) == (drawn is SD15)
        assert seen.bar == "" and not seen.start["visible"] and not seen.stop["visible"]
        assert seen.change["value"] == (TO_POCKET if drawn is SD15 else TO_BIGGER) and seen.change["visible"]
    assert "GB" not in describe_bigger_model(panel.studio) and model_hub.asked == []


def test_beside_a_checkpoint_of_ones_own_only_the_other_parts_are_fetched(model_hub: Hub, tmp_path: Path) -> None:
    checkpoint = tmp_path / "tuned.safetensors"
    checkpoint.touch()
    panel = ModelPanel(studio(sd15=checkpoint))
    listed = {file.path for part in panel.download.profile.downloaded_parts.values() for file in part.files}
    assert "unet/config.json" in listed and "unet/diffusion_pytorch_model.fp16.safetensors" not in listed
    assert "pytorch_lora_weights.safetensors" in listed and panel.download.state.size < 5.5 * GB
    assert "go with your checkpoint take 5.4 GB" in describe_bigger_model(panel.studio)
