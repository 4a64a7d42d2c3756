"""Train the network that proposes a colour for every region.

    python -m pipeline.pocket.train.region_colours --minutes 25      # from the colourist's lessons

Its run lies in runs/colourist: regions.pt to go on from, regions.jsonl, and the averaged weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pipeline.colours.hint import find_regions
from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_colours import CODES, RegionColours
from pipeline.colours.region_features import CROP, WIDE, read_features, region_means
from pipeline.pocket.train.colourist import RUN, Lessons, load_tables
from pipeline.pocket.train.lesson_shards import LESSONS, list_shards, load_shard
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module

TRAINED = 56  # tokens of a lesson at most that a batch holds
REGIONS = 32  # regions among them
SPREAD = 0.05  # OKLab: a colour so far off is still half right
CELL = 0.5  # what a cell of the surroundings counts
SURE = 0.6  # of a field's pixel that a region fills at least, for its colour to be known
BATCH = 48


def gather_regions(file: Path) -> dict[str, np.ndarray]:
    """The regions of a shard's drawings, kept beside it: features, colours, weights, count."""
    kept = file / "region-tokens.npz"
    if kept.is_file():
        with np.load(kept) as data:
            return dict(data)
    shard = load_shard(file)
    values, colours, weights, counts, wholes = [], [], [], [], []
    for row in range(len(shard.captions)):
        lines = np.unpackbits(shard.lines[row], axis=-1) * np.uint8(255)
        regions = find_regions(lines)
        seen = read_features(lines, regions)
        field = shard.fields[row].astype(np.float32) / 255
        means, sure = region_means(regions, seen.numbers, field)
        cell_means, cell_sure = region_means(seen.cells, np.arange(1, len(seen.homes) + 1, dtype=np.int32), field)
        areas = np.bincount(regions.ravel())[seen.numbers]
        large = np.where(seen.outside, 0, np.clip(np.sqrt(areas) / 32, 0.3, 2))  # what runs off is its cells' to say
        values.append(seen.values.astype(np.float16))
        colours.append(np.concatenate([means, cell_means]))
        weights.append(np.concatenate([large * (sure >= SURE), CELL * (cell_sure >= SURE)]).astype(np.float32))
        counts.append((len(seen.numbers), len(seen.homes)))
        wholes.append(seen.whole.astype(np.float16))
    made = {
        "values": np.concatenate(values),
        "colours": np.concatenate(colours),
        "weights": np.concatenate(weights),
        "counts": np.array(counts),
        "wholes": np.stack(wholes),
    }
    np.savez(kept.with_suffix(".tmp.npz"), **made)  # type: ignore[arg-type]
    kept.with_suffix(".tmp.npz").replace(kept)
    return made


def make_codes(colours: np.ndarray, rounds: int = 12) -> np.ndarray:
    """CODES colours that stand for many, (CODES, 3) RGB in [0, 1]: k-means in OKLab."""
    rng = np.random.default_rng(0)
    some = colours[rng.choice(len(colours), min(len(colours), 20000), replace=False)]
    lab = to_oklab(some)
    centres = lab[rng.choice(len(lab), CODES, replace=len(lab) < CODES)]
    rgb = np.zeros((CODES, 3), np.float32)
    for _ in range(rounds):
        nearest = ((lab[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        for n in range(CODES):
            if (nearest == n).any():
                centres[n], rgb[n] = lab[nearest == n].mean(0), some[nearest == n].mean(0)
    return rgb


class RegionLessons:
    """Batches for the network: features, what is known already, tokens, and the codes that are right."""

    def __init__(self, lessons: Lessons, files: list[Path], codes: np.ndarray) -> None:
        self.lessons, self.codes = lessons, to_oklab(codes)
        self.shards = [(load_shard(file), gather_regions(file)) for file in files]
        self.starts = [np.concatenate([[0], np.cumsum(regions["counts"].sum(1))]) for _, regions in self.shards]

    def batches(self, size: int) -> Iterator[tuple[Tensor, ...]]:
        while True:
            made = [self.read() for _ in range(size)]
            yield tuple(torch.from_numpy(np.stack(parts)) for parts in zip(*made, strict=True))

    def read(self) -> tuple[np.ndarray, ...]:
        rng = self.lessons.rng
        which = int(rng.integers(len(self.shards)))
        shard, regions = self.shards[which]
        row = int(rng.integers(len(shard.captions)))
        start, (many, cells) = int(self.starts[which][row]), regions["counts"][row]
        part = np.concatenate([np.arange(min(many, REGIONS)), many + np.arange(cells)])[:TRAINED] + start
        count, inner = len(part), min(int(many), REGIONS)
        features = np.zeros((TRAINED, regions["values"].shape[1]), np.float32)
        features[:count] = regions["values"][part]
        weights = np.zeros(TRAINED, np.float32)
        weights[:count] = regions["weights"][part]
        apart = ((to_oklab(regions["colours"][part])[:, None] - self.codes[None]) ** 2).sum(-1)
        right = np.zeros((TRAINED, CODES), np.float32)
        right[:count] = np.exp(-apart / (2 * SPREAD**2)) + 1e-6
        right[:count] /= right[:count].sum(1, keepdims=True)
        known = np.full(TRAINED, CODES, np.int64)
        told = rng.random(count) < (0 if rng.random() < 0.4 else rng.uniform(0, 0.9))
        told[inner:] &= rng.random() < 0.75
        told &= regions["weights"][part] > 0
        known[:count][told] = apart.argmin(1)[told]
        weights[:count][told] = 0
        there = np.arange(TRAINED) < max(1, count)
        tokens = self.lessons.choose_tokens(shard, row, shard.fields[row].astype(np.float32) / 255)
        whole = regions["wholes"][row].astype(np.float32).reshape(WIDE * WIDE)
        return features, whole, there, known, tokens, right, weights


def region_loss(network: RegionColours, batch: object) -> tuple[Tensor, dict[str, float]]:
    assert isinstance(batch, tuple)
    features, whole, there, known, tokens, right, weights = batch
    logits = network(features, whole, there, known, tokens)
    each = -(right * logits.log_softmax(-1)).sum(-1)
    loss = (each * weights).sum() / weights.sum().clamp(min=1)
    hit = (logits.argmax(-1) == right.argmax(-1)).float()
    return loss, {"hit": float((hit * weights).sum() / weights.sum())}


def save_network(network: nn.Module, folder: Path) -> None:
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / "regions.safetensors"
    )


def take_over(network: RegionColours, file: Path) -> None:
    """Begin with the weights of an earlier network, whose regions may have had fewer features."""
    own = network.state_dict()
    for name, value in load_file(file).items():
        if own[name].shape == value.shape:
            own[name] = value.float()
        elif name == "see.weight":
            crops = value.shape[1] - 2 * CROP * CROP
            own[name] = torch.cat(
                [value[:, :crops], torch.zeros(len(value), own[name].shape[1] - value.shape[1]), value[:, crops:]], 1
            ).float()
    network.load_state_dict(own)


def run(
    plan: Plan, lessons: Path = LESSONS, folder: Path = RUN, seed: int = 0, most: int = 1000, start: Path | None = None
) -> RegionColours:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    table, empty = load_tables(lessons.parent)
    files = list_shards(lessons)[:most]
    network = RegionColours()
    if start is not None:
        take_over(network, start)
    codes = make_codes(np.concatenate([gather_regions(file)["colours"] for file in files[:4]]))
    codes = codes if start is None else network.codes.numpy().copy()
    network.codes.copy_(torch.from_numpy(codes))
    source = RegionLessons(Lessons(lessons, table, empty, offset_seed_by_progress(seed, plan, folder)), files, codes)

    def save(one: nn.Module, _: int) -> None:
        save_network(one, folder)

    folder.mkdir(parents=True, exist_ok=True)
    batches = source.batches(BATCH)
    train_module(plan, network, batches, lambda batch, _: region_loss(network, batch), folder=folder, on_save=save)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--folder", type=Path, default=RUN)
    parser.add_argument("--most", type=int, default=1000, help="shards to read")
    parser.add_argument("--name", default="regions")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    arguments = parser.parse_args()
    plan = Plan(arguments.name, arguments.minutes, arguments.rate, warm_up=100, ema=0.998, save_every=120)
    run(plan, folder=arguments.folder, most=arguments.most, start=arguments.start)


if __name__ == "__main__":
    main()
