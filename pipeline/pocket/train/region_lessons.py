"""Lessons for the network that proposes colours: drawings as tokens with their true colours, a thousand to a shard.

    python -m pipeline.pocket.train.region_lessons --count 30

A shard is made from its number alone, so that several processes share the work, and a build that was killed goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_features import RegionFeatures, read_features
from pipeline.colours.region_network import GROUND_ROWS
from pipeline.colours.regions import find_regions
from pipeline.colours.words import TEXT_TOKENS
from pipeline.pocket.data.hand_lines import draw_lines
from pipeline.pocket.data.lessons import Curriculum, write_caption
from pipeline.pocket.data.stage import Stage
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.train.text import encode_tokens, load_text_tower

LESSONS = FOLDER / "regions"
SIZE = 1000  # lessons of a shard
SHOWN = 64  # px of the picture that is kept of a lesson, for palettes and to look at
LIKE = 0.1  # OKLab: pixels so near to a region's middle colour are of it
PURE = 0.55  # share of such pixels that a region has at least, for its colour to be known
ENOUGH = 600  # pixels of a region that are looked at
CELL = 0.2  # what a cell of the surroundings counts
ARRAYS = ("values", "colours", "weights", "counts", "wholes", "grounds", "tokens", "lines", "pictures")

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RegionShard:
    """RegionShard holds N lessons as arrays, mapped from the disk; all drawings' T tokens lie one after another."""

    values: NDArray[np.float16]  # (T, FEATURES)
    colours: Float  # (T, 3) RGB in [0, 1]
    weights: Float  # (T,) 0 where no one colour is true
    counts: NDArray[np.int64]  # (N, 2) regions and cells of each drawing
    wholes: NDArray[np.float16]  # (N, WIDE * WIDE)
    grounds: Float  # (N, GROUND_ROWS, 3) OKLab, from the top down
    tokens: NDArray[np.float16]  # (N, TEXT_TOKENS, 384)
    lines: NDArray[np.uint8]  # (N, 256, 32), packed
    pictures: NDArray[np.uint8]  # (N, SHOWN, SHOWN, 3) RGB, the truth
    captions: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]  # of the things and the place, for their palettes


def make_shard(number: int, curriculum: Curriculum, tokenizer: Any, tower: Any, size: int = SIZE) -> RegionShard:
    """Make the lessons of one number."""
    made = [make_lesson(curriculum, np.random.default_rng([number, n])) for n in range(size)]
    parts = {name: [lesson[name] for lesson in made] for name in made[0]}
    captions = tuple(parts["captions"])
    return RegionShard(
        values=np.concatenate(parts["values"]),
        colours=np.concatenate(parts["colours"]),
        weights=np.concatenate(parts["weights"]),
        counts=np.array(parts["counts"]),
        wholes=np.stack(parts["wholes"]),
        grounds=np.stack(parts["grounds"]),
        tokens=encode_tokens(captions, tokenizer, tower, batch=50, length=TEXT_TOKENS),
        lines=np.stack(parts["lines"]),
        pictures=np.stack(parts["pictures"]),
        captions=captions,
        names=tuple(parts["names"]),
    )


def make_lesson(curriculum: Curriculum, rng: np.random.Generator) -> dict[str, Any]:
    """Make one lesson, by the names of RegionShard; its words are not encoded yet."""
    stage = curriculum.compose(rng)
    lines = draw_lines(stage.canvas, rng)
    seen, colours, weights = read_truth(lines, stage.canvas.colours)
    small = cv2.resize(stage.canvas.colours, (SHOWN, SHOWN), interpolation=cv2.INTER_AREA)
    return {
        "values": seen.values.astype(np.float16),
        "colours": colours,
        "weights": weights,
        "counts": (len(seen.numbers), len(seen.homes)),
        "wholes": seen.whole.astype(np.float16),
        "grounds": describe_ground(stage.place.image),
        "lines": np.packbits(lines > 0, axis=-1),
        "pictures": np.round(255 * np.clip(small, 0, 1)).astype(np.uint8),
        "captions": write_caption(stage, rng),
        "names": list_names(stage),
    }


def list_names(stage: Stage) -> tuple[str, ...]:
    """Return what the palettes of a picture are found by: its things, then its place."""
    return (*dict.fromkeys(stage.names), *((stage.place.name,) if stage.place.name else ()))


def read_truth(lines: NDArray[np.uint8], picture: Float) -> tuple[RegionFeatures, Float, Float]:
    """Return a drawing's tokens, their true colours (n, 3) RGB, and how much each counts, (n,).

    lines: (SIDE, SIDE) uint8 of 0 and 255. picture: (SIDE, SIDE, 3) RGB in [0, 1].
    """
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    colours, pure = find_middle_colours(regions, seen.numbers, picture)
    cells, cell_pure = find_middle_colours(seen.cells, np.arange(1, len(seen.homes) + 1, dtype=np.int32), picture)
    areas = np.bincount(regions.ravel())[seen.numbers]
    large = np.where(seen.outside, 0, np.clip(np.sqrt(areas) / 32, 0.5, 1.4))  # what runs off is its cells' to say
    weights = np.concatenate([large * pure, CELL * cell_pure])
    sure = np.concatenate([pure, cell_pure]) >= PURE
    return seen, np.concatenate([colours, cells]), (weights * sure).astype(np.float32)


def find_middle_colours(labels: NDArray[np.int32], numbers: NDArray[np.int32], picture: Float) -> tuple[Float, Float]:
    """Return the median colour of each numbered region, (n, 3) RGB, and the share of its pixels like it, (n,)."""
    order = np.argsort(labels.ravel(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels.ravel()))])
    flat, lab = picture.reshape(-1, 3), to_oklab(picture).reshape(-1, 3)
    colours, shares = np.zeros((len(numbers), 3), np.float32), np.zeros(len(numbers), np.float32)
    for n, number in enumerate(numbers):
        mine = order[starts[number] : starts[number + 1]]
        mine = mine[:: max(1, len(mine) // ENOUGH)]
        if len(mine):
            colours[n] = np.median(flat[mine], axis=0)
            shares[n] = (np.linalg.norm(lab[mine] - to_oklab(colours[n]), axis=-1) < LIKE).mean()
    return colours, shares


def describe_ground(image: Float) -> Float:
    """Return what a backdrop (SIDE, SIDE, 3) looks like from the top down, (GROUND_ROWS, 3) OKLab."""
    rows = np.array_split(image[::2, ::4], GROUND_ROWS)
    return to_oklab(np.stack([np.median(row.reshape(-1, 3), axis=0) for row in rows]))


def write_shard(shard: RegionShard, file: Path) -> None:
    """Write a shard as a folder."""
    file.mkdir(parents=True, exist_ok=True)
    for part in ARRAYS:
        np.save(file / f"{part}.npy", getattr(shard, part))
    words = {"captions": shard.captions, "names": shard.names}
    (file / "words.json").write_text(json.dumps(words))  # last: a folder with it is whole


def load_shard(file: Path) -> RegionShard:
    """Load a shard; its arrays stay on the disk."""
    words = json.loads((file / "words.json").read_text())
    arrays: dict[str, Any] = {part: np.load(file / f"{part}.npy", mmap_mode="r") for part in ARRAYS}
    names = tuple(tuple(one) for one in words["names"])
    return RegionShard(**arrays, captions=tuple(words["captions"]), names=names)


def list_shards(folder: Path = LESSONS) -> list[Path]:
    """List every shard that is whole, in order."""
    return sorted(file.parent for file in folder.glob("*/words.json"))


def build(count: int, folder: Path = LESSONS, share: int = 0, of: int = 1) -> None:
    """Make the shards that are missing of the first `count`; `share` is this process's turn `of` several."""
    cv2.setNumThreads(1)
    curriculum = Curriculum(load_vector_pack(folder.parent / "pack"))
    tokenizer, tower = load_text_tower()
    for number in range(share, count, of):
        file = folder / f"{number:05d}"
        if not (file / "words.json").is_file():
            started = time.monotonic()
            write_shard(make_shard(number, curriculum, tokenizer, tower), file)
            print(f"{file.name}: {SIZE / (time.monotonic() - started):.0f} lessons/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=LESSONS)
    parser.add_argument("--share", type=int, default=0, help="this process's turn")
    parser.add_argument("--of", type=int, default=1, help="processes")
    arguments = parser.parse_args()
    build(arguments.count, arguments.folder, arguments.share, arguments.of)


if __name__ == "__main__":
    main()
