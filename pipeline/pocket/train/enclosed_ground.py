"""Fit what tells ground that lines enclose from things, on lessons whose parts are known.

    python -m pipeline.pocket.train.enclosed_ground [--weights assets/pocket/colourist/region_colours.safetensors]

It goes with one network's weights: train, fit, then export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.colours.enclosed import EVIDENCE, UNITS, EnclosedGround, gather_evidence, save_enclosed_ground
from pipeline.colours.palette import PaletteTable, load_palettes
from pipeline.colours.region_features import RegionFeatures, read_features
from pipeline.colours.region_network import RegionColours, load_region_colours
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import FirstLook
from pipeline.colours.words import encode_words, join_palettes
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.lessons import Curriculum, write_caption
from pipeline.pocket.data.part_canvas import GROUND, Rng
from pipeline.pocket.data.stage import Stage
from pipeline.pocket.data.thin_strokes import thin_out
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.train.fitting import read_fitting
from pipeline.pocket.train.text import load_text_tower

FITTED = FOLDER / "enclosed.npz"
LESSONS = 7400  # that it is fitted on
WIDEST = (1, 7, 11, 15)  # px: thin parts up to such a width are drawn as one stroke; of 1 there are none
MOSTLY = 0.6  # share of a region that is ground, for it to be taken for one
ROUNDS, BATCH, RATE = 12, 512, 4e-3

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GroundCase:
    """GroundCase is a lesson of which it is known where its ground is."""

    stage: Stage
    lines: NDArray[np.uint8]  # (256, 256) white on black
    caption: str
    regions: NDArray[np.int32]
    seen: RegionFeatures
    shares: Float  # (n,) of each region, how much of it is ground


def make_ground_case(curriculum: Curriculum, rng: Rng, *, is_sketchy: bool = False) -> GroundCase:
    """Compose a lesson and look where its ground lies; land below a drawn horizon is ground too.

    is_sketchy: draw it as hands do that take stems and handles for single strokes, between which ground lies oftener.
    """
    stage = curriculum.compose(rng)
    canvas = thin_out(stage.canvas, int(rng.choice(WIDEST))) if is_sketchy else stage.canvas
    lines, caption = draw_lines(canvas, rng), write_caption(stage, rng)
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    is_ground = np.isin(stage.canvas.parts, [GROUND, stage.land]).ravel()
    shares = np.bincount(regions.ravel(), is_ground) / np.maximum(np.bincount(regions.ravel()), 1)
    return GroundCase(stage, lines, caption, regions, seen, shares[seen.numbers].astype(np.float32))


def read_evidence(
    cases: Iterable[GroundCase], network: RegionColours, table: PaletteTable, tokenizer: Any, tower: Any
) -> Iterator[tuple[Float, NDArray[np.bool_]]]:
    """Yield of each case's inner regions the evidence, (n, EVIDENCE), and whether they are ground, (n,)."""
    for case in cases:
        words = join_palettes(encode_words(case.caption, tokenizer, tower), table.find(case.caption))
        if not len(case.seen.numbers):
            continue
        minds = FirstLook.take(network, case.seen, words, 1.0).minds[0, : len(case.seen.numbers)].numpy()
        inner = ~case.seen.outside
        yield gather_evidence(minds, case.regions, case.seen)[inner], case.shares[inner] >= MOSTLY


def fit(evidence: Float, is_ground: NDArray[np.bool_]) -> EnclosedGround:
    """Fit a network of one hidden layer to evidence (n, EVIDENCE). The same in each run."""
    middle, spread = evidence.mean(0), evidence.std(0) + 1e-3
    scaled = ((evidence - middle) / spread).astype(np.float32)
    torch.manual_seed(0)
    first, last = nn.Linear(EVIDENCE, UNITS), nn.Linear(UNITS, 1)
    network = nn.Sequential(nn.Dropout(0.1), first, nn.ReLU(), nn.Dropout(0.3), last, nn.Flatten(0))
    descend(network, torch.from_numpy(scaled), torch.from_numpy(is_ground).float(), ROUNDS)
    units = first.weight.detach().numpy()
    thresholds = units @ (middle / spread) - first.bias.detach().numpy()
    weights, bias = last.weight.detach().numpy()[0], np.asarray(last.bias.item(), np.float32)
    return EnclosedGround(units / spread, thresholds.astype(np.float32), weights.astype(np.float32), bias)


def descend(network: nn.Module, evidence: Tensor, right: Tensor, rounds: int) -> None:
    """Train on all evidence so many times over, by a rate that rises and falls."""
    steps = max(1, len(evidence) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=rounds * steps)
    for _ in range(rounds):
        for batch in torch.randperm(len(evidence)).tensor_split(steps):
            loss = nn.functional.binary_cross_entropy_with_logits(network(evidence[batch]), right[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
    network.eval()


def run(weights: Path, table: Path, pack: Path, file: Path = FITTED, lessons: int = LESSONS) -> EnclosedGround:
    """Fit on `lessons` lessons for the network of `weights`, and write what was fitted."""
    torch.set_num_threads(1)
    curriculum = Curriculum(load_vector_pack(pack))
    cases = (make_ground_case(curriculum, np.random.default_rng([76, n]), is_sketchy=True) for n in range(lessons))
    with torch.inference_mode():
        read = list(read_evidence(cases, load_region_colours(weights), load_palettes(table), *load_text_tower()))
    ground = fit(np.concatenate([one for one, _ in read]), np.concatenate([one for _, one in read]))
    save_enclosed_ground(ground, file)
    return ground


def main() -> None:
    asked = read_fitting(__doc__, FITTED, LESSONS)
    run(asked.weights, asked.palettes, asked.pack, asked.file, asked.count)


if __name__ == "__main__":
    main()
