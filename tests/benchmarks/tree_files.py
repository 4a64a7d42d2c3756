"""Keep the image files that features send, and look at the pictures that come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.benchmarks.tree_features import PLAIN, Feature, Sent

Pixels = NDArray[np.uint8]
LEAST_SPREAD = 1.0  # standard deviation of a picture's levels below which it is empty
INK = "#101010"


@dataclass(frozen=True)
class Picture:
    """Picture is a file that /draw gave, and its details."""

    path: Path
    details: Mapping[str, Any]

    @cached_property
    def pixels(self) -> Pixels:
        """Its pixels, (H, W, 3)."""
        return np.asarray(Image.open(self.path).convert("RGB"), np.uint8)

    def list_faults(self, feature: Feature, usual: tuple[int, int]) -> list[str]:
        """List what is wrong with it by itself: its size, that it is empty, what it and its file tell."""
        width, height = feature.size or usual
        faults = [] if self.pixels.shape == (height, width, 3) else [f"it is {self.pixels.shape}"]
        if self.pixels.std() < LEAST_SPREAD:
            faults.append("it is empty")
        for place, wanted in feature.told.items():
            if (found := find(self.details, place)) != wanted:
                faults.append(f"{place} is {found!r}, not {wanted!r}")
        recipe = json.loads(Image.open(self.path).text["croquis"])  # type: ignore[attr-defined]
        named = [each["name"] for each in recipe.get("own_weights") or ()]
        faults += [f"its file does not name {name}" for name in feature.own if name not in named]
        return faults + [f"told: {notice}" for notice in self.details["notices"] if "overflow" in notice]


def find(details: Mapping[str, Any], place: str) -> Any:
    """Return what lies at "levers.few_steps" in details; None for nothing."""
    found: Any = details
    for key in place.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


class Files:
    """Files holds what is sent by name, as files of a folder, and the pictures drawn so far."""

    def __init__(self, folder: Path, side: int) -> None:
        self._folder, self._side = folder / "sent", side
        self._folder.mkdir()
        self.styles: dict[str, str] = {}
        self._drawn: dict[str, Picture] = {}
        drawing = draw_fox(side)
        self._save("drawing", drawing)
        painted = drawing.copy()
        ImageDraw.floodfill(painted, (side // 2, side // 2), (220, 90, 30))
        self._save("painted", painted)
        self._save("mask", draw_disc(side))
        self._save("own", Image.fromarray(np.random.default_rng(5).integers(0, 256, (96, 96, 3), dtype=np.uint8)))
        self._save("wide drawing", lay_wide(drawing, (255, 255, 255)))
        self._save("wide mask", lay_wide(Image.new("L", drawing.size, 0), 255))

    def _save(self, name: str, image: Image.Image) -> None:
        image.save(self._folder / f"{name}.png")

    def send(self, name: str) -> Any:
        """Return the file of that name as Gradio's client uploads it."""
        if name == "person":
            self._save(name, read_person())
        return self.upload(self._folder / f"{name}.png")

    @staticmethod
    def upload(file: Path) -> Any:
        """Return a file as Gradio's client uploads it."""
        from gradio_client import handle_file

        return handle_file(file)

    def fill(self, value: Any) -> Any:
        """Return an input with what it stands for: a style's id or an uploaded file."""
        if not isinstance(value, Sent):
            return value
        return self.styles[value.name] if value.name in self.styles else self.send(value.name)

    def keep(self, name: str, picture: Picture) -> None:
        """Keep a picture, to be compared with; the first one is what others begin with, too."""
        self._drawn[name] = picture
        if name == PLAIN:
            image = Image.fromarray(picture.pixels)
            self._save(PLAIN, image)
            self._save("wide picture", lay_wide(image, (128, 128, 128)))

    def find(self, name: str) -> Picture | None:
        """Find a picture that was kept; None where none was."""
        return self._drawn.get(name)

    def compare(self, feature: Feature, picture: Picture) -> list[str]:
        """List what is wrong with a picture beside those drawn before it."""
        faults = []
        for other in feature.unlike:
            if other in self._drawn and np.array_equal(self._drawn[other].pixels, picture.pixels):
                faults.append(f"it is the same picture as “{other}”")
        if feature.like and not np.array_equal(self._drawn[feature.like].pixels, picture.pixels):
            faults.append(f"it is not the picture “{feature.like}”")
        if feature.keeps:
            faults += self._look_beneath(feature, picture)
        return faults

    def _look_beneath(self, feature: Feature, picture: Picture) -> list[str]:
        """List what is wrong with what was to stay, and with what was to change."""
        before = np.asarray(Image.open(self._folder / f"{feature.keeps}.png").convert("RGB"), np.int16)
        sent = feature.inputs["mask_image"].name
        mask = np.asarray(Image.open(self._folder / f"{sent}.png").convert("L"))
        moved = np.abs(picture.pixels.astype(np.int16) - before).max(axis=2)
        kept = [] if not moved[mask == 0].any() else [f"what was to stay moved by {moved[mask == 0].max()}"]
        return kept + ([] if moved[mask == 255].mean() > 1 else ["what was to change is as it was"])


def draw_fox(side: int) -> Image.Image:
    """Draw a head with two ears, by a pen of some width."""
    image = Image.new("RGB", (side, side), "white")
    pen, unit = ImageDraw.Draw(image), side / 64
    for ear in ((14, 30, 18, 8, 30, 20), (34, 20, 46, 8, 50, 30)):
        pen.line([unit * value for value in ear], INK, round(unit), "curve")
    pen.ellipse([unit * value for value in (12, 18, 52, 56)], outline=INK, width=round(unit))
    for left in (22, 38):
        pen.ellipse([unit * value for value in (left, 30, left + 4, 34)], fill=INK)
    return image


def draw_disc(side: int) -> Image.Image:
    """Draw a mask: a white disc on black."""
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse([side // 4, side // 4, side // 2, side // 2], fill=255)
    return mask


def lay_wide(image: Image.Image, around: Any) -> Image.Image:
    """Lay a picture on a sheet of 64 px more to its left and right."""
    sheet = Image.new(image.mode, (image.width + 128, image.height), around)
    sheet.paste(image, (64, 0))
    return sheet


def read_person() -> Image.Image:
    """Return a photograph of a person, for the reading of poses."""
    import skimage.data

    return Image.fromarray(skimage.data.astronaut())
