"""Make what region_colours.py learns from, where it is missing: drawings as vectors, palettes, lessons.

    python -m pipeline.pocket.train.colour_data --shards 30

The drawings are fetched from npm. It all lies in data/colourist.
"""

from __future__ import annotations

import argparse

from pipeline.pocket.data import vector_pack
from pipeline.pocket.train import palette_table, region_lessons


def make_colour_data(shards: int) -> None:
    """Make what is missing in data/colourist, with `shards` thousand lessons."""
    if not (vector_pack.FOLDER / "pack" / "names.json").is_file():
        vector_pack.build()
    if not (palette_table.TABLE.is_file() and palette_table.LAYOUTS.is_file()):
        palette_table.main()
    region_lessons.build(shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=30, help="thousands of lessons")
    make_colour_data(parser.parse_args().shards)


if __name__ == "__main__":
    main()
