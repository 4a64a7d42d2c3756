"""Judge what a picture shows: which of 50 things, by linear discriminants over outlines and colours.

On originals by the artist that it never saw (see below) it is right about 84 times in 100; the table tells.

What is independent of what:
- A judge of held-out things is fitted on drawings of things that the model's training never saw (`Pack.held_out`).
  A second one judges things that the model was taught; its drawings overlap with training, its weights do not.
- The artist who drew what the model is asked to follow, UNSEEN_ARTIST, is left out when a judge is fitted: it must know
  a whale by other people's whales, and cannot answer for having met the very outline.
- Nothing of a judge (features, weights, answers) is used anywhere in training or in choosing weights.

Candidates are the first by the hash of their names, so nobody chose the easy ones.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
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
from pipeline.pocket.data.strokes import to_bytes
from pipeline.pocket.evaluate.bench import Case, make_case_from
from pipeline.pocket.evaluate.measures import Floats, Pixels, to_lab
from pipeline.pocket.evaluate.perception import crop_foreground, describe_outlines, describe_silhouette, describe_tones

JUDGES_FOLDER = Path("data/judges")
CANDIDATES = 50
UNSEEN_ARTIST = "@iconify-json/twemoji"
VIEWS = 12  # pictures that each drawing is shown in while a judge is fitted
VIEW_SIDE = 96  # px of those
SIZE_RANGE = (0.6, 0.92)  # of the side that the thing takes
OFF_CENTRE = 0.08  # of the side
SHRINKAGE = 0.3
REVISION = 1  # raise it when what a judge is made from changes in a way that the pictures do not show


def choose_candidates(things: Sequence[Thing], count: int = CANDIDATES) -> tuple[Thing, ...]:
    """Choose the first `count` things by the hash of their names, so that nobody chooses."""
    return tuple(sorted(things, key=lambda thing: hashlib.sha256(thing.name.encode()).digest())[:count])


def split_drawings(thing: Thing) -> tuple[list[NDArray[np.uint8]], NDArray[np.uint8]]:
    """Split a thing's drawings into those that a judge is fitted on, and the one that pictures to judge are made from.

    A thing that UNSEEN_ARTIST did not draw gives its last one; a thing with one drawing gives it for both.
    """
    number = thing.artists.index(UNSEEN_ARTIST) if UNSEEN_ARTIST in thing.artists else len(thing.pictures) - 1
    rest = [picture for i, picture in enumerate(thing.pictures) if i != number]
    return rest or [thing.pictures[number]], thing.pictures[number]


def compose_thing(thing: Thing, drawing: NDArray[np.uint8], rng: Rng, side: int, plain_share: float) -> Picture:
    """Compose one drawing of a thing, large, near the middle, in its own colours, on a ground; in plain style."""
    one = Thing(thing.name, thing.words, thing.category, thing.held_out, (drawing,), ("",))
    rgb, alpha = draw_cutout(one, rng)
    middle = np.asarray(side * (0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2)), np.float32)
    main = place_cutout(rgb, alpha, rng, side, rng.uniform(*SIZE_RANGE), middle)
    ground: Ground = choose_contrasting_ground(main, rng, side, plain_share)
    image, seen = stack_layers(ground, main, (), in_front=True)
    return Picture(image, add_article(thing.name), seen, thing, None, (thing.name,))


def make_judging_case(thing: Thing, seed: int, side: int) -> Case:
    """Make a case of UNSEEN_ARTIST's drawing on one plain tone, so that the lines are the thing's alone."""
    rng = np.random.default_rng([21, seed])
    return make_case_from(compose_thing(thing, split_drawings(thing)[1], rng, side, 1.0), rng, seed)


def extract_features(picture: Pixels) -> Floats:
    """Extract what a judge goes by: outlines, tones and silhouette of what stands out from the ground, a vector."""
    lab = to_lab(crop_foreground(picture))
    parts = (describe_outlines(lab), describe_tones(lab), describe_silhouette(lab))
    return np.concatenate([part.ravel() for part in parts]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Judge:
    """Judge names the thing that a picture shows, among those that it was fitted on."""

    names: tuple[str, ...]
    middle: Floats  # (traits,), the mean picture
    map: Floats  # (traits, dimensions): discriminants, in units of the spread within a thing
    places: Floats  # (names, dimensions), where each thing lies

    @classmethod
    def fit(cls, names: Sequence[str], seen: Sequence[Floats], shrinkage: float = SHRINKAGE) -> Judge:
        """Fit linear discriminants (Fisher 1936) of things.

        `seen`: for each name, its pictures' features (pictures, features).
        """
        means = np.stack([rows.mean(axis=0) for rows in seen])
        away = np.concatenate([rows - mean for rows, mean in zip(seen, means, strict=True)])
        spread = away.T @ away / len(away)
        spread = (1 - shrinkage) * spread + np.eye(len(spread)) * shrinkage * float(np.trace(spread)) / len(spread)
        whiten = np.linalg.inv(np.linalg.cholesky(spread)).T
        middle = means.mean(axis=0)
        _, _, axes = np.linalg.svd((means - middle) @ whiten, full_matrices=False)
        map = whiten @ axes[: max(1, len(names) - 1)].T
        return cls(tuple(names), middle, map, (means - middle) @ map)

    def name_thing(self, picture: Pixels) -> str:
        """Name the thing whose place is nearest to the picture's and to its mirror image's together."""
        views = np.stack([extract_features(picture), extract_features(np.ascontiguousarray(picture[:, ::-1]))])
        away = ((self.places - ((views - self.middle) @ self.map)[:, None]) ** 2).sum(axis=(0, 2))
        return self.names[int(np.argmin(away))]


def fit_judge(things: Sequence[Thing], views: int = VIEWS) -> Judge:
    """Fit a judge on every artist but UNSEEN_ARTIST; half of the views are blurred a little, as models draw."""
    rng = np.random.default_rng(22)
    return Judge.fit(
        [thing.name for thing in things],
        [
            np.stack(
                [
                    extract_features(draw_view(thing, drawing, rng, blurred=view % 2 == 1))
                    for drawing in split_drawings(thing)[0]
                    for view in range(views)
                ]
            )
            for thing in things
        ],
    )


def draw_view(thing: Thing, drawing: NDArray[np.uint8], rng: Rng, blurred: bool) -> Pixels:
    """Draw one view of a thing for fitting, (VIEW_SIDE, VIEW_SIDE, 3)."""
    pixels = to_bytes(compose_thing(thing, drawing, rng, VIEW_SIDE, 0.4).image)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.6)), np.uint8) if blurred else pixels


def load_judge(things: Sequence[Thing], folder: Path = JUDGES_FOLDER, views: int = VIEWS) -> Judge:
    """Load the judge of these things, fitted once and kept in `folder` under the hash of what it is made from."""
    path = folder / f"{hash_inputs(things, views)}.npz"
    if path.is_file():
        with np.load(path) as kept:
            return Judge(tuple(str(name) for name in kept["names"]), kept["middle"], kept["map"], kept["places"])
    judge = fit_judge(things, views)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".draft", delete=False) as draft:
        np.savez(draft, names=np.array(judge.names), middle=judge.middle, map=judge.map, places=judge.places)
    os.replace(draft.name, path)
    return judge


def hash_inputs(things: Sequence[Thing], views: int) -> str:
    """Hash the pictures, their names and artists, and the numbers above that a judge is made from."""
    made = hashlib.sha256(repr((REVISION, views, VIEW_SIDE, SIZE_RANGE, OFF_CENTRE, SHRINKAGE, UNSEEN_ARTIST)).encode())
    for thing in things:
        made.update(repr((thing.name, thing.artists)).encode())
        for picture in thing.pictures:
            made.update(picture.tobytes())
    return made.hexdigest()[:16]
