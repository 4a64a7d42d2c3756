"""Training of the network that proposes regions' colours: its lessons, its loss, and that it learns them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import PaletteTable
from pipeline.colours.region_colours import CODES, RegionColours, load_region_colours
from pipeline.colours.region_features import FEATURES
from pipeline.pocket.train import region_colours
from pipeline.pocket.train.lesson_shards import TOKENS, Shard, write_shard
from pipeline.pocket.train.loop import Plan
from pipeline.pocket.train.region_colours import gather_regions, make_codes, run, save_network, take_over

EMPTY = np.zeros((TOKENS, 384), np.float32)
RED, BLUE = (220, 30, 30), (30, 60, 220)


def make_shard(count: int = 8) -> Shard:
    """A box on pale ground, red where the words are of one kind and blue where they are of another."""
    lines = np.zeros((256, 256), np.uint8)
    cv2.rectangle(lines, (80, 80), (180, 180), 1, 1)
    fields = np.full((count, 64, 64, 3), 235, np.uint8)
    fields[::2, 20:45, 20:45], fields[1::2, 20:45, 20:45] = RED, BLUE
    tokens = np.zeros((count, TOKENS, 384), np.float16)
    tokens[::2, :, 0], tokens[1::2, :, 1] = 3, 3
    return Shard(
        fields,
        np.full((count, 64, 64), 32, np.uint8),
        np.packbits(np.repeat(lines[None], count, 0), axis=-1),
        np.zeros((1, 128, 128, 4), np.uint8),
        np.full(count, -1, np.int32),
        tokens,
        ("a box",) * count,
        ((),) * count,
    )


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    write_shard(make_shard(), tmp_path / "lessons" / "00000")
    return tmp_path / "lessons" / "00000"


def test_regions_and_cells_of_a_shard_know_their_colours(shard: Path) -> None:
    made = gather_regions(shard)
    assert made["values"].shape == (made["counts"].sum(), FEATURES)
    assert (made["counts"][:, 0] == 2).all() and (made["counts"][:, 1] >= 18).all()
    assert made["colours"][1] * 255 == pytest.approx(RED, abs=2)
    assert made["weights"][0] == 0 and made["weights"][1] > 0  # the ground is for its cells to say
    assert np.abs(made["colours"][2 : made["counts"][0].sum()] * 255 - 235).max() < 2
    again = gather_regions(shard)
    assert all(np.array_equal(made[name], again[name]) for name in made)


def test_codes_stand_for_the_colours_that_there_are() -> None:
    colours = np.random.default_rng(0).random((4000, 3)).astype(np.float32) * 0.5
    codes = make_codes(colours)
    apart = np.linalg.norm(to_oklab(colours)[:, None] - to_oklab(codes)[None], axis=-1).min(1)
    assert codes.shape == (CODES, 3) and np.median(apart) < 0.04


def test_it_learns_which_words_mean_which_colour(shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = PaletteTable(
        (), np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), np.float16), np.zeros((0, 384), np.float16)
    )
    monkeypatch.setattr(region_colours, "load_tables", lambda folder: (table, EMPTY))
    monkeypatch.setattr(region_colours, "BATCH", 12)
    run(Plan("regions", 0, 2e-3, warm_up=5, steps=60, ema=0.9), shard.parent, tmp_path / "run")
    network = load_region_colours(tmp_path / "run/regions.safetensors")
    made = gather_regions(shard)
    count = int(made["counts"][0].sum())
    features = torch.from_numpy(made["values"][:count].astype(np.float32))[None]
    whole, there = torch.from_numpy(made["wholes"][:1].astype(np.float32)), torch.ones(1, count, dtype=torch.bool)
    for which, wanted in ((0, RED), (1, BLUE)):
        words = torch.zeros(1, TOKENS + 15, 384)
        words[:, :TOKENS, which] = 3
        with torch.inference_mode():
            code = network(features, whole, there, torch.full((1, count), CODES), words)[0, 1].argmax()
        assert network.codes[code].numpy() * 255 == pytest.approx(wanted, abs=40)


def test_an_earlier_network_is_taken_over(tmp_path: Path) -> None:
    first, second = RegionColours(), RegionColours()
    save_network(first, tmp_path)
    take_over(second, tmp_path / "regions.safetensors")
    assert all(torch.equal(first.state_dict()[name], value) for name, value in second.state_dict().items())
