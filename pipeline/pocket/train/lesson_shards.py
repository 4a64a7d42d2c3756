"""Lessons on disk, a thousand to a shard, with the tokens of their captions.

    python -m pipeline.pocket.train.lesson_shards --count 30

A shard is made from its number alone, so that several processes share the work: each takes numbers that lack a file.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.hint import SEEN, shrink_colours
from pipeline.pocket.data.lessons import Curriculum, Lesson
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.train.text import encode_tokens, load_text_tower

LESSONS = FOLDER / "lessons"
SIZE = 1000  # lessons
TOKENS = 24  # of a caption


@dataclass(frozen=True, eq=False)
class Shard:
    """Lessons as arrays, mapped from the disk."""

    fields: NDArray[np.uint8]  # (N, 64, 64, 3)
    weights: NDArray[np.uint8]  # (N, 64, 64), 32 for 1
    lines: NDArray[np.uint8]  # (N, 256, 32), packed
    painted: NDArray[np.uint8]  # (M, 128, 128, 4), of those lessons that have some
    painted_row: NDArray[np.int32]  # (N,) row in `painted`, or -1
    tokens: NDArray[np.float16]  # (N, 24, 384)
    captions: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]


def make_shard(number: int, curriculum: Curriculum, tokenizer: Any, tower: Any, size: int = SIZE) -> Shard:
    lessons = [curriculum.make([number, n]) for n in range(size)]
    some = [n for n, lesson in enumerate(lessons) if lesson.painted.any()]
    row = np.full(size, -1, np.int32)
    row[some] = np.arange(len(some))
    painted = [small_paint(lessons[n]) for n in some] or [np.zeros((SEEN, SEEN, 4), np.uint8)]
    captions = tuple(lesson.caption for lesson in lessons)
    return Shard(
        np.stack([lesson.field for lesson in lessons]),
        np.stack([np.round(32 * lesson.weights).astype(np.uint8) for lesson in lessons]),
        np.packbits(np.stack([lesson.lines for lesson in lessons]) > 0, axis=-1),
        np.stack(painted),
        row,
        encode_captions(captions, tokenizer, tower),
        captions,
        tuple(lesson.names for lesson in lessons),
    )


def small_paint(lesson: Lesson) -> NDArray[np.uint8]:
    hint = shrink_colours(lesson.colours, lesson.painted)
    return np.asarray(np.round(255 * hint).astype(np.uint8).transpose(1, 2, 0), np.uint8)


def encode_captions(captions: tuple[str, ...], tokenizer: Any, tower: Any) -> NDArray[np.float16]:
    return encode_tokens(captions, tokenizer, tower, batch=50, length=TOKENS)


def write_shard(shard: Shard, file: Path) -> None:
    file.mkdir(parents=True, exist_ok=True)
    for part in ("fields", "weights", "lines", "painted", "painted_row", "tokens"):
        np.save(file / f"{part}.npy", getattr(shard, part))
    words = {"captions": shard.captions, "names": shard.names}
    (file / "words.json").write_text(json.dumps(words))  # last: a folder with it is whole


def load_shard(file: Path) -> Shard:
    words = json.loads((file / "words.json").read_text())
    parts = ("fields", "weights", "lines", "painted", "painted_row", "tokens")
    arrays = [np.load(file / f"{part}.npy", mmap_mode="r") for part in parts]
    fields, weights, lines, painted, row, tokens = arrays
    names = tuple(tuple(one) for one in words["names"])
    return Shard(fields, weights, lines, painted, row, tokens, tuple(words["captions"]), names)


def list_shards(folder: Path = LESSONS) -> list[Path]:
    """Every shard that is whole, in order."""
    return sorted(file.parent for file in folder.glob("*/words.json"))


def build(count: int, folder: Path = LESSONS, share: int = 0, of: int = 1, pause: float = 0.0) -> None:
    curriculum = Curriculum(load_vector_pack(folder.parent / "pack"))
    tokenizer, tower = load_text_tower()
    for number in range(share, count, of):
        file = folder / f"{number:05d}"
        if not (file / "words.json").is_file():
            started = time.monotonic()
            write_shard(make_shard(number, curriculum, tokenizer, tower), file)
            print(f"{file.name}: {SIZE / (time.monotonic() - started):.0f} lessons/s", flush=True)
            time.sleep(pause)


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
