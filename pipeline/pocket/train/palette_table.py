"""The palettes of everything that the pack holds, of what code draws, and of places: five colours each.

Of things also their layouts: where on them each of the five lies.

python -m pipeline.pocket.train.palette_table
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.layouts import CELLS, SIZES, count_colours
from pipeline.colours.oklab import from_oklab, to_oklab
from pipeline.colours.palette import COLOURS, PaletteTable, save_layouts, save_palettes
from pipeline.pocket.data.drawn_things import DRAWN, Drawn
from pipeline.pocket.data.paints import Paints
from pipeline.pocket.data.part_canvas import Box, Canvas, Float, Rng
from pipeline.pocket.data.places import PLACES, draw_place
from pipeline.pocket.data.recolouring import COLOUR_WORD
from pipeline.pocket.data.vector_pack import FOLDER, VectorPack, load_vector_pack
from pipeline.pocket.train.text import load_text_tower
from pipeline.styles.sentences import encode_sentences

TABLE, LAYOUTS = FOLDER / "palettes.npz", FOLDER / "layouts.npz"
CLOSE = 0.1  # OKLab: nearer colours are one
TRIES = 8  # pictures of a thing that code draws
STEP = 4  # px of a drawing from one that is read for layouts to the next
OWN, LIGHTNESS = 0.15, 0.7  # OKLab: a part so near to a colour of the palette wears it; what lightness counts
PRIOR = 0.3  # drawings that have each cell in the palette's colours by their shares

Sample = tuple[NDArray[np.uint8], NDArray[np.integer]]  # a drawing: colours (H, W, 3) and parts (H, W), 0 for none


def reduce_colours(pixels: NDArray[np.uint8], most: int = COLOURS) -> tuple[NDArray[np.uint8], Float]:
    """The commonest `most` colours of (n, 3) RGB pixels, (most, 3), and their shares, (most,), the largest first."""
    bins, counts = np.unique(pixels >> 4, axis=0, return_counts=True)
    lab, weights = to_oklab((bins * 16 + 8).astype(np.uint8)), counts.astype(np.float32)
    order = np.argsort(-weights)
    centres: list[Float] = []
    sizes: list[float] = []
    for n in order:
        near = [k for k, centre in enumerate(centres) if np.linalg.norm(centre - lab[n]) < CLOSE]
        if near:
            k = near[0]
            centres[k] = (centres[k] * sizes[k] + lab[n] * weights[n]) / (sizes[k] + weights[n])
            sizes[k] += float(weights[n])
        else:
            centres.append(lab[n])
            sizes.append(float(weights[n]))
    best = np.argsort(-np.array(sizes))[:most]
    colours, shares = np.zeros((most, 3), np.uint8), np.zeros(most, np.float32)
    colours[: len(best)] = np.round(255 * from_oklab(np.stack([centres[k] for k in best])))
    shares[: len(best)] = np.array(sizes)[best] / max(1.0, float(np.sum(sizes)))
    return colours, np.where(shares > 0.015, shares, 0).astype(np.float32)


def gather_pixels(pack: VectorPack) -> dict[str, list[NDArray[np.uint8]]]:
    """Name -> pixels (n, 3) over all artists, a few of each."""
    pixels: dict[str, list[NDArray[np.uint8]]] = {}
    for row, name in enumerate(pack.names):
        colours, regions = pack.colours[row][::5, ::5], pack.regions[row][::5, ::5]
        for known in dict.fromkeys((name, COLOUR_WORD.sub("", name) or name)):  # the same order in every run
            pixels.setdefault(known, []).append(colours[regions > 0])
    rng = np.random.default_rng(0)
    for key, thing in DRAWN.items():
        seen = []
        for canvas in draw_often(thing, rng):
            seen.append(np.round(255 * canvas.colours[canvas.parts > 0][::7]).astype(np.uint8))
        for word in (key, *thing.words):
            pixels.setdefault(word, []).extend(seen)
    for name, (_, words) in PLACES.items():
        seen = [np.round(255 * draw_place(name, rng).image[::9, ::9].reshape(-1, 3)).astype(np.uint8) for _ in range(4)]
        for word in {name, *(bare_place(one) for one in words)}:
            pixels.setdefault(word, []).extend(seen)
    return pixels


def draw_often(thing: Drawn, rng: Rng) -> Iterator[Canvas]:
    """Draw what code can draw TRIES times, each on a white sheet."""
    for _ in range(TRIES):
        canvas = Canvas(np.ones((256, 256, 3), np.float32))
        thing.draw(canvas, Box(0.15, 0.15, 0.7, 0.7, rng), Paints(rng), rng)
        yield canvas


def list_samples(pack: VectorPack) -> Iterator[tuple[str, Sample]]:
    """List every drawing of the pack and of code under each name of what it shows; places have no parts."""
    for row, name in enumerate(pack.names):
        sample = pack.colours[row][::STEP, ::STEP], pack.regions[row][::STEP, ::STEP]
        yield from ((known, sample) for known in dict.fromkeys((name, COLOUR_WORD.sub("", name) or name)))
    rng = np.random.default_rng(1)
    for key, thing in DRAWN.items():
        for canvas in draw_often(thing, rng):
            sample = np.round(255 * canvas.colours).astype(np.uint8)[::2, ::2], canvas.parts[::2, ::2]
            yield from ((word, sample) for word in dict.fromkeys((key, *thing.words)))


def make_layouts(table: PaletteTable, pack: VectorPack) -> NDArray[np.uint8]:
    """Make what `PaletteTable.layouts` holds: over all drawings of a thing, where each of its colours lies."""
    counts = np.zeros((len(table.names), COLOURS, SIZES, CELLS), np.float32)
    rows: dict[str, int] = table.rows  # type: ignore[attr-defined]
    for name, (colours, parts) in list_samples(pack):
        row, thing = rows[name], parts > 0
        if not thing.any():
            continue
        apart = (to_oklab(colours[thing])[:, None] - to_oklab(table.colours[row])) * np.array([LIGHTNESS, 1, 1])
        away = np.where(table.shares[row] > 0, np.linalg.norm(apart, axis=-1), np.inf)
        worn = np.where(away.min(1) < OWN, away.argmin(1), -1)
        counts[row] += count_colours(parts, thing, worn, COLOURS)
    shares = table.shares.astype(np.float32)
    prior = PRIOR * (shares / np.maximum(shares.sum(1, keepdims=True), 1e-6))[..., None, None]
    chances = (counts + prior) / np.maximum((counts + prior).sum(1, keepdims=True), 1e-6)
    known = counts.sum((1, 2, 3), keepdims=True) > 0
    return np.asarray(np.round(255 * np.where(known, chances, 0)), np.uint8)


def bare_place(words: str) -> str:
    """ "in the snow" -> "snow"."""
    kept = [
        word for word in words.split() if word not in {"in", "on", "at", "a", "the", "by", "of", "an", "with", "to"}
    ]
    return " ".join(kept)


def build(pack: VectorPack) -> PaletteTable:
    pixels = gather_pixels(pack)
    made = [reduce_colours(np.concatenate(seen)) for seen in pixels.values()]
    vectors = encode_sentences(list(pixels), *load_text_tower())
    colours, shares = np.stack([one for one, _ in made]), np.stack([share for _, share in made])
    return PaletteTable(tuple(pixels), colours, shares.astype(np.float16), vectors.astype(np.float16))


def main(file: Path = TABLE, layouts: Path = LAYOUTS) -> None:
    pack = load_vector_pack()
    table = build(pack)
    save_palettes(table, file)
    save_layouts(make_layouts(table, pack), layouts)
    size = (file.stat().st_size + layouts.stat().st_size) / 1e6
    print(f"{len(table.names)} palettes, {size:.2f} MB, in {file} and {layouts}")


if __name__ == "__main__":
    main()
