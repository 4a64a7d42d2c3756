"""One style at a time is taught, with either engine; it is stopped, gone on with, thrown away, refused at the edge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.engine.pocket_engine import PocketEngine
from pipeline.errors import EngineChanged, OutOfMemory, SettingError, StyleError
from pipeline.machine.memory import FreeMemory
from pipeline.machine.teaching_plan import choose_checkpointing, plan_teaching
from pipeline.models.catalog import SD15
from pipeline.models.checks import compute_sha256
from pipeline.settings import Settings
from pipeline.studio.loader import Loader
from pipeline.studio.teacher import Teacher, Teaching
from pipeline.studio.teaching_plan import write_captions
from pipeline.studio.teaching_run import make_sample_request
from pipeline.values import Style
from tests.tools.own_files import write_other_model
from tests.tools.taught_pictures import encode_pictures, make_pictures

pytestmark = pytest.mark.usefixtures("one_thread")
PATIENCE = 240  # seconds


class LoadedLoader(Loader):
    """This is a loader whose engine is there already; it opens no search."""

    def __init__(self, settings: Settings, engine: Engine | PocketEngine) -> None:
        super().__init__(settings)
        self._loaded_engine.set_result(engine)
        self._started = True
        self._choice = engine.profile, "the test's"  # type: ignore[misc]


@pytest.fixture
def pocket(shipped_engine: PocketEngine, tmp_path: Path) -> LoadedLoader:
    return LoadedLoader(Settings(user_dir=tmp_path / "user"), shipped_engine)


@pytest.fixture
def sd15(shallow_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadedLoader]:
    yield LoadedLoader(Settings(user_dir=tmp_path / "user", profile="sd15"), shallow_engine)


def wait_for_step(teacher: Teacher, step: int) -> Teaching:
    until = time.monotonic() + PATIENCE
    while (shown := teacher.look()).state in ("looking", "learning") and time.monotonic() < until:
        if shown.state == "learning" and shown.step >= step:
            return shown
        time.sleep(0.02)
    raise AssertionError(shown)


def draw_in(loader: LoadedLoader, style: Style) -> np.ndarray:
    request = make_sample_request(loader, style)
    return np.asarray(loader.engine.draw(request).images[0]).astype(float)


def test_the_pocket_model_joins_the_looks_of_the_pictures(pocket: LoadedLoader) -> None:
    teacher = Teacher(pocket)
    teacher.begin(encode_pictures(), "Stripes")
    done = teacher.wait()
    assert (done.state, done.message, done.samples) == ("done", "", (0,))
    style = pocket.library.get(done.style)
    assert style.taught is not None and style.taught.pictures == 4 and not style.taught.lora_sha256
    plain, single = pocket.library.get("plain"), pocket.library.add(make_pictures()[0], "One of them")
    taught, one, without = (draw_in(pocket, each) for each in (style, single, plain))
    wanted = np.mean([np.asarray(each).mean((0, 1)) for each in make_pictures()], axis=0)
    distances = [np.abs(each.mean((0, 1)) - wanted).mean() for each in (taught, without)]
    assert distances[0] < distances[1]  # its pictures are nearer to what taught it
    assert np.abs(taught - one).mean() > 0.5  # and it is not one of them alone
    with Image.open(teacher.find_sample(0)) as sample:  # type: ignore[arg-type]
        assert np.abs(np.asarray(sample.resize((256, 256))).astype(float) - taught).mean() < 8


def test_a_lora_is_stopped_gone_on_with_and_worn(sd15: LoadedLoader) -> None:
    teacher = Teacher(sd15)
    begun = teacher.begin(encode_pictures(), "Stripes", steps=40)
    assert begun.state == "looking" and begun.of == 4
    with pytest.raises(SettingError, match="one at a time"):
        teacher.begin(encode_pictures(), "Other")
    with pytest.raises(SettingError, match="one at a time"):
        teacher.discard()
    assert wait_for_step(teacher, 5).of == 40
    teacher.stop()
    stopped = teacher.wait()
    assert stopped.state == "stopped" and 5 <= stopped.step < 40

    again = Teacher(sd15)  # as after a restart of the program
    assert (again.look().state, again.look().name) == ("stopped", "Stripes")
    with pytest.raises(SettingError, match="throw it away first"):
        again.begin(encode_pictures(), "Other")
    again.go_on()
    wait_for_step(again, stopped.step + 1)
    done = again.wait()
    assert (done.state, done.step, done.message) == ("done", 40, "")
    assert len(done.samples) >= 3 and done.samples[0] >= 8
    style = sd15.library.get(done.style)
    assert style.taught is not None and style.taught.lora is not None
    without = replace(style, taught=replace(style.taught, lora=None, lora_sha256=""))
    assert np.abs(draw_in(sd15, style) - draw_in(sd15, without)).mean() > 0.02  # 40 small steps
    assert Teacher(sd15).look().state == "none"


def test_what_was_stopped_is_thrown_away(sd15: LoadedLoader) -> None:
    teacher = Teacher(sd15)
    with pytest.raises(SettingError, match="No style is being taught"):
        teacher.go_on()
    teacher.begin(encode_pictures(), "Stripes", steps=400)
    wait_for_step(teacher, 2)
    teacher.stop()
    assert teacher.wait().state == "stopped"
    assert teacher.discard().state == Teacher(sd15).look().state == "none"
    assert not list((sd15.settings.user_dir / "teaching").glob("*"))


def test_a_picture_in_between_waits_for_one_step_at_most(sd15: LoadedLoader) -> None:
    """Each picture begins within the time of a few steps, though hundreds are to be done, and samples end for it."""
    teacher = Teacher(sd15)
    teacher.begin(encode_pictures(), "Stripes", steps=400)
    request = make_sample_request(sd15, sd15.library.get("comic"))
    wait_for_step(teacher, 5)
    began = []
    for _ in range(4):
        since = time.monotonic()
        sd15.engine.draw(request, on_step=lambda step, s=since: began.append((step.step, time.monotonic() - s)))
    state = teacher.look()
    teacher.stop()
    teacher.wait()
    assert state.state == "learning" and state.step < 390
    alone = []
    for _ in range(2):
        since = time.monotonic()
        sd15.engine.draw(request, on_step=lambda step, s=since: alone.append((step.step, time.monotonic() - s)))
    first = [seconds for step, seconds in began if step == 1]
    assert max(first) < max(seconds for step, seconds in alone if step == 1) + 3.0, (began, alone)


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        (encode_pictures(2), "Stripes", "3 to 20 pictures; 2 came"),
        (encode_pictures(4) * 6, "Stripes", "3 to 20 pictures; 24 came"),
        ([*encode_pictures(3), ("notes.txt", b"no picture")], "Stripes", "'notes.txt' cannot teach a style"),
        ([*encode_pictures(3), ("empty.png", b"")], "Stripes", "'empty.png' cannot teach a style"),
        ([*encode_pictures(3), ("cut.png", encode_pictures(1)[0][1][:60])], "Stripes", "'cut.png' cannot teach"),
        (encode_pictures(4), "  ", "needs a name"),
        (encode_pictures(4), "Comic", "called 'Comic' already"),
    ],
)
def test_what_cannot_teach_is_refused_in_one_sentence(
    pocket: LoadedLoader, files: list[tuple[str, bytes]], name: str, said: str
) -> None:
    teacher = Teacher(pocket)
    with pytest.raises(StyleError, match=said):
        teacher.begin(files, name)
    assert teacher.look() == Teaching()


def test_another_engine_does_not_go_on(sd15: LoadedLoader, shipped_engine: PocketEngine) -> None:
    teacher = Teacher(sd15)
    teacher.begin(encode_pictures(), "Stripes", steps=400)
    wait_for_step(teacher, 2)
    teacher.stop()
    teacher.wait()
    other = Teacher(LoadedLoader(sd15.settings, shipped_engine))
    with pytest.raises(SettingError, match="another model"):
        other.go_on()


def test_another_model_does_not_go_on_in_silence(sd15: LoadedLoader, shallow_folder: Path, tmp_path: Path) -> None:
    """The model is exchanged while a style is learnt: that ends, keeps all, and goes on once the first is back."""
    engine: Engine = sd15.engine  # type: ignore[assignment]
    file = write_other_model(shallow_folder, tmp_path / "dreamy.safetensors")
    other, teacher = BaseWish("dreamy", file, compute_sha256(file)), Teacher(sd15)
    teacher.begin(encode_pictures(), "Stripes", steps=40)
    wait_for_step(teacher, 5)
    engine.own_base.change(other)
    try:
        ended = teacher.wait()
        assert (ended.state, ended.step < 40) == ("failed", True)
        assert f"learns from {SD15.title}" in ended.message
        with pytest.raises(EngineChanged, match="another model draws now"):
            Teacher(sd15).go_on()
    finally:
        engine.own_base.change(BaseWish())
    teacher.go_on()
    assert wait_for_step(teacher, ended.step + 1).step <= ended.step + 5, "it goes on from where it was"
    assert teacher.wait().state == "done"


def test_a_style_of_an_own_model_is_bound_to_it(sd15: LoadedLoader, shallow_folder: Path, tmp_path: Path) -> None:
    engine: Engine = sd15.engine  # type: ignore[assignment]
    file = write_other_model(shallow_folder, tmp_path / "dreamy.safetensors")
    engine.own_base.change(BaseWish("dreamy", file, compute_sha256(file)))
    teacher = Teacher(sd15)
    try:
        teacher.begin(encode_pictures(), "Stripes", steps=400)
        wait_for_step(teacher, 2)
        teacher.stop()
        teacher.wait()
    finally:
        engine.own_base.change(BaseWish())
    with pytest.raises(EngineChanged, match="learns from dreamy"):
        Teacher(sd15).go_on()


def test_captions_say_the_nearest_style_and_the_new_name(pocket: LoadedLoader) -> None:
    captions = write_captions(make_pictures()[:2], "My {stripes}", pocket.library.all())
    assert all(caption.endswith("My (stripes) style") and caption.count(",") == 2 for caption in captions)


def test_activations_are_computed_again_where_memory_is_short() -> None:
    kept, again = (plan_teaching(SD15, 512, "cuda", "float16", checkpointing=each) for each in (False, True))
    assert again.steps < kept.steps and again.peak < kept.peak

    def choose(free: int) -> bool:
        return choose_checkpointing(SD15, 512, "cuda", "float16", FreeMemory(free, free))

    assert not choose(kept.steps) and choose(kept.steps - 1) and choose(again.steps)
    with pytest.raises(OutOfMemory, match="not enough memory to teach"):
        choose(again.steps - 1)
