"""Read the command line of what is fitted to the network's weights."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from pipeline.pocket.data.vector_pack import FOLDER

SHIPPED = Path("assets/pocket/colourist")


@dataclass(frozen=True)
class Fitting:
    """Fitting is what is fitted to which weights, on how much, and the file that it is written to."""

    weights: Path
    palettes: Path
    pack: Path
    file: Path
    count: int


def read_fitting(description: str | None, file: Path, count: int) -> Fitting:
    """Read it from the command line; the shipped weights, this file and this count unless given."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=SHIPPED / "region_colours.safetensors")
    parser.add_argument("--palettes", type=Path, default=SHIPPED / "palettes.npz")
    parser.add_argument("--pack", type=Path, default=FOLDER / "pack")
    parser.add_argument("--file", type=Path, default=file)
    parser.add_argument("--count", type=int, default=count, help="drawings that it is fitted on")
    return Fitting(**vars(parser.parse_args()))
