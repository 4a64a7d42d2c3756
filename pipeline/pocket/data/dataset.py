"""Render training pictures once into shards on disk: things composed into scenes, drawn in a look.

The image tower learns looks from them: a *look* is a style with its parameters drawn from a seed. Every record is a
pure function of (pack, seed, number): a shard can be made again, or by several processes at once.

    <folder>/shard-<n>/pictures.npy   uint8 (N, 256, 256, 3), in their look
                      /records.json   caption, style, look, thing, colour of each picture
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.pack import PACK, Thing, load_pack

FOLDER = Path("data/pictures")
SIDE = 256  # px
SHARD = 500  # pictures
LOOKS = 24  # parameter draws per style; look 0 is the library's own
PLAIN = "plain"  # the composed picture as it is
PLAIN_SHARE = 0.22
LIBRARY_SHARE = 0.4  # of the styled pictures wear the library's own look
FAVOURITES = {"Animals & Nature": 3.0, "Food & Drink": 1.5, "Travel & Places": 1.5}  # what people draw first


@dataclass(frozen=True)
class Look:
    """Look is a style with one draw of its parameters; number 0 is the library's own."""

    style: str
    number: int  # 0 .. LOOKS - 1

    @property
    def key(self) -> str:
        return f"{self.style}/{self.number}"


def draw_look_parameters(look: Look) -> dict[str, Any]:
    """Draw a look's parameters from its own seed; look 0 has the style's defaults."""
    from pipeline.painters import DEFAULTS, draw_parameters

    if look.number == 0:
        return dict(DEFAULTS[look.style])
    seed = [int.from_bytes(look.style.encode()[:8], "little"), look.number]
    return draw_parameters(look.style, np.random.default_rng(seed))


def choose_look(rng: np.random.Generator, styles: Sequence[str]) -> Look:
    """Choose a look at random, plain in PLAIN_SHARE of the pictures."""
    if not styles or rng.random() < PLAIN_SHARE:
        return Look(PLAIN, 0)
    style = styles[int(rng.integers(len(styles)))]
    return Look(style, 0 if rng.random() < LIBRARY_SHARE else int(rng.integers(1, LOOKS)))


def draw_main_and_company(
    things: Sequence[Thing], rng: np.random.Generator, weights: NDArray[np.float64]
) -> list[Thing]:
    """Draw the main thing and two others for a scene, by their weights."""
    return [things[i] for i in rng.choice(len(things), size=3, replace=False, p=weights)]


def make_record(
    things: Sequence[Thing], seed: int, number: int, styles: Sequence[str]
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Make record `number` of the endless series `seed`: picture, what is known of it."""
    from pipeline.painters import render
    from pipeline.pocket.data.scenes import compose_picture

    rng = np.random.default_rng([seed, number])
    weights = np.array([FAVOURITES.get(thing.category, 1.0) for thing in things])
    chosen = draw_main_and_company(things, rng, weights / weights.sum())
    picture = compose_picture(chosen, rng, SIDE)
    look = choose_look(rng, styles)
    image = picture.image
    if look.style != PLAIN:
        image = render(look.style, image, draw_look_parameters(look), rng)
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    record = {
        "caption": picture.caption,
        "style": look.style,
        "look": look.key,
        "thing": picture.subject.name,
        "color": picture.color,
    }
    return pixels, record


@lru_cache(maxsize=1)
def load_training_things(pack: Path) -> tuple[Thing, ...]:
    """Load the things of a pack that are not held out."""
    return load_pack(pack).training


def make_shard(task: tuple[Path, Path, int, int, tuple[str, ...]]) -> Path:
    """Make one shard of SHARD pictures and return its folder; one that is there already stays."""
    pack_path, folder, seed, number, styles = task
    target = folder / f"shard-{number:04d}"
    if target.exists():
        return target
    things = load_training_things(pack_path)
    made = [make_record(things, seed, number * SHARD + i, styles) for i in range(SHARD)]
    draft = target.with_suffix(f".tmp{os.getpid()}")
    draft.mkdir(parents=True)
    np.save(draft / "pictures.npy", np.stack([pixels for pixels, _ in made]))
    (draft / "records.json").write_text(json.dumps([record for _, record in made]))
    shutil.move(draft, target)
    return target


def render_shards(
    folder: Path, seed: int, first: int, count: int, styles: Sequence[str], processes: int = 1, pack: Path = PACK
) -> None:
    """Render the shards first .. first + count - 1 that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(pack, folder, seed, number, tuple(styles)) for number in range(first, first + count)]
    with Pool(processes, cv2.setNumThreads, (1,)) as pool:
        for path in pool.imap(make_shard, tasks):
            print(path, flush=True)


def main() -> None:
    from pipeline.painters import RENDERERS

    parser = argparse.ArgumentParser(description="Render shards of training pictures.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="no styles: the composed pictures as they are")
    chosen = parser.parse_args()
    render_shards(
        chosen.folder,
        chosen.seed,
        chosen.first,
        chosen.count,
        () if chosen.plain else tuple(RENDERERS),
        chosen.processes,
    )


if __name__ == "__main__":
    main()
