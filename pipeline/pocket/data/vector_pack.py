"""Vector drawings from package registries as pictures with exact regions: what the colourist learns from.

    python -m pipeline.pocket.data.vector_pack

Every leaf shape of an SVG is painted once in its own colour and once with a number, without smoothing, so that a
region's border is the path itself. Thin dark shapes (mouths, outlines) are not regions but pen lines: their pixels take
the colour of the region beside them, and their centre lines are kept apart. Licences stand in SOURCES.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.pack import clean_name, describe_emoji, fetch_npm, is_held_out, strip_code
from pipeline.pocket.data.svg_regions import SIDE, Drawing, read_svg

FOLDER = Path("data/colourist")
SOURCES = {
    "@iconify-json/noto": ("1.2.9", "Apache-2.0"),
    "@iconify-json/twemoji": ("1.2.5", "CC-BY-4.0"),
    "@iconify-json/fluent-emoji-flat": ("1.2.6", "MIT"),
    "@iconify-json/fluent-emoji": ("1.2.7", "MIT"),
    "@iconify-json/emojione": ("1.2.3", "CC-BY-4.0"),
    "@iconify-json/noto-v1": ("1.2.5", "Apache-2.0"),
    "@iconify-json/fxemoji": ("1.2.2", "Apache-2.0"),
    "@iconify-json/streamline-emojis": ("1.2.4", "CC-BY-4.0"),
}
NAMES = ("emoji-datasource", "16.0.0")
PEOPLE = re.compile(
    r"^(baby|boy|girl|man|woman|child|person|old man|old woman|princess|prince|santa|mrs claus|fairy|elf)"
)
TONES = re.compile(r"\b(light|medium light|medium|medium dark|dark) skin tone\b")
LEFT_OUT = re.compile(r"flag|button|sign|symbol|clock|o clock|moon viewing|card|keycap|hand$|hands$")
COUNTED_TONES = ("-1f3fb", "-1f3fc", "-1f3fd", "-1f3fe", "-1f3ff")


@dataclass(frozen=True, eq=False)
class VectorPack:
    """All drawings, one row each; the arrays are mapped from the disk."""

    names: tuple[str, ...]  # "fox"
    artists: tuple[str, ...]  # "noto"
    held_out: NDArray[np.bool_]
    colours: NDArray[np.uint8]  # (N, S, S, 3) RGB, pen lines filled with what lies beside them
    regions: NDArray[np.uint8]  # (N, S, S) 0 outside, else the region's number, large regions first
    ink: NDArray[np.uint8]  # (N, S, S // 8) packed centre lines of thin dark shapes

    def rows_of(self, name: str) -> list[int]:
        return [row for row, known in enumerate(self.names) if known == name]


def load_vector_pack(folder: Path = FOLDER / "pack") -> VectorPack:
    """Map a built pack; FileNotFoundError says which command makes one."""
    if not (folder / "names.json").is_file():
        raise FileNotFoundError(f"{folder} holds no pack: make it with `python -m pipeline.pocket.data.vector_pack`.")
    entries = json.loads((folder / "names.json").read_text())
    arrays = [np.load(folder / f"{part}.npy", mmap_mode="r") for part in ("colours", "regions", "ink")]
    names, artists = [entry["name"] for entry in entries], [entry["hand"] for entry in entries]
    held_out = np.array([is_held_out(name) for name in names])
    return VectorPack(tuple(names), tuple(artists), held_out, *arrays)


def wanted_name(code: str, wanted: dict[str, tuple[str, list[str]]], slug: str) -> str | None:
    """What a caption calls this emoji; None for flags, signs, hands and whatever else nobody draws."""
    plain = strip_code(code)
    base = plain
    for tone in COUNTED_TONES:
        base = base.replace(tone, "")
    name = re.sub(r"\s+", " ", TONES.sub("", clean_name(slug))).strip(" :")
    if base == plain and plain in wanted:
        return name
    return name if PEOPLE.match(name) and not LEFT_OUT.search(name) and name.count(" ") < 3 else None


def list_icons(
    folder: Path, artist: str, wanted: dict[str, tuple[str, list[str]]], names: dict[str, str]
) -> Iterator[Any]:
    """(name, artist, body, box) of each icon that is a thing; the first set to name a code point names it for all."""
    icons = json.loads((folder / "icons.json").read_text())
    for code, slug in read_codes(folder, icons["icons"], names):
        icon = icons["icons"].get(slug)
        name = wanted_name(code, wanted, names.get(strip_code(code), slug)) if icon else None
        if name and not (artist == "fxemoji" and "cat" in name):  # its cats are foxes
            names.setdefault(strip_code(code), slug)
            box = [icon.get(key, icons.get(key, 16)) for key in ("width", "height")]
            yield name, artist, icon["body"], box


def read_codes(folder: Path, icons: dict[str, Any], names: dict[str, str]) -> list[tuple[str, str]]:
    """(code point, slug) of a set; where it does not say, by the names that the other sets give."""
    chars = json.loads((folder / "chars.json").read_text()) if (folder / "chars.json").is_file() else {}
    if chars:  # some sets have an empty one
        return list(chars.items())
    codes = {slug: code for code, slug in names.items()}
    by_name = {slug: codes.get(re.sub(r"-\d+$", "", slug)) for slug in icons}
    return [(code, slug) for slug, code in by_name.items() if code]


def read_icon(icon: tuple[str, str, str, list[float]]) -> tuple[str, str, Drawing] | None:
    name, artist, body, box = icon
    drawing = read_svg(body, box)
    return None if drawing is None else (name, artist, drawing)


def build(folder: Path = FOLDER, workers: int = 2) -> int:
    """Fetch what is missing, read every drawing and write the pack; returns how many drawings it holds."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    wanted = describe_emoji(fetch_npm(*NAMES, sources))
    names: dict[str, str] = {}
    icons = [
        icon
        for package, (version, _) in SOURCES.items()
        for icon in list_icons(fetch_npm(package, version, sources), package.split("/")[1], wanted, names)
    ]
    with ProcessPoolExecutor(workers) as pool:
        read = [one for one in pool.map(read_icon, icons, chunksize=16) if one is not None]
    into = folder / "pack"
    into.mkdir(exist_ok=True)
    np.save(into / "colours.npy", np.stack([drawing.colours for *_, drawing in read]))
    np.save(into / "regions.npy", np.stack([drawing.regions for *_, drawing in read]))
    np.save(into / "ink.npy", np.packbits(np.stack([drawing.ink for *_, drawing in read]), axis=-1))
    (into / "names.json").write_text(json.dumps([{"name": name, "hand": artist} for name, artist, _ in read]))
    return len(read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    print(f"{build(arguments.folder)} drawings of {SIDE} px in {arguments.folder / 'pack'}")


if __name__ == "__main__":
    main()
