"""What is learnt shows: pictures drawn with the LoRA lie nearer to those that taught it, by a discriminant of style."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from pipeline.engine.engine import Engine
from pipeline.engine.styling import combine_looks
from pipeline.painters.style_network import embed_style_picture
from pipeline.taught import Taught
from pipeline.teaching.course import Course, Watchers
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.networks import LentNetworks
from pipeline.values import Style
from tests.tools.drawing_requests import make_request
from tests.tools.requests import change_request
from tests.tools.taught_pictures import make_pictures

pytestmark = pytest.mark.usefixtures("one_thread")

SEEDS = range(4)
STEPS = 150
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def losses() -> list[float]:
    """Return the loss of each step that `learnt` was taught in."""
    return []


@pytest.fixture(scope="module")
def learnt(sd15_engine: Engine, tmp_path_factory: pytest.TempPathFactory, losses: list[float]) -> Style:
    """Teach a style by the striped pictures."""
    folder, images = tmp_path_factory.mktemp("learnt"), make_pictures()
    lesson = Lesson(STEPS, 64, rank=8, learning_rate=3e-3, train_batch_size=4, crops=4)
    watchers = Watchers(on_stage=lambda stage: losses.append(stage.loss) if stage.name == "learning" else None)
    lora = Course(folder, lesson, sd15_engine.lend, watchers).run(images, ["striped style"] * len(images))
    file = folder / "reference.png"
    images[0].resize((128, 128)).save(file)
    sha256 = hashlib.sha256(lora.read_bytes()).hexdigest()
    taught = Taught(combine_looks(images), len(images), sha256, lora)
    picture = hashlib.sha256(file.read_bytes()).hexdigest()
    return Style("striped", "Striped", (), "{prompt}, striped style", "-", "tests", picture, file, False, taught)


def show_as_the_decoder_does(engine: Engine, image: Image.Image) -> Pixels:
    """Return a picture after encoder and decoder: those of the small layout are random, and this is the best there is
    to come near to."""

    @torch.no_grad()
    def work(networks: LentNetworks) -> Pixels:
        pixels = torch.from_numpy(np.asarray(image.resize((64, 64)), np.float32) / 127.5 - 1).permute(2, 0, 1)
        seen = networks.vae.decode(networks.vae.encode(pixels[None]).latent_dist.mean).sample[0]
        return ((seen.permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5).byte().numpy()

    return engine.lend(work)


def draw_all(engine: Engine, style: Style, strength: float = 1.0) -> list[Pixels]:
    request = change_request(make_request(engine, style), ip_adapter_scale=strength)
    return [np.asarray(engine.draw(change_request(request, seed=seed)).images[0]) for seed in SEEDS]


def measure_shifts(pictures: list[Pixels], without: list[Pixels], wanted: list[Pixels]) -> NDArray[np.float64]:
    """Return how far each picture went from those without the LoRA (0) to the wanted ones (1), along the line between
    both means in the style network's numbers."""
    seen, before, goal = (
        np.array([embed_style_picture(np.ascontiguousarray(each)) for each in some])
        for some in (pictures, without, wanted)
    )
    line = goal.mean(0) - before.mean(0)
    return np.asarray((seen - before) @ line / (line @ line), np.float64)


@pytest.mark.usefixtures("learnt")
def test_the_loss_falls(losses: list[float]) -> None:
    assert len(losses) == STEPS and np.mean(losses[-30:]) < 0.9 * np.mean(losses[:30])


def test_every_sample_goes_towards_the_pictures(sd15_engine: Engine, learnt: Style) -> None:
    wanted = [show_as_the_decoder_does(sd15_engine, each) for each in make_pictures()]
    without = draw_all(sd15_engine, replace(learnt, taught=None))
    shifts = measure_shifts(draw_all(sd15_engine, learnt), without, wanted)
    assert shifts.min() > 0.03 and shifts.mean() > 0.08, shifts
    half = measure_shifts(
        draw_all(sd15_engine, learnt, 0.5), draw_all(sd15_engine, replace(learnt, taught=None), 0.5), wanted
    )
    assert 0 < half.mean() < shifts.mean()  # worn half as strongly, it shows less


def test_a_lora_that_is_not_here_is_told(sd15_engine: Engine, learnt: Style) -> None:
    assert learnt.taught is not None
    gone = replace(learnt, taught=replace(learnt.taught, lora=None))
    drawn = sd15_engine.draw(make_request(sd15_engine, gone))
    assert any("is not on this machine" in notice for notice in drawn.notices)
    assert not any("is not on this machine" in n for n in sd15_engine.draw(make_request(sd15_engine, learnt)).notices)
