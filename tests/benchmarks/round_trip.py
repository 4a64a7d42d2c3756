"""Draw pictures of random drawings, drop each file on the page again, draw it again, and count what came out equal.

`python -m tests.benchmarks.round_trip` goes 200 times with the pocket engine: strokes, request and bytes.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.page.page_order import read_order
from pipeline.picture.png_file import write_picture
from pipeline.request.order import Order, parse_order
from pipeline.settings import read_settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.picture_files import make_random_canvas

WORDS = ("a red fox in a neon city", "a house by the sea", "", "a felt cat", "a blue boat at night, watercolour")
SIDES = (256, 320, 512)  # px


@dataclass(frozen=True)
class RoundTrip:
    """RoundTrip says what of one picture came out equal."""

    strokes: bool
    request: bool
    redrawn: bool  # the bytes, when the request itself was drawn again
    drawn: bool  # the bytes, when the page drew again what was dropped on it


class Traveller:
    """Traveller draws pictures with one studio and takes each through its file."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.studio = studio
        self.easel = Easel(studio, DrawnFiles(str(folder)))

    def make_trip(self, seed: int) -> RoundTrip:
        """Draw the picture of a seed, drop its file, and draw it twice more."""
        canvas = make_random_canvas(seed)
        result = self.studio.draw(self.make_order(json.dumps(canvas), seed))
        data = write_picture(result)
        reopened = self.studio.read_picture(data)
        redrawn = replace(self.studio.redraw(reopened.request), canvas=reopened.canvas)
        drawn = self.studio.draw(self.drop_file(data))
        return RoundTrip(
            json.loads(str(reopened.canvas)) == canvas,
            reopened.request == result.request,
            write_picture(redrawn) == data,
            write_picture(drawn) == data,
        )

    def make_order(self, canvas: str, seed: int) -> Order:
        """Return an order as people give them: words, a style, sizes and a seed of the draw."""
        draw = random.Random(seed)
        ids = [style.id for style in self.studio.library.all()]
        style = draw.choice(["auto", draw.choice(ids), f"{draw.choice(ids[:20])}:0.7,{draw.choice(ids[20:])}:0.3"])
        return parse_order(
            self.studio.profile,
            sketch=read_strokes(canvas),
            prompt=draw.choice(WORDS),
            style=style,
            width=draw.choice(SIDES),
            height=draw.choice(SIDES),
            lines=draw.choice([None, 0.0, 1.0]),
            seed=draw.randrange(2**32),
        )

    def drop_file(self, data: bytes) -> Order:
        """Drop a picture file on the page, and return the order of what stands there then."""
        dropped: Any = SimpleNamespace(data=base64.b64encode(data).decode())
        canvas, *settings, _, picture = self.easel.restore(dropped)
        if picture["state"] != "done":
            raise RuntimeError(picture["message"])
        order, _ = read_order(self.studio.profile, read_strokes(canvas), settings)
        return order


def count_trips(trips: int, traveller: Traveller) -> Iterator[Row]:
    """Yield one row: of how many files what came out equal."""
    equal = dict.fromkeys(RoundTrip.__dataclass_fields__, 0)
    for seed in range(trips):
        trip = traveller.make_trip(seed)
        for name in equal:
            equal[name] += getattr(trip, name)
        if not all(vars(trip).values()):
            print_progress(f"seed {seed}: {trip}")
    yield {"what": "files", "in all": trips, **equal}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.round_trip", description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(read_settings(["--profile", "pocket", "--user-dir", folder], {}))
        studio.start_loading()
        print_rows(count_trips(asked.files, Traveller(studio, Path(folder))), asked.json)


if __name__ == "__main__":
    main(sys.argv[1:])
