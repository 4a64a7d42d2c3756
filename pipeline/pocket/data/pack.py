"""Gather the things that training pictures are composed of from package registries, in one file under 30 MB.

    python -m pipeline.pocket.data.pack            # data/pocket-pack.zip

Sources and licences stand in SOURCES and in the model card. Emoji of one code point are one thing drawn by several
artists; openclipart pictures join the thing that their file name names. Flags, symbols, text, skin tones and
near-duplicates of one artist stay out. One thing in ten, chosen by the hash of its name, is held out of training.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACK = Path("data/pocket-pack.zip")
SIDE = 128  # px of a cut-out
SOURCES = {
    "@iconify-json/noto": ("1.2.9", "Apache-2.0"),
    "@iconify-json/twemoji": ("1.2.5", "CC-BY-4.0"),
    "@iconify-json/fluent-emoji-flat": ("1.2.6", "MIT"),
    "@lobehub/fluent-emoji-3d": ("1.1.0", "MIT"),
    "emoji-datasource": ("16.0.0", "MIT"),
}
OPENCLIPART = "openclipart-png"  # Debian, public domain
CATEGORIES = {"Animals & Nature", "Food & Drink", "Activities", "Objects", "Travel & Places"}
LEFT_OUT = {"time", "place-map", "award-medal", "money", "other-object"}  # clocks, charts, near-text
FACES = {"cat-face", "monkey-face", "face-costume", "person-fantasy"}  # the few faces that are things
CLIPART_FOLDERS = ("animals", "buildings", "food", "plants", "transportation", "tools", "recreation")
FULL_SQUARE = 0.95  # covered: a photo or a sheet, no cut-out; `fit` leaves a rim, so it never reaches 0.97
NO_THING = re.compile(r"sign|symbol|button|letter|keycap|zodiac|club|suit|mahjong|card|light skin|dark skin|medium")


@dataclass(frozen=True)
class Thing:
    """Thing is something that can be named and drawn."""

    name: str  # "fox"
    words: tuple[str, ...]  # other names, without the first
    category: str
    held_out: bool  # never seen in training
    pictures: tuple[NDArray[np.uint8], ...]  # (128, 128, 4) RGBA, not premultiplied, one per artist
    artists: tuple[str, ...]  # the source of each picture: an icon set's package, or OPENCLIPART


@dataclass(frozen=True)
class Pack:
    """Pack holds all things, those held out of training among them."""

    things: tuple[Thing, ...]

    @property
    def training(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if not thing.held_out)

    @property
    def held_out(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if thing.held_out)


def load_pack(path: Path = PACK) -> Pack:
    """Load a pack. Raises FileNotFoundError, which says which command makes one."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: make it with `python -m pipeline.pocket.data.pack`.")
    with zipfile.ZipFile(path) as archive:

        def picture(file: str) -> NDArray[np.uint8]:
            return np.array(Image.open(io.BytesIO(archive.read(file))).convert("RGBA"))

        return Pack(
            tuple(
                Thing(
                    entry["name"],
                    tuple(entry["words"]),
                    entry["category"],
                    entry["held_out"],
                    tuple(picture(file) for file in entry["files"]),
                    tuple(entry["hands"]),
                )
                for entry in json.loads(archive.read("things.json"))
            )
        )


def is_held_out(name: str) -> bool:
    return hashlib.sha256(f"croquis:{name}".encode()).digest()[0] < 26


def fetch_npm(package: str, version: str, into: Path) -> Path:
    """Fetch and unpack one npm package; returns its folder."""
    subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=into, check=True, stdout=subprocess.DEVNULL)
    folder = into / package.replace("/", "-").lstrip("@")
    with tarfile.open(next(into.glob(f"{folder.name}-{version}.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def fetch_openclipart(into: Path) -> Path | None:
    """Fetch and unpack Debian's openclipart without installing it; None where apt is not there."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    if subprocess.run(["apt-get", "download", "-qq", OPENCLIPART], cwd=into, check=False).returncode:
        return None
    subprocess.run(["dpkg-deb", "-x", str(next(into.glob(f"{OPENCLIPART}*.deb"))), "clipart"], cwd=into, check=True)
    return into / "clipart/usr/share/openclipart/png"


def fit_cutout(picture: Image.Image) -> Image.Image | None:
    """Crop a picture to what is drawn and fit it into SIDE x SIDE RGBA; None where too little is drawn."""
    picture = picture.convert("RGBA")
    box = picture.getchannel("A").point(lambda a: 255 * (a > 24)).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 12:
        return None
    cut = picture.crop(box)
    scale = (SIDE - 2) / max(cut.size)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    canvas = Image.new("RGBA", (SIDE, SIDE))
    canvas.paste(cut.resize(size, Image.Resampling.LANCZOS), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return canvas


def rasterise(body: str, box: tuple[float, float]) -> Image.Image:
    """Rasterise an SVG body at 256 px."""
    import resvg_py  # only who builds the pack needs it

    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {box[0]} {box[1]}" width="256" height="256">{body}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))


def read_iconify_pictures(folder: Path) -> Iterator[tuple[str, str, Image.Image]]:
    """Yield (code point, CLDR name, picture) of each icon that is one emoji."""
    icons = json.loads((folder / "icons.json").read_text())
    for code, name in json.loads((folder / "chars.json").read_text()).items():
        icon = icons["icons"].get(name)
        if icon and not re.search(r"1f3f[b-f]", code):
            yield (
                code,
                name,
                rasterise(
                    icon["body"],
                    (icon.get("width", icons.get("width", 16)), icon.get("height", icons.get("height", 16))),
                ),
            )


def clean_name(name: str) -> str:
    """Clean a name: lower case, spaces, without "face", "with" and "selector"."""
    name = re.sub(r"[-_]", " ", name.lower())
    return re.sub(r"\b(face|with|selector)\b", "", name).strip().replace("  ", " ")


def describe_emoji(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Describe the emoji that are things: code point without variation selectors -> (category, short names)."""
    wanted = {}
    for emoji in json.loads((folder / "emoji.json").read_text()):
        keep = emoji["category"] in CATEGORIES and emoji["subcategory"] not in LEFT_OUT
        if (keep or emoji["subcategory"] in FACES) and not NO_THING.search(emoji["name"].lower()):
            code = strip_code(emoji["unified"])
            wanted[code] = (emoji["category"], [clean_name(name) for name in emoji["short_names"]])
    return wanted


def strip_code(code: str) -> str:
    """Strip variation selectors and joiners from the end of a code point."""
    return re.sub(r"-fe0f|-200d$", "", code.lower())


def match_clipart(path: Path, names: dict[str, str]) -> str | None:
    """Return the code of the thing that a clip-art file's own name names; None where it names none."""
    words = re.findall(r"[a-z]+", path.stem.lower())
    for word in words[:3]:
        for form in (word, word.rstrip("s")):
            if form in names:
                return names[form]
    return None


def build_pack(into: Path = PACK, clipart_limit: int = 6) -> Pack:
    """Fetch, rasterise, clean and write the pack."""
    pictures: dict[str, list[tuple[str, Image.Image]]] = {}
    names: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        room = Path(scratch)
        folders = {package: fetch_npm(package, version, room) for package, (version, _) in SOURCES.items()}
        wanted = describe_emoji(folders["emoji-datasource"])
        for package in list(SOURCES)[:3]:
            for full_code, name, picture in read_iconify_pictures(folders[package]):
                code, cut = strip_code(full_code), fit_cutout(picture)
                if code in wanted and cut is not None:
                    names.setdefault(code, clean_name(name))
                    pictures.setdefault(code, []).append((package, cut))
        for file in sorted((folders["@lobehub/fluent-emoji-3d"] / "assets").glob("*.webp")):
            code = strip_code(file.stem)
            cut = fit_cutout(Image.open(file)) if code in pictures else None
            if cut is not None:
                pictures[code].append(("@lobehub/fluent-emoji-3d", cut))
        clipart = fetch_openclipart(room)
        if clipart:
            add_clipart(clipart, pictures, names, wanted, clipart_limit)
        return write_pack(into, pictures, names, wanted)


def add_clipart(
    folder: Path,
    pictures: dict[str, list[tuple[str, Image.Image]]],
    names: dict[str, str],
    wanted: dict[str, tuple[str, list[str]]],
    limit: int,
) -> None:
    """Add clip art to the things that its file names name, at most `limit` pictures each."""
    codes = {name: code for code in pictures for name in [*wanted[code][1], names[code]] if " " not in name}
    for file in sorted(path for part in CLIPART_FOLDERS for path in (folder / part).rglob("*.png")):
        code = match_clipart(file, codes)
        if code is None or sum(artist == OPENCLIPART for artist, _ in pictures[code]) >= limit:
            continue
        with Image.open(file) as picture:
            cut = fit_cutout(picture) if picture.mode in ("RGBA", "LA", "P") else None
        if cut is not None and np.asarray(cut)[..., 3].mean() < FULL_SQUARE * 255:
            pictures[code].append((OPENCLIPART, cut))


def write_pack(
    into: Path,
    pictures: dict[str, list[tuple[str, Image.Image]]],
    names: dict[str, str],
    wanted: dict[str, tuple[str, list[str]]],
) -> Pack:
    """Write the pack, leaving out an artist's same drawing twice, and load it again."""
    into.parent.mkdir(parents=True, exist_ok=True)
    things = []
    with zipfile.ZipFile(into, "w") as archive:
        for code, drawn in sorted(pictures.items()):
            files: list[str] = []
            artists: list[str] = []
            seen: set[bytes] = set()
            for artist, picture in drawn:
                small = np.asarray(picture.convert("RGBa").resize((12, 12))).astype(np.uint8) // 24
                if small.tobytes() in seen:  # the same drawing twice
                    continue
                seen.add(small.tobytes())
                files.append(f"{code}-{len(files)}.webp")
                artists.append(artist)
                data = io.BytesIO()
                picture.save(data, "WEBP", quality=88, method=4, exact=False)
                archive.writestr(files[-1], data.getvalue())
            words = [word for word in dict.fromkeys(wanted[code][1]) if word != names[code]]
            things.append(
                {
                    "code": code,
                    "name": names[code],
                    "words": words,
                    "category": wanted[code][0],
                    "held_out": is_held_out(names[code]),
                    "files": files,
                    "hands": artists,  # the key that packs on disk have
                }
            )
        archive.writestr("things.json", json.dumps(things, indent=1))
    return load_pack(into)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=PACK)
    pack = build_pack(parser.parse_args().into)
    print(
        f"{len(pack.things)} things, {sum(len(t.pictures) for t in pack.things)} pictures, "
        f"{len(pack.held_out)} things held out"
    )


if __name__ == "__main__":
    main()
