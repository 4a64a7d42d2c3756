"""The colourist's training: shards, batches, loss, a run that goes on, and a field drawn with what it saved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.colours.palette import COLOURS, SLOTS, PaletteTable, own_palette, save_palettes
from pipeline.pocket.colourist_model import make_controlnet, make_unet
from pipeline.pocket.train import colourist
from pipeline.pocket.train.colourist import Batch, Colourist, Lessons, Loss
from pipeline.pocket.train.export_colourist import export_colourist
from pipeline.pocket.train.lesson_shards import TOKENS, Shard, list_shards, load_shard, write_shard
from pipeline.pocket.train.loop import Plan, read_progress
from pipeline.pocket.train.palette_table import reduce_colours

EMPTY = np.full((TOKENS, 384), 0.25, np.float32)


def make_shard(count: int = 6) -> Shard:
    draw = np.random.default_rng(0)
    lines = np.zeros((count, 256, 256), np.uint8)
    lines[:, 60:62, 60:200] = lines[:, 60:200, 60:62] = 1
    return Shard(
        draw.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8),
        np.full((count, 64, 64), 32, np.uint8),
        np.packbits(lines, axis=-1),
        draw.integers(0, 256, (1, 128, 128, 4), dtype=np.uint8),
        np.array([0] + [-1] * (count - 1), np.int32),
        draw.normal(size=(count, TOKENS, 384)).astype(np.float16),
        tuple(f"a fox {n}" for n in range(count)),
        (("fox",),) * count,
    )


@pytest.fixture
def table() -> PaletteTable:
    vector = np.zeros((1, 384), np.float16)
    vector[0, 0] = 1
    return PaletteTable(("fox",), np.full((1, 5, 3), 200, np.uint8), np.full((1, 5), 0.2, np.float16), vector)


@pytest.fixture
def lessons(tmp_path: Path, table: PaletteTable) -> Lessons:
    write_shard(make_shard(), tmp_path / "lessons" / "00000")
    return Lessons(tmp_path / "lessons", table, EMPTY, seed=0)


def test_a_shard_survives_the_disk(tmp_path: Path) -> None:
    shard = make_shard()
    write_shard(shard, tmp_path / "00000")
    read = load_shard(list_shards(tmp_path)[0])
    for field in dataclasses.fields(Shard):
        assert np.array_equal(getattr(read, field.name), getattr(shard, field.name))
    (tmp_path / "00001").mkdir()  # begun, not whole
    assert len(list_shards(tmp_path)) == 1


def test_batches_hold_hints_and_drop_words_and_palettes_now_and_then(lessons: Lessons) -> None:
    batches = lessons.batches(8)
    made = [next(batches) for _ in range(12)]
    assert made[0].field.shape == (8, 3, 64, 64) and made[0].hint.shape == (8, 14, 128, 128)
    tokens = torch.cat([batch.tokens for batch in made])
    assert tokens.shape[1:] == (TOKENS + SLOTS * COLOURS, 384)
    silent = (tokens[:, :TOKENS] == 0.25).all(-1).all(-1).float().mean()
    bare = (tokens[:, TOKENS:] == 0).all(-1).all(-1).float().mean()
    assert 0.03 < silent < 0.35 and 0.08 < bare < 0.45
    painted = torch.cat([batch.hint[:, 7].amax((1, 2)) for batch in made])
    assert 0 < (painted > 0).float().mean() < 0.5


def test_without_lessons_the_command_is_named(tmp_path: Path, table: PaletteTable) -> None:
    with pytest.raises(FileNotFoundError, match="lesson_shards"):
        next(Lessons(tmp_path, table, EMPTY, 0).batches(1))


def test_mirroring_turns_field_lines_and_paint_together(lessons: Lessons) -> None:
    lessons.look()
    shard = next(iter(lessons.shards.values()))
    both = {}
    while len(both) < 2:
        field, _, hint, _ = lessons.read(shard, 0)
        both[bool(np.array_equal(field[:, :, 0], shard.fields[0][:, 0].T.astype(np.float32) / 255))] = (field, hint)
    assert np.array_equal(both[True][0], both[False][0][:, :, ::-1])
    assert np.array_equal(both[True][1][4:8], both[False][1][4:8, :, ::-1])
    assert both[True][1][:4].sum() == both[False][1][:4].sum()


def test_the_model_is_small_enough_to_ship() -> None:
    unet = make_unet()
    model = Colourist(unet, make_controlnet(unet, torch.rand(2, 14, 128, 128)))
    assert 2 * sum(weight.numel() for weight in model.parameters()) < 20e6


def test_the_hint_is_heard_from_the_first_step() -> None:
    torch.manual_seed(0)
    unet = make_unet()
    hints = (torch.rand(4, 14, 128, 128) > 0.9).float()
    model = Colourist(unet, make_controlnet(unet, hints)).eval()
    with torch.no_grad():
        noisy, time, tokens = (
            torch.randn(1, 12, 32, 32).expand(2, -1, -1, -1),
            torch.tensor(500),
            torch.zeros(2, 39, 384),
        )
        made = model(noisy, time, tokens, hints[:2])
    assert (made[0] - made[1]).abs().mean() > 0.005


class Truth(torch.nn.Module):
    """Answers with a field that it knows."""

    def __init__(self, clean: Tensor) -> None:
        super().__init__()
        self.clean = clean

    def forward(self, noisy: Tensor, time: Tensor, tokens: Tensor, hint: Tensor) -> Tensor:
        return self.clean


def test_the_loss_of_the_truth_is_none_and_weights_count() -> None:
    field = torch.rand(4, 3, 64, 64)
    weights = torch.ones(4, 1, 64, 64)
    weights[:, :, :32] = 0
    batch = Batch(field, weights, torch.zeros(4, 14, 128, 128), torch.zeros(4, 39, 384))
    loss = Loss(None, 0)  # type: ignore[arg-type]
    clean = torch.nn.functional.pixel_unshuffle(field * 2 - 1, 2)
    loss.model = Truth(clean)  # type: ignore[assignment]
    assert float(loss(batch, 0)[0]) < 1e-3
    off = clean + torch.cat([torch.ones(4, 12, 16, 32), torch.zeros(4, 12, 16, 32)], 2)
    loss.model = Truth(off)  # type: ignore[assignment]
    assert float(loss(batch, 0)[0]) < 1e-3  # wrong only where the weight is none
    weights.fill_(1)
    assert float(loss(batch, 0)[0]) > 0.05


def test_a_run_is_gone_on_from_its_checkpoint_and_leaves_a_model(
    tmp_path: Path, lessons: Lessons, table: PaletteTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_palettes(table, tmp_path / "palettes.npz")
    monkeypatch.setattr(colourist, "load_tables", lambda folder: (table, EMPTY))
    monkeypatch.setattr(colourist, "BATCH", 1)
    plan = Plan("colourist", 0, 1e-3, steps=1)
    first = colourist.run(plan, tmp_path / "lessons", tmp_path / "run")
    assert read_progress(plan, tmp_path / "run")[0] == 1
    longer = dataclasses.replace(plan, steps=2)
    colourist.run(longer, tmp_path / "lessons", tmp_path / "run")
    assert read_progress(plan, tmp_path / "run")[0] == 2
    saved = colourist.run(
        dataclasses.replace(plan, name="b"), tmp_path / "lessons", tmp_path / "b", shipped=tmp_path / "run/model"
    )
    assert [one.shape for one in saved.parameters()] == [one.shape for one in first.parameters()]


def test_five_colours_stand_for_many_pixels() -> None:
    pixels = np.repeat(np.array([[250, 10, 10], [10, 10, 250], [240, 240, 240]], np.uint8), (60, 30, 10), axis=0)
    colours, shares = reduce_colours(pixels)
    assert shares[:3] == pytest.approx([0.6, 0.3, 0.1], abs=0.01) and not shares[3:].any()
    assert np.abs(colours[:3].astype(int) - [[250, 10, 10], [10, 10, 250], [240, 240, 240]]).max() < 12
    assert own_palette(colours, shares).colours.shape == (5, 3)


def test_what_ships_is_half_precision_and_paints(tmp_path: Path, table: PaletteTable) -> None:
    save_palettes(table, tmp_path / "palettes.npz")
    torch.manual_seed(0)
    unet = make_unet()
    colourist.save_model(Colourist(unet, make_controlnet(unet, torch.rand(2, 14, 128, 128))), tmp_path / "model")
    assert export_colourist(tmp_path / "model", tmp_path / "palettes.npz", tmp_path / "shipped") < 20e6
    for name in ("unet", "controlnet"):
        assert (tmp_path / "shipped" / name / "config.json").is_file()
    assert (tmp_path / "shipped/palettes.npz").is_file()
