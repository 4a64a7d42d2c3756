"""Judge what a picture shows: which of some 800 things, by a network for photographs and one drawing of each thing.

What is independent of what:
- The network (efficientnet.py) was trained on photographs by others; nothing of it is used in the model's training.
- The prototypes are Fluent's 3D renders, PROTOTYPES, which no part of the pocket model was trained on.
- The lines that the model gets are taken from DRAWN_BY's drawings, which no prototype shows.

On the true pictures the judge is right about four times in ten, among all of them; a model is held against that.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.grounds import Ground
from pipeline.pocket.data.pack import Thing
from pipeline.pocket.data.scenes import (
    Picture,
    add_article,
    choose_contrasting_ground,
    draw_cutout,
    place_cutout,
    stack_layers,
)
from pipeline.pocket.data.skies import Rng
from pipeline.pocket.evaluate.bench import Case, make_case_from
from pipeline.pocket.evaluate.efficientnet import EfficientNetLite0, extract_features, load_efficientnet
from pipeline.pocket.evaluate.measures import Pixels

JUDGES_FOLDER = Path("data/judges")
PROTOTYPES = "@lobehub/fluent-emoji-3d"
DRAWN_BY = "@iconify-json/twemoji"
SIZE_RANGE = (0.6, 0.92)  # of the side that the thing takes in a picture to judge
PROTOTYPE_SIZE = 0.85  # the same of a prototype
PAPER = (238, 238, 238)  # RGB behind prototypes
OFF_CENTRE = 0.08  # of the side
REVISION = 2  # raise it when what a judge is made from changes in a way that the pictures do not show

Features = NDArray[np.float32]


def find_drawing(thing: Thing, artist: str) -> NDArray[np.uint8] | None:
    """Return a thing's drawing by an artist, (128, 128, 4); None where there is none."""
    return thing.pictures[thing.artists.index(artist)] if artist in thing.artists else None


def list_candidates(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """List the things that have a prototype and another artist's drawing, by the hash of their names."""
    known = [thing for thing in things if PROTOTYPES in thing.artists and DRAWN_BY in thing.artists]
    return tuple(sorted(known, key=lambda thing: hashlib.sha256(thing.name.encode()).digest()))


def compose_thing(thing: Thing, drawing: NDArray[np.uint8], rng: Rng, side: int) -> Picture:
    """Compose one drawing of a thing, large, near the middle, in its own colours, on one plain tone."""
    one = Thing(thing.name, thing.words, thing.category, thing.held_out, (drawing,), ("",))
    rgb, alpha = draw_cutout(one, rng)
    middle = np.asarray(side * (0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2)), np.float32)
    main = place_cutout(rgb, alpha, rng, side, rng.uniform(*SIZE_RANGE), middle)
    ground: Ground = choose_contrasting_ground(main, rng, side, 1.0)
    image, seen, outlines = stack_layers(ground, main, (), in_front=True)
    return Picture(image, add_article(thing.name), seen, outlines, thing, None, (thing.name,))


def make_judging_case(thing: Thing, seed: int, side: int) -> Case:
    """Make a case of DRAWN_BY's drawing, or of the last one where that artist has none."""
    drawing = find_drawing(thing, DRAWN_BY)
    rng = np.random.default_rng([21, seed])
    return make_case_from(
        compose_thing(thing, thing.pictures[-1] if drawing is None else drawing, rng, side), rng, seed
    )


@dataclass(frozen=True, eq=False)
class Judge:
    """Judge names the thing that a picture shows, among those that it has a prototype of."""

    network: EfficientNetLite0
    names: tuple[str, ...]
    middle: Features  # (FEATURES,), the mean prototype
    places: Features  # (names, FEATURES), directions from the middle, of length 1

    def name_thing(self, picture: Pixels) -> str:
        """Name the thing whose prototype lies in the direction nearest to the picture's."""
        place = turn_to_unit(look_at(self.network, picture)[None] - self.middle)
        return self.names[int(np.argmax(self.places @ place[0]))]


def look_at(network: EfficientNetLite0, picture: Pixels) -> Features:
    """Return the mean features of a picture and its mirror image."""
    return np.asarray(
        extract_features(network, [picture, np.ascontiguousarray(picture[:, ::-1])]).mean(axis=0), np.float32
    )


def turn_to_unit(rows: Features) -> Features:
    """Scale each row to length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def make_prototype(drawing: NDArray[np.uint8]) -> Pixels:
    """Lay a cut-out (128, 128, 4) upon paper with a rim around it."""
    side = round(len(drawing) / PROTOTYPE_SIZE)
    corner = (side - len(drawing)) // 2
    page = np.full((side, side, 3), PAPER, np.float32)
    part = page[corner : corner + len(drawing), corner : corner + len(drawing)]
    part += (drawing[..., :3] - part) * (drawing[..., 3:] / np.float32(255))
    return np.asarray(page + 0.5, np.uint8)


def load_judge(things: Sequence[Thing], folder: Path = JUDGES_FOLDER) -> Judge:
    """Load the judge of these things; their prototypes are looked at once and kept in `folder` under a hash."""
    shown = [(thing.name, find_drawing(thing, PROTOTYPES)) for thing in things]
    missing = [name for name, drawing in shown if drawing is None]
    if missing:
        raise ValueError(f"Expected things that {PROTOTYPES} drew; it drew none of {', '.join(missing[:5])}.")
    network = load_efficientnet()
    drawings = [drawing for _, drawing in shown if drawing is not None]
    seen = load_features(network, drawings, folder)
    middle = np.asarray(seen.mean(axis=0), np.float32)
    return Judge(network, tuple(name for name, _ in shown), middle, turn_to_unit(seen - middle))


def load_features(network: EfficientNetLite0, drawings: Sequence[NDArray[np.uint8]], folder: Path) -> Features:
    """Load the prototypes' features (N, FEATURES), or extract and keep them."""
    path = folder / f"{hash_drawings(drawings)}.npy"
    if path.is_file():
        return np.asarray(np.load(path), np.float32)
    seen = np.stack([look_at(network, make_prototype(drawing)) for drawing in drawings])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as draft:
        np.save(draft, seen)
    os.replace(draft.name, path)
    return np.asarray(seen, np.float32)


def hash_drawings(drawings: Sequence[NDArray[np.uint8]]) -> str:
    """Hash what the prototypes are made from."""
    made = hashlib.sha256(repr((REVISION, PROTOTYPE_SIZE, PAPER)).encode())
    for drawing in drawings:
        made.update(drawing.tobytes())
    return made.hexdigest()[:16]
