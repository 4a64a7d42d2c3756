"""Training of the network that proposes regions' colours: its lessons, its loss, and that it learns them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import PaletteTable
from pipeline.colours.region_features import FEATURES, read_features
from pipeline.colours.region_network import CODES, GROUND_ROWS, GROUNDS, RegionColours, load_region_colours
from pipeline.colours.regions import find_regions
from pipeline.colours.words import TEXT_TOKENS
from pipeline.pocket.train import region_colours
from pipeline.pocket.train.loop import Plan
from pipeline.pocket.train.region_batches import NO_DRAWING, TRAINED, RegionLessons, mirror
from pipeline.pocket.train.region_colours import make_codes, make_grounds, run, save_network, take_over
from pipeline.pocket.train.region_lessons import (
    RegionShard,
    describe_ground,
    list_shards,
    load_shard,
    read_truth,
    write_shard,
)

EMPTY = np.zeros((TEXT_TOKENS, 384), np.float32)
NO_PALETTES = PaletteTable(
    (), np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), np.float16), np.zeros((0, 384), np.float16)
)
RED, BLUE = (220, 30, 30), (30, 60, 220)


def draw_box() -> np.ndarray:
    lines = np.zeros((256, 256), np.uint8)
    cv2.rectangle(lines, (60, 80), (160, 180), 255, 1)
    return lines


def make_shard(count: int = 8) -> RegionShard:
    """Make a box on a ground: red on light where the words are of one kind, blue on dark where of another."""
    lines = draw_box()
    pictures = np.empty((count, 256, 256, 3), np.float32)
    pictures[::2], pictures[1::2] = 0.9, 0.2
    pictures[::2, 80:181, 60:161], pictures[1::2, 80:181, 60:161] = np.array(RED) / 255, np.array(BLUE) / 255
    read = [read_truth(lines, picture) for picture in pictures]
    tokens = np.zeros((count, TEXT_TOKENS, 384), np.float16)
    tokens[::2, :, 0], tokens[1::2, :, 1] = 3, 3
    return RegionShard(
        values=np.concatenate([seen.values for seen, *_ in read]).astype(np.float16),
        colours=np.concatenate([colours for _, colours, _ in read]),
        weights=np.concatenate([weights for *_, weights in read]),
        counts=np.array([(len(seen.numbers), len(seen.homes)) for seen, *_ in read]),
        wholes=np.stack([seen.whole for seen, *_ in read]).astype(np.float16),
        grounds=np.stack([describe_ground(picture[:, :40]) for picture in pictures]),
        tokens=tokens,
        lines=np.packbits(np.repeat(lines[None] > 0, count, 0), axis=-1),
        pictures=np.round(255 * pictures[:, ::4, ::4]).astype(np.uint8),
        captions=("a box",) * count,
        names=((),) * count,
    )


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    write_shard(make_shard(), tmp_path / "regions" / "00000")
    return tmp_path / "regions" / "00000"


def test_regions_and_cells_know_their_colours(shard: Path) -> None:
    made = load_shard(shard)
    assert made.values.shape == (made.counts.sum(), FEATURES) and list_shards(shard.parent) == [shard]
    assert (made.counts[:, 0] == 2).all() and (made.counts[:, 1] >= 18).all()
    assert made.colours[1] * 255 == pytest.approx(RED, abs=2)
    assert made.weights[0] == 0 and made.weights[1] > 0  # the ground is for its cells to say
    assert np.abs(made.colours[2 : made.counts[0].sum()] - 0.9).max() < 0.02


def test_a_region_of_many_colours_does_not_count() -> None:
    picture = np.full((256, 256, 3), 0.9, np.float32)
    picture[80:181, 60:161] = np.random.default_rng(0).random((101, 101, 3))
    _, _, weights = read_truth(draw_box(), picture)
    assert weights[1] == 0 and (weights[2:] > 0).all()


def test_codes_and_grounds_stand_for_what_there_is() -> None:
    rng = np.random.default_rng(0)
    colours = rng.random((4000, 3)).astype(np.float32) * 0.5
    codes = make_codes(colours)
    apart = np.linalg.norm(to_oklab(colours)[:, None] - to_oklab(codes)[None], axis=-1).min(1)
    assert codes.shape == (CODES, 3) and np.median(apart) < 0.04
    kinds = rng.random((3, GROUND_ROWS, 3)).astype(np.float32)
    grounds = make_grounds(kinds[rng.integers(3, size=300)])
    assert grounds.shape == (GROUNDS, GROUND_ROWS, 3)
    assert all(np.abs(grounds - kind).max((1, 2)).min() < 1e-4 for kind in kinds)


def test_a_mirrored_lesson_is_the_mirrored_drawings(shard: Path) -> None:
    lines = draw_box()
    one, other = (
        read_features(some, find_regions(some)).values[1:2] for some in (lines, np.ascontiguousarray(lines[:, ::-1]))
    )
    assert mirror(one) == pytest.approx(other, abs=0.03) and not np.allclose(one, other, atol=0.1)


def test_a_batch_asks_for_what_it_does_not_tell(shard: Path) -> None:
    network = RegionColours()
    network.codes.copy_(torch.rand(CODES, 3))
    lessons = RegionLessons(shard.parent, NO_PALETTES, EMPTY, network, 0)
    features, whole, there, known, known_ground, tokens, right, weights, ground = next(lessons.batches(200))
    assert features.shape[:1] + features.shape[2:] == (200, FEATURES) and 20 < features.shape[1] <= TRAINED
    assert all(part.shape[1] == features.shape[1] for part in (there, known, right, weights))
    assert tokens.shape == (200, TEXT_TOKENS + 15, 384)
    told = known < CODES
    assert 0.1 < told[there].float().mean() < 0.6 and not weights[told].any() and not told[~there].any()
    assert (weights > 0).any(1).float().mean() > 0.8 and right[there].sum(-1).allclose(torch.ones(()), atol=1e-4)
    assert ((known_ground == GROUNDS) | (known_ground == ground)).all()
    unseen = ~features.flatten(1).any(1)
    assert torch.equal(unseen, ~whole.any(1)) and abs(unseen.float().mean() - NO_DRAWING) < 0.08


def test_it_learns_which_words_mean_which_colour_and_ground(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_colours, "load_tables", lambda folder: (NO_PALETTES, EMPTY))
    monkeypatch.setattr(region_colours, "BATCH", 12)
    run(Plan("regions", 0, 2e-3, warm_up=5, steps=70, ema=0.9), shard.parent, tmp_path / "run")
    network = load_region_colours(tmp_path / "run/regions.safetensors")
    made = load_shard(shard)
    count = int(made.counts[0].sum())
    features = torch.from_numpy(made.values[:count].astype(np.float32))[None]
    whole, there = torch.from_numpy(made.wholes[:1].astype(np.float32)), torch.ones(1, count, dtype=torch.bool)
    for which, wanted, light in ((0, RED, 0.9), (1, BLUE, 0.3)):
        words = torch.zeros(1, TEXT_TOKENS + 15, 384)
        words[:, :TEXT_TOKENS, which] = 3
        with torch.inference_mode():
            logits, grounds = network(
                features, whole, there, torch.full((1, count), CODES), torch.tensor([GROUNDS]), network.hear(words)
            )
        assert network.codes[logits[0, 1].argmax()].numpy() * 255 == pytest.approx(wanted, abs=40)
        assert float(network.grounds[grounds[0].argmax(), 0, 0]) == pytest.approx(light, abs=0.1)


def test_an_earlier_network_is_taken_over_as_far_as_it_fits(tmp_path: Path) -> None:
    first, second = RegionColours(), RegionColours()
    first.see = torch.nn.Linear(7, 160)
    save_network(first, tmp_path)
    take_over(second, tmp_path / "regions.safetensors")
    assert torch.equal(first.answer.weight, second.answer.weight) and second.see.weight.shape[1] == FEATURES


def test_new_shards_are_seen_as_they_come(shard: Path) -> None:
    lessons = RegionLessons(shard.parent, NO_PALETTES, EMPTY, RegionColours(), 0)
    lessons.look()
    write_shard(make_shard(4), shard.parent / "00001")
    lessons.look()
    assert [len(one.captions) for one in lessons.shards.values()] == [8, 4] and len(lessons.starts) == 2


def test_a_run_that_goes_on_keeps_its_codes(shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_colours, "load_tables", lambda folder: (NO_PALETTES, EMPTY))
    monkeypatch.setattr(region_colours, "BATCH", 4)
    first = RegionColours()
    first.codes.copy_(torch.rand(CODES, 3))
    save_network(first, tmp_path)
    for steps in (2, 4):
        plan = Plan("regions", 0, 1e-3, warm_up=5, steps=steps)
        made = run(plan, shard.parent, tmp_path / "run", start=tmp_path / "regions.safetensors" if steps == 2 else None)
        assert torch.equal(made.codes, first.codes)
