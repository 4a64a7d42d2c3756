"""Train the network that proposes a colour for every region, or go on where a run was stopped.

    python -m pipeline.pocket.train.region_colours --minutes 100     # from the lessons of region_lessons.py

A run lies in runs/colourist: regions.pt to go on from, regions.jsonl, and the averaged weights as safetensors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.colours.palette import PaletteTable, load_palettes
from pipeline.colours.region_network import CODES, GROUNDS, RegionColours
from pipeline.colours.words import TEXT_TOKENS
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module
from pipeline.pocket.train.region_batches import RegionLessons
from pipeline.pocket.train.region_lessons import LESSONS, list_shards, load_shard
from pipeline.pocket.train.text import encode_tokens, load_text_tower

RUN = Path("runs/colourist")
BATCH = 48
GROUND = 0.15  # what the kind of ground counts beside the regions' colours


def find_centres(points: np.ndarray, count: int, rounds: int = 12, most: int = 20000) -> np.ndarray:
    """Return `count` points that stand for many, (n, d) -> (count, d): k-means."""
    rng = np.random.default_rng(0)
    some = points[rng.choice(len(points), min(len(points), most), replace=False)]
    centres = some[rng.choice(len(some), count, replace=len(some) < count)].copy()
    for _ in range(rounds):
        nearest = nearest_centres(some, centres)
        for n in range(count):
            if (nearest == n).any():
                centres[n] = some[nearest == n].mean(0)
    return centres


def nearest_centres(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    apart = (points**2).sum(-1)[:, None] - 2 * points @ centres.T + (centres**2).sum(-1)[None]
    return np.asarray(apart.argmin(1))


def make_codes(colours: np.ndarray) -> np.ndarray:
    """Return CODES colours that stand for many (n, 3), (CODES, 3) RGB in [0, 1]: k-means in OKLab."""
    return from_oklab(find_centres(to_oklab(colours), CODES).astype(np.float32))


def make_grounds(grounds: np.ndarray) -> np.ndarray:
    """Return GROUNDS kinds of ground, (GROUNDS, GROUND_ROWS, 3) OKLab, of many (n, GROUND_ROWS, 3)."""
    centres = find_centres(grounds.reshape(len(grounds), -1), GROUNDS)
    return np.asarray(centres.reshape(GROUNDS, *grounds.shape[1:]), np.float32)


def region_loss(network: RegionColours, batch: object) -> tuple[Tensor, dict[str, float]]:
    """Return the cross-entropy of the open regions' colours and of the open grounds, and how often each is hit."""
    assert isinstance(batch, tuple)
    features, whole, there, known, known_ground, tokens, right, weights, ground = batch
    logits, grounds = network(features, whole, there, known, known_ground, network.hear(tokens))
    each = -(right * logits.log_softmax(-1)).sum(-1)
    loss = (each * weights).sum() / weights.sum().clamp(min=1)
    asked = known_ground == GROUNDS
    kind = nn.functional.cross_entropy(grounds, ground, reduction="none")
    loss = loss + GROUND * (kind * asked).sum() / asked.sum().clamp(min=1)
    hit = (logits.argmax(-1) == right.argmax(-1)).float()
    ground_hit = ((grounds.argmax(-1) == ground) & asked).sum() / asked.sum().clamp(min=1)
    return loss, {"hit": float((hit * weights).sum() / weights.sum()), "ground": float(ground_hit)}


def save_network(network: nn.Module, folder: Path) -> None:
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / "regions.safetensors"
    )


def take_over(network: RegionColours, file: Path) -> None:
    """Begin with the weights of an earlier network, as far as they have the same names and shapes."""
    own = network.state_dict()
    earlier = load_file(file)
    own.update({name: one.float() for name, one in earlier.items() if name in own and own[name].shape == one.shape})
    network.load_state_dict(own)


def load_tables(folder: Path) -> tuple[PaletteTable, np.ndarray]:
    """Load the palettes, and the tokens of no words, (TEXT_TOKENS, 384)."""
    empty = encode_tokens([""], *load_text_tower(), length=TEXT_TOKENS)[0]
    return load_palettes(folder / "palettes.npz"), empty.astype(np.float32)


def run(
    plan: Plan, lessons: Path = LESSONS, folder: Path = RUN, seed: int = 0, start: Path | None = None
) -> RegionColours:
    """Train or go on; `start` holds the weights of an earlier network that a new run begins with."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    table, empty = load_tables(lessons.parent)
    shards = [load_shard(file) for file in list_shards(lessons)[:8]]
    if not shards:
        raise FileNotFoundError(f"{lessons} holds no lessons: python -m pipeline.pocket.train.region_lessons")
    network = RegionColours()
    checkpoint = folder / f"{plan.name}.pt"
    if checkpoint.is_file():  # the batches name colours by its codes
        network.load_state_dict(torch.load(checkpoint, weights_only=True)["module"])
    elif start is not None:
        take_over(network, start)
    if not network.codes.any():
        network.codes.copy_(torch.from_numpy(make_codes(np.concatenate([shard.colours for shard in shards[:4]]))))
    if not network.grounds.any():
        network.grounds.copy_(torch.from_numpy(make_grounds(np.concatenate([shard.grounds for shard in shards]))))
    source = RegionLessons(lessons, table, empty, network, offset_seed_by_progress(seed, plan, folder))
    folder.mkdir(parents=True, exist_ok=True)
    train_module(
        plan,
        network,
        source.batches(BATCH),
        lambda batch, _: region_loss(network, batch),
        folder=folder,
        on_save=lambda one, _: save_network(one, folder),
    )
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=150)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--folder", type=Path, default=RUN)
    parser.add_argument("--name", default="regions")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    arguments = parser.parse_args()
    plan = Plan(arguments.name, arguments.minutes, arguments.rate, warm_up=100, ema=0.998, save_every=120)
    run(plan, folder=arguments.folder, start=arguments.start)


if __name__ == "__main__":
    main()
