"""The image tower's training: pictures find their style's words, looks are described as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from pipeline.pocket.data.dataset import PLAIN
from pipeline.pocket.train import tower
from pipeline.pocket.train.export import make_image_processor
from pipeline.pocket.train.loop import Plan
from pipeline.pocket.train.tower import (
    IMAGE_WIDTH,
    LEVELS,
    PLAIN_WORDS,
    TOWER_SIDE,
    Looks,
    Tower,
    describe_look,
    draw_batches,
    load_looks,
    make_image_tower,
    read_style_words,
    shrink_pictures,
    to_pixels,
    train_tower,
)
from tests.tools.models import make_small_vision_model
from tests.tools.pocket_training import count_seconds, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tower, "BATCH", 8)
    monkeypatch.setattr(tower, "make_image_tower", lambda: make_small_vision_model(128, 384))
    torch.manual_seed(0)


def directions(count: int) -> tuple[np.ndarray, ...]:
    """For each style two phrases close to each other, unit vectors (2, 384)."""
    rng = np.random.default_rng(0)
    phrases = [rng.normal(size=384) + 0.2 * rng.normal(size=(2, 384)) for _ in range(count)]
    return tuple((one / np.linalg.norm(one, axis=1, keepdims=True)).astype(np.float32) for one in phrases)


def two_looks(count: int = 12) -> Looks:
    """Red pictures and pictures with blue stripes, a few noisy ones of each."""
    rng, pictures = np.random.default_rng(1), []
    for number in range(count):
        colour = np.array((200, 40, 40) if number % 2 == 0 else (40, 60, 200), np.int16)
        picture = colour + rng.integers(-30, 30, (128, 128, 3))
        picture[:, ::8] //= 1 + number % 2
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return Looks(np.stack(pictures), np.arange(count) % 2, directions(2))


@torch.inference_mode()
def embed_pictures(model: Tower, pictures: np.ndarray) -> torch.Tensor:
    """Embed pictures (N, S, S, 3) as (N, 384), as training reads them."""
    embeds: torch.Tensor = model.encoder(pixel_values=to_pixels(shrink_pictures(pictures), CPU)).image_embeds
    return embeds


def test_every_style_has_its_name_and_words_and_plain_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "ice").mkdir()
    (tmp_path / "ice" / "style.json").write_text(json.dumps({"id": "ice", "name": "Ice", "words": ["frost", "cold"]}))
    assert read_style_words(tmp_path) == {PLAIN: PLAIN_WORDS, "ice": ("Ice", "frost", "cold")}


def test_looks_are_joined_with_the_number_of_their_words(tmp_path: Path) -> None:
    for number, styles in enumerate((("ice", PLAIN), ("felt", "ice"))):
        folder = tmp_path / f"shard-{number}"
        folder.mkdir()
        np.save(folder / "pictures.npy", np.full((2, 128, 128, 3), number, np.uint8))
        (folder / "records.json").write_text(json.dumps([{"style": style} for style in styles]))
    words = dict(zip((PLAIN, "felt", "ice"), directions(3), strict=True))
    looks = load_looks([tmp_path / "shard-0", tmp_path / "shard-1"], words)
    assert looks.styles.tolist() == [2, 0, 1, 2] and looks.pictures[:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    assert np.array_equal(looks.words[2], words["ice"])


def test_a_look_is_its_colours_and_its_steps() -> None:
    grey = torch.zeros(1, 3, 128, 128)
    striped = torch.zeros(1, 3, 128, 128)
    striped[..., ::2] = 0.5
    flat, steps = describe_look(grey)[0], describe_look(striped)[0]
    assert flat.shape == (3 * LEVELS + 6,) == (24,)
    torch.testing.assert_close(flat[:18].view(3, 6).sum(1), torch.full((3,), 4.0))  # shares of one picture
    assert flat[18:].abs().max() == 0
    torch.testing.assert_close(steps[18:], torch.tensor([3.0, 0, 0, 0, 0, 0]))  # 1, 2, 4 px across, then down
    red = torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand(1, 3, 128, 128)
    brightest = describe_look(red)[0, :18].view(3, 6).argmax(1)
    assert brightest.tolist() == [5, 0, 0]
    torch.testing.assert_close(describe_look(striped.flip(3)), describe_look(striped))


def test_batches_carry_words_of_each_pictures_own_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tower, "BATCH", 16)
    data, batches = two_looks(), draw_batches(two_looks(), 0, CPU)
    for _ in range(6):
        batch = next(batches)
        assert batch.pixels.shape == (16, 3, 128, 128) and batch.pixels.dtype == torch.float32
        assert batch.pixels.abs().max() <= 1
        reddish = batch.pixels[:, 0].mean((1, 2)) > batch.pixels[:, 2].mean((1, 2))
        assert torch.equal(reddish, batch.styles == 0)
        for style, word in zip(batch.styles.tolist(), batch.words.numpy(), strict=True):
            assert any(np.array_equal(word, phrase) for phrase in data.words[style])


def test_a_run_that_goes_on_sees_other_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tower, "train_module", lambda plan, module, batches, *rest, **more: next(batches))
    model, plan = Tower(), Plan("tower", minutes=1, learning_rate=1e-3)

    def first() -> Any:
        return train_tower(model, two_looks(), plan, tmp_path)

    begun = first().pixels
    assert torch.equal(first().pixels, begun)
    write_checkpoint(tmp_path, plan, 5)
    assert not torch.equal(first().pixels, begun)


@pytest.mark.usefixtures("small")
def test_a_few_steps_teach_pictures_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count_seconds(monkeypatch)
    data, model = two_looks(), Tower()
    plan = Plan("tower", minutes=1, learning_rate=3e-3, warm_up=5, ema=0.8)
    train_tower(model, data, plan, tmp_path)
    points = functional.normalize(embed_pictures(model, data.pictures), dim=-1)
    words = torch.from_numpy(np.stack([phrases.mean(0) for phrases in data.words]))
    near = points @ words.T
    assert near.argmax(1).tolist() == data.styles.tolist()
    own, other = near.max(1).values, near.min(1).values
    assert (own - other).min() > 0.3  # 0 before: a fresh tower sees one picture like the other
    (line,) = map(json.loads, (tmp_path / "tower.jsonl").read_text().splitlines())
    assert 0 < line["right"] <= 1 and 0 < line["looks"] < 1


@pytest.mark.usefixtures("small")
def test_pictures_are_read_as_the_shipped_image_processor_reads_them() -> None:
    model, pictures = Tower().eval(), two_looks(3).pictures
    shipped = make_image_processor(128)
    pixels = shipped([Image.fromarray(picture) for picture in pictures], return_tensors="pt").pixel_values
    with torch.inference_mode():
        expected = model.encoder(pixel_values=pixels).image_embeds
    embedded = embed_pictures(model, pictures)
    assert embedded.shape == (3, 384)
    torch.testing.assert_close(embedded, expected, atol=1e-4, rtol=0)
    assert (embedded[0] - embedded[1]).abs().max() > 0.02


@torch.inference_mode()
def test_the_image_tower_gives_points_of_minilms_space() -> None:
    tower = make_image_tower()
    assert tower(pixel_values=torch.rand(2, 3, TOWER_SIDE, TOWER_SIDE)).image_embeds.shape == (2, IMAGE_WIDTH)
