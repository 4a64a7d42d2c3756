"""Train the colourist from nothing, or go on where a run was stopped.

    python -m pipeline.pocket.train.colourist --minutes 75                       # data/colourist must be made
    python -m pipeline.pocket.train.colourist --all --minutes 240                # from nothing: data too
    torchrun --nproc-per-node 2 -m pipeline.pocket.train.colourist --minutes 75  # by two processes

The run lies in runs/colourist: colourist.pt (to go on from), colourist.jsonl (log), model/ (averaged weights in
diffusers' layout, written with every checkpoint). Squared error of the field itself, small parts weighted up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import Tensor, nn

from pipeline.colours.field import pack_field
from pipeline.colours.hint import SEEN, describe_regions, find_regions
from pipeline.colours.palette import PaletteTable, own_palette, palette_tokens
from pipeline.pocket.colourist_model import make_controlnet, make_training_noise, make_unet
from pipeline.pocket.train import parallel
from pipeline.pocket.train.lesson_shards import LESSONS, Shard, encode_captions, list_shards, load_shard
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module
from pipeline.pocket.train.palette_table import reduce_colours
from pipeline.pocket.train.precision import FullAttention

RUN = Path("runs/colourist")
NO_TEXT, NO_PALETTE, NOTHING = 0.1, 0.2, 0.05  # shares of lessons without words, without palettes, without both
CHOSEN = 0.12  # share with the picture's own palette, as if a person had chosen it
PROPOSED, PROPOSED_TOO = 0.7, 0.4  # shares of lessons whose regions come with proposed colours; with painted ones too
FIRST = 0.15  # share at pure noise, where a picture begins
LAST = 250  # the steps of least noise, in the log
MOST_HEARD = 4.0
BATCH = 16  # of all processes together


@dataclass(frozen=True, eq=False)
class Batch:
    field: Tensor  # (B, 3, 64, 64) in [0, 1]
    weights: Tensor  # (B, 1, 64, 64)
    hint: Tensor  # (B, 14, 128, 128)
    tokens: Tensor  # (B, 39, 384)


class Lessons:
    """Batches of lessons from whatever shards there are; new shards are seen as they come."""

    def __init__(self, folder: Path, table: PaletteTable, empty: np.ndarray, seed: int) -> None:
        """`empty`: (24, 384) tokens of no words."""
        self.folder, self.table, self.empty = folder, table, empty
        self.rng = np.random.default_rng(seed)
        self.shards: dict[Path, Shard] = {}

    def look(self) -> None:
        for file in list_shards(self.folder):
            if file not in self.shards:
                self.shards[file] = load_shard(file)
        if not self.shards:
            raise FileNotFoundError(f"{self.folder} holds no lessons: python -m pipeline.pocket.train.lesson_shards")

    def batches(self, size: int) -> Iterator[Batch]:
        count = 0
        while True:
            if count % 100 == 0:
                self.look()
            count += 1
            shards = list(self.shards.values())
            made = []
            for _ in range(size):
                shard = shards[int(self.rng.integers(len(shards)))]
                made.append(self.read(shard, int(self.rng.integers(len(shard.captions)))))
            yield Batch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*made, strict=True)))

    def read(self, shard: Shard, row: int) -> tuple[np.ndarray, ...]:
        """One lesson, mirrored half of the time: field, weights, hint, tokens."""
        field = shard.fields[row].astype(np.float32) / 255
        weights = shard.weights[row].astype(np.float32) / 32
        lines = np.unpackbits(shard.lines[row], axis=-1)
        paint = shard.painted[shard.painted_row[row]] if shard.painted_row[row] >= 0 else None
        if self.rng.random() < 0.5:
            field, weights, lines = field[:, ::-1], weights[:, ::-1], np.ascontiguousarray(lines[:, ::-1])
            paint = None if paint is None else paint[:, ::-1]
        tokens = self.choose_tokens(shard, row, field)
        hint = self.add_proposals(make_lesson_hint(lines, paint), lines, field, paint is not None)
        return field.transpose(2, 0, 1).copy(), weights[None].copy(), hint, tokens

    def add_proposals(self, hint: np.ndarray, lines: np.ndarray, field: np.ndarray, painted: bool) -> np.ndarray:
        """Fill regions with their own colours, a little off, as `RegionColours` proposes them when it is asked."""
        if self.rng.random() > (PROPOSED_TOO if painted else PROPOSED):
            return hint
        regions = find_regions(lines * np.uint8(255))
        colours, sure = mean_colours(regions, field)
        kept = sure & (self.rng.random(len(sure)) > self.rng.uniform(0, 0.35))
        outside = runs_off(regions, len(sure))
        kept &= ~outside | (self.rng.random(len(sure)) < 0.35)
        colours = np.clip(colours + self.rng.normal(0, self.rng.uniform(0, 0.05), colours.shape), 0, 1)
        at = regions[::2, ::2]
        fill = kept[at] & (hint[7] == 0)
        hint[4:7, fill], hint[7, fill] = colours[at][fill].T, 1
        return hint

    def choose_tokens(self, shard: Shard, row: int, field: np.ndarray) -> np.ndarray:
        chance = self.rng.random()
        text = self.empty if chance < NO_TEXT + NOTHING else shard.tokens[row].astype(np.float32)
        if chance < NOTHING or self.rng.random() < NO_PALETTE:
            return np.concatenate([text, palette_tokens([])])
        if self.rng.random() < CHOSEN:
            pixels = np.round(255 * field[::2, ::2].reshape(-1, 3)).astype(np.uint8)
            colours, shares = reduce_colours(pixels)
            return np.concatenate([text, palette_tokens([own_palette(colours, list(shares))])])
        palettes = [palette for name in shard.names[row] if (palette := self.table.get(name)) is not None]
        return np.concatenate([text, palette_tokens(palettes)])


def mean_colours(regions: np.ndarray, field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each region's mean colour in the field, (n, 3) in [0, 1], and whether it holds a pixel of it, (n,)."""
    at, count = regions[2::4, 2::4].ravel(), int(regions.max()) + 1
    areas = np.bincount(at, minlength=count)
    sums = [np.bincount(at, field[..., n].ravel(), count) for n in range(3)]
    return np.stack(sums, -1) / np.maximum(areas, 1)[:, None], areas > 0


def runs_off(regions: np.ndarray, count: int) -> np.ndarray:
    """Which regions touch the picture's rim, (count,)."""
    off = np.zeros(count, bool)
    off[np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))] = True
    return off


def make_lesson_hint(lines: np.ndarray, paint: np.ndarray | None) -> np.ndarray:
    """The hint of a lesson: `lines` (256, 256) of 0 and 1, `paint` (128, 128, 4) uint8."""
    drawn = lines.reshape(SEEN, 2, SEEN, 2).transpose(1, 3, 0, 2).reshape(4, SEEN, SEEN).astype(np.float32)
    colours = (
        np.zeros((4, SEEN, SEEN), np.float32) if paint is None else paint.transpose(2, 0, 1).astype(np.float32) / 255
    )
    return np.concatenate([drawn, colours, describe_regions(find_regions(lines * np.uint8(255)))])


class Colourist(nn.Module):
    def __init__(self, unet: UNet2DConditionModel, controlnet: ControlNetModel) -> None:
        super().__init__()
        self.unet, self.controlnet = unet, controlnet

    def forward(self, noisy: Tensor, step: Tensor, tokens: Tensor, hint: Tensor) -> Tensor:
        down, middle = self.controlnet(noisy, step, tokens, hint, return_dict=False)
        field: Tensor = self.unet(
            noisy, step, tokens, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        return field


class Loss:
    """Squared error of the field, weighted by part; steps even, pure noise more often.

    Where the signal is louder than the noise the error counts up to MOST_HEARD times (min-SNR, Hang et al. 2023).
    """

    def __init__(self, model: Colourist, seed: int) -> None:
        self.model = model
        self.kept = make_training_noise().alphas_cumprod
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(batch, Batch)
        clean = pack_field(batch.field)
        times = torch.randint(0, len(self.kept), (len(clean),), generator=self.generator)
        times[torch.rand(len(clean), generator=self.generator) < FIRST] = len(self.kept) - 1
        kept = self.kept[times].view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=self.generator)
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        with half_precision():
            made = self.model(*channels_last(noisy), times, batch.tokens, *channels_last(batch.hint)).float()
        weights = nn.functional.pixel_unshuffle(batch.weights, 2).repeat(1, 3, 1, 1)
        error = ((made - clean) ** 2 * weights).mean((1, 2, 3))
        heard = (1 + kept.flatten() / (1 - kept.flatten())).clamp(max=MOST_HEARD)
        first, last = error.detach()[times == len(self.kept) - 1], error.detach()[times < LAST]
        figures = {name: float(some.mean()) for name, some in (("first", first), ("last", last)) if len(some)}
        return (error * heard).mean(), figures


def channels_last(*tensors: Tensor) -> list[Tensor]:
    return [tensor.to(memory_format=torch.channels_last) for tensor in tensors]


def half_precision() -> ExitStack:
    """bf16 without attention: with avx512_bf16 1.6 times as fast as fp32 here, with AMX twice."""
    stack = ExitStack()
    stack.enter_context(torch.autocast("cpu", torch.bfloat16))
    stack.enter_context(FullAttention())
    return stack


def load_tables(folder: Path) -> tuple[PaletteTable, np.ndarray]:
    """The palettes and the tokens of no words."""
    from pipeline.colours.palette import load_palettes
    from pipeline.pocket.train.text import load_text_tower

    return load_palettes(folder / "palettes.npz"), encode_captions(("",), *load_text_tower())[0].astype(np.float32)


def save_model(model: nn.Module, folder: Path) -> None:
    assert isinstance(model, Colourist)
    model.unet.save_pretrained(folder / "unet")
    model.controlnet.save_pretrained(folder / "controlnet")


def run(
    plan: Plan, lessons: Path = LESSONS, folder: Path = RUN, seed: int = 0, shipped: Path | None = None
) -> Colourist:
    """Train or go on; `shipped`: a folder with unet/ and controlnet/ whose weights a new run starts from."""
    parallel.join_processes()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    table, empty = load_tables(lessons.parent)
    batches = Lessons(lessons, table, empty, parallel.offset_seed(offset_seed_by_progress(seed, plan, folder))).batches(
        parallel.share_batch(BATCH)
    )
    if shipped is None:
        unet = make_unet()
        model = Colourist(unet, make_controlnet(unet, next(batches).hint))
    else:
        model = Colourist(
            UNet2DConditionModel.from_pretrained(shipped / "unet"),
            ControlNetModel.from_pretrained(shipped / "controlnet"),
        )
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss = Loss(model, parallel.offset_seed(offset_seed_by_progress(seed, plan, folder)))
    train_module(plan, model, batches, loss, folder=folder, on_save=lambda one, _: save_model(one, folder / "model"))
    parallel.leave_processes()
    return model


def make_data(shards: int) -> None:
    """Everything in data/colourist that is missing."""
    from pipeline.pocket.data import vector_pack
    from pipeline.pocket.train import lesson_shards, palette_table

    if not (vector_pack.FOLDER / "pack/names.json").is_file():
        vector_pack.build()
    if not palette_table.TABLE.is_file():
        palette_table.main()
    lesson_shards.build(shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--name", default="colourist")
    parser.add_argument("--folder", type=Path, default=RUN)
    parser.add_argument("--from-shipped", type=Path, help="a folder with unet/ and controlnet/ to start from")
    parser.add_argument("--all", action="store_true", help="make the data first")
    parser.add_argument("--shards", type=int, default=30, help="thousands of lessons, with --all")
    arguments = parser.parse_args()
    if arguments.all:
        make_data(arguments.shards)
    plan = Plan(arguments.name, arguments.minutes, arguments.rate, warm_up=150, ema=0.998, save_every=240)
    run(plan, folder=arguments.folder, shipped=arguments.from_shipped)


if __name__ == "__main__":
    main()
