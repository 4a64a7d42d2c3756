"""Check a takeover while the studio draws: who draws when, what is freed, and what a failure leaves."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.engine.engine import Engine
from pipeline.errors import EngineChanged, ModelError, OutOfMemory
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.checks import compute_sha256
from pipeline.models.profile import ModelProfile, WeightFile
from pipeline.prompt_syntax import Prompt
from pipeline.request.order import Order, parse_order
from pipeline.settings import ROOT, Settings
from pipeline.sketch.intake import read_image
from pipeline.studio import opening, takeover
from pipeline.studio.opening import LoadState, explain_failure
from pipeline.studio.studio import Studio
from pipeline.studio.takeover import Takeover, TakeoverState, free_replaced_engine
from pipeline.values import StepPreview
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.image_files import draw_fox
from tests.tools.models import make_tiny_sd15_profile

TINY = make_tiny_sd15_profile()


@pytest.fixture(scope="module")
def settings(shipped_folder: Path, sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings where pocket draws and SD 1.5's files, of a few channels, lie in a folder of one's own."""
    room = tmp_path_factory.mktemp("takeover")
    for style in ("comic", "ghibli", "ice", "watercolor"):
        shutil.copytree(ROOT / "styles" / style, room / "styles" / style)
    return Settings(
        profile="pocket",
        device="cpu",
        safety="off",
        sd15=shutil.copytree(sd15_folder, room / "sd15"),
        assets=shipped_folder.parent,
        styles=room / "styles",
        user_dir=room / "user",
    )


@pytest.fixture(scope="module")
def only_studio(settings: Settings) -> Studio:
    made = Studio(settings)
    made.engine  # noqa: B018 - waits
    return made


@pytest.fixture
def studio(only_studio: Studio) -> Iterator[Studio]:
    """Give the studio with pocket drawing, before and after."""
    yield only_studio
    back = Takeover(only_studio)
    back.start(POCKET)
    back.join(120)
    assert only_studio.profile is POCKET


def make_order(profile: ModelProfile, **raw: Any) -> Order:
    named = {"prompt": "a fox in watercolour", "seed": 7, "num_inference_steps": 2, "width": 256, "height": 256} | raw
    return parse_order(replace(profile, max_side=256), sketch=read_image(draw_fox()), **named)


def wait_for_end(change: Takeover) -> TakeoverState:
    change.join(120)
    return change.state


def test_sd15_takes_over_from_pocket_and_back(studio: Studio) -> None:
    first = studio.draw(make_order(POCKET))
    pocket = weakref.ref(studio.engine)
    change = Takeover(studio)
    change.start(replace(TINY, max_side=256))
    state = wait_for_end(change)
    assert (state.stage, state.fraction, state.message) == ("done", 1.0, "")
    assert studio.profile.name == "sd15" == studio.engine.profile.name and "chosen" in studio.why
    assert studio.loading.ready
    assert pocket() is None, "the old engine's memory is still taken"
    bigger = studio.draw(make_order(SD15))
    assert bigger.request.engine == "sd15" and bigger.image.size == (256, 256)
    with pytest.raises(EngineChanged, match="'pocket'; 'sd15' is running"):
        studio.draw(make_order(POCKET))
    change.start(POCKET)
    assert wait_for_end(change).stage == "done"
    again = studio.draw(make_order(POCKET))
    assert again.request == first.request and np.array_equal(again.image, first.image)


def test_pocket_draws_while_the_other_loads_and_finishes_its_picture(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, go_on, stepped = threading.Event(), threading.Event(), threading.Event()
    real = takeover.open_engine

    def open_and_wait(*args: Any) -> Any:
        engine = real(*args)
        loaded.set()
        assert go_on.wait(60)
        return engine

    monkeypatch.setattr(takeover, "open_engine", open_and_wait)
    asked, changed, retire = threading.Event(), threading.Event(), studio.engine.retire

    def note_and_retire(then: Callable[[], None]) -> None:
        def replace_and_note() -> None:
            then()
            changed.set()

        asked.set()
        retire(replace_and_note)

    monkeypatch.setattr(studio.engine, "retire", note_and_retire)
    change = Takeover(studio)
    change.start(TINY)
    assert loaded.wait(60) and change.state.stage == "loading" and 0.9 < change.state.fraction < 1
    assert studio.draw(make_order(POCKET)).request.engine == "pocket"

    def hold_first_step(step: StepPreview) -> None:  # a drawing is under way when the new engine is ready
        stepped.set()
        if step.step == 1:
            go_on.set()
            assert asked.wait(60)  # the new engine stands at the lock
            assert not changed.wait(0.3), "it did not wait for the picture"
        assert studio.profile.name == "pocket", "it took over in the middle of a picture"

    drawn = studio.draw(make_order(POCKET), on_step=hold_first_step)
    assert stepped.is_set() and drawn.request.engine == "pocket"
    assert wait_for_end(change).stage == "done" and studio.profile.name == "sd15" and changed.is_set()


def test_who_waited_for_the_old_engine_is_told_to_come_again(sd15_engine: Engine, make_style: MakeStyle) -> None:
    old, told = sd15_engine, []
    request = make_request(old, make_style("neon", 1))

    def wait_in_line() -> None:
        try:
            old.draw(request)
        except EngineChanged as error:
            told.append(str(error))

    with old._turns.take():
        waiting = threading.Thread(target=wait_in_line)
        waiting.start()
        old.retire(lambda: None)
    waiting.join(60)
    old._turns._retired = False  # other tests go on with it
    assert told == ["Stable Diffusion 1.5 was replaced while this waited for it; send it once more."]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "not enough memory to load Stable"),
        (MemoryError(), "CROQUIS_MEMORY=streamed"),
        (OutOfMemory("There is not enough memory to load it."), "There is not enough memory to load it."),
        (ModelError("x.safetensors is damaged. Fetch it again."), "Fetch it again."),
        (ZeroDivisionError("internal"), "the log says why"),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Exception) else None,
)
def test_a_failure_leaves_the_one_before_drawing_and_says_why(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    before = studio.engine, studio.search

    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(takeover, "open_engine", fail)
    change = Takeover(studio)
    change.start(TINY)
    state = wait_for_end(change)
    assert state.stage == "failed" and words in state.message and "internal" not in state.message
    assert (studio.engine, studio.search) == before and studio.loading.ready
    assert studio.draw(make_order(POCKET)).request.engine == "pocket"


def test_what_had_been_loaded_when_it_failed_is_freed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = takeover.open_engine, []
    monkeypatch.setattr(takeover.log, "disabled", True)  # pytest keeps each record, and its traceback the engine

    def load_and_fail(*args: Any) -> Any:
        engine = real(*args)
        seen.append(weakref.ref(engine._pipeline.unet))
        raise MemoryError

    monkeypatch.setattr(takeover, "open_engine", load_and_fail)
    change = Takeover(studio)
    change.start(TINY)
    assert wait_for_end(change).stage == "failed" and seen[0]() is None


def test_a_broken_file_is_named_and_mended_it_takes_over(studio: Studio, settings: Settings) -> None:
    assert settings.sd15
    weights = settings.sd15 / "base" / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    change = Takeover(studio)
    change.start(TINY)
    state = wait_for_end(change)
    assert state.stage == "failed" and "could not be loaded" in state.message and studio.profile is POCKET
    weights.write_bytes(whole)
    change.start(TINY)
    assert wait_for_end(change).stage == "done" and studio.profile is TINY


def test_it_takes_the_place_of_an_engine_that_never_loaded(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    broken = Studio(replace(settings, profile="sd15", sd15=tmp_path / "empty"))
    assert broken.engine_or_none() is None and broken.loading.error
    change = Takeover(broken)
    change.start(POCKET)
    assert wait_for_end(change).stage == "done" and broken.loading == LoadState("Ready", 1.0, ready=True)
    assert broken.draw(make_order(POCKET)).request.engine == "pocket"


def test_one_at_a_time_and_none_for_the_engine_that_draws(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = [], threading.Event()

    def wait_and_fail(*args: Any) -> Any:
        begun.append(args)
        go_on.wait(60)
        raise ModelError("enough")

    monkeypatch.setattr(takeover, "open_engine", wait_and_fail)
    change = Takeover(studio)
    change.start(POCKET)
    assert change.state.stage == "idle"
    change.start(TINY)
    change.start(TINY)
    go_on.set()
    wait_for_end(change)
    assert len(begun) == 1


def test_styles_are_found_by_the_engines_own_encoder_where_it_is(
    studio: Studio,
    settings: Settings,
    clip_folder: Path,
) -> None:
    assert studio.search.encoder == "pocket" and settings.sd15
    change = Takeover(studio)
    change.start(TINY)
    assert wait_for_end(change).stage == "done"
    assert studio.search.encoder == "pocket", "it stays where the weights are not"
    shutil.copytree(clip_folder, settings.sd15 / "retrieval")
    files = [path for path in clip_folder.rglob("*") if path.is_file()]
    listed = [WeightFile(str(f.relative_to(clip_folder)), f.stat().st_size, compute_sha256(f)) for f in files]
    small = replace(TINY.parts["retrieval"], files=tuple(listed))
    studio._choice = replace(TINY, parts={**TINY.parts, "retrieval": small}), "test"
    change.renew_search()
    assert studio.search.encoder == "clip"
    assert len(studio.find_styles(Prompt("ice"), 9).matches) == 4
    change.start(POCKET)
    assert wait_for_end(change).stage == "done" and studio.search.encoder == "pocket"
    assert studio.find_styles(Prompt("ice"), 1).matches[0].style.id == "ice"
    shutil.rmtree(settings.sd15 / "retrieval")


def test_a_damaged_encoder_costs_no_one_the_search(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    assert settings.sd15
    (settings.sd15 / "retrieval").mkdir()
    search = opening.open_search(TINY, settings, Studio(settings).library)
    assert search.encoder == "pocket" and "is missing" in caplog.text
    assert search.find(Prompt("ice"), 1).matches[0].style.id == "ice"
    (settings.sd15 / "retrieval").rmdir()


def test_a_replaced_engine_is_freed_once_its_last_picture_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "RELEASE_TIMEOUT", 5.0)

    class Held:
        """Stands for an engine."""

    held = [Held()]
    watched = weakref.ref(held[0])
    threading.Timer(0.3, held.clear).start()
    free_replaced_engine(watched)
    gc.collect()
    assert watched() is None


def test_why_not_tells_no_more_than_a_person_needs() -> None:
    assert explain_failure(ModelError("Broken."), SD15) == "Broken."
    assert "log" in explain_failure(KeyError("internal"), SD15)
