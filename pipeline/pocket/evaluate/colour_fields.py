"""Propose colours for drawings with trained weights, and make sheets of them to look at.

    python -m pipeline.pocket.evaluate.colour_fields --regions WEIGHTS --seeds 2

Columns of the sheet: drawing, then colours for each seed; the examples of the page first, then the hand-drawn set.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.enclosed import EnclosedGround, load_enclosed_ground
from pipeline.colours.palette import Palette, PaletteTable, load_palettes
from pipeline.colours.region_colours import propose_colours
from pipeline.colours.region_network import RegionColours, load_region_colours
from pipeline.colours.said import hear_said_colours
from pipeline.colours.word_regions import WordRegions, load_word_regions
from pipeline.colours.words import encode_words, join_palettes
from pipeline.pocket.evaluate.counts import read_count
from pipeline.pocket.evaluate.drawings import load_drawings, read_drawing_lines
from pipeline.pocket.train.palette_table import TABLE
from pipeline.pocket.train.text import load_text_tower
from pipeline.sketch.edges import read_edges
from pipeline.sketch.examples import read_examples
from pipeline.sketch.intake import read_strokes
from pipeline.styles.sentences import encode_sentences

EXAMPLES = Path("assets/examples")
TILE = 144  # px


@dataclass(eq=False)
class FieldPainter:
    """FieldPainter colours drawings by words, with everything that it needs."""

    network: RegionColours
    table: PaletteTable
    tokenizer: Any
    tower: Any
    enclosed: EnclosedGround | None = None
    word_regions: WordRegions | None = None

    def __call__(
        self,
        lines: NDArray[np.uint8],
        prompt: str,
        seed: int = 0,
        *,
        palettes: Sequence[Palette] | None = None,
        negative_prompt: str = "",
        **how: Any,
    ) -> NDArray[np.uint8]:
        """Colour a drawing, as (256, 256, 3) RGB.

        lines: (H, W) uint8, white on black. palettes: what the prompt's words are looked up as, unless given. how:
        what else `propose_colours` takes.
        """
        known = self.table.find(prompt) if palettes is None else palettes

        def encode(words: str) -> Tensor:
            return join_palettes(encode_words(words, self.tokenizer, self.tower), known)

        unwanted = join_palettes(encode_words(negative_prompt, self.tokenizer, self.tower), [])
        said = hear_said_colours(prompt, encode, self._encode_sentences)
        wanted = encode(prompt)
        told = {"said": said, "usual": known, "enclosed": self.enclosed, "word_regions": self.word_regions, **how}
        return propose_colours(self.network, lines, wanted, unwanted, seed, **told).colours

    def _encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return encode_sentences(texts, self.tokenizer, self.tower)


def load_painter(weights: Path, table: Path = TABLE) -> FieldPainter:
    """Load the network's weights, the palettes, MiniLM, and what was fitted to the weights, should it lie there."""
    ground, words = weights.with_name("enclosed.npz"), weights.with_name("word_regions.npz")
    layouts = weights.with_name("layouts.npz")
    enclosed = load_enclosed_ground(ground) if ground.is_file() else None
    meant = load_word_regions(words) if words.is_file() else None
    palettes = load_palettes(table, layouts if layouts.is_file() else None)
    return FieldPainter(load_region_colours(weights), palettes, *load_text_tower(), enclosed, meant)


def read_drawings(side: int = 512) -> list[tuple[NDArray[np.uint8], str]]:
    """Return (edge map, prompt) of the page's examples and of the hand-drawn set."""
    examples = [
        (read_edges(read_strokes(json.dumps(one["canvas"])), size=(side, side)).pixels, one["prompt"])
        for one in read_examples(EXAMPLES)
    ]
    return examples + [(read_drawing_lines(drawing, side), drawing.prompt) for drawing in load_drawings()]


def draw_sheet(painter: FieldPainter, drawings: Sequence[tuple[NDArray[np.uint8], str]], seeds: int, **how: Any) -> Any:
    """Draw every drawing and its colours beside it, four groups to a row, (H, W, 3) RGB."""
    tiles = []
    for lines, prompt in drawings:
        ink = 255 - cv2.resize(cv2.dilate(lines, np.ones((2, 2))), (TILE, TILE), interpolation=cv2.INTER_AREA)
        shown = [ink[..., None].repeat(3, 2)]
        for seed in range(seeds):
            made = cv2.resize(painter(lines, prompt, seed, **how), (TILE, TILE), interpolation=cv2.INTER_AREA)
            shown.append((made * (ink[..., None] / 255)).astype(np.uint8))
        words = np.full((16, TILE * len(shown), 3), 255, np.uint8)
        cv2.putText(words, prompt[:64], (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (0, 0, 0), 1, cv2.LINE_AA)
        tiles.append(np.vstack([np.hstack(shown), words]))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 4)
    return np.vstack([np.hstack(tiles[n : n + 4]) for n in range(0, len(tiles), 4)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=Path, required=True, help="weights of the network that proposes colours")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--out", type=Path, default=Path("runs/colourist/sheet.png"))
    parser.add_argument("--seeds", type=read_count, default=2)
    parser.add_argument("--steps", type=read_count, default=6)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--most", type=read_count, default=1000, help="drawings")
    arguments = parser.parse_args()
    sheet = draw_sheet(
        load_painter(arguments.regions, arguments.table),
        read_drawings()[: arguments.most],
        arguments.seeds,
        num_inference_steps=arguments.steps,
        guidance_scale=arguments.guidance,
    )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)  # or cv2 writes nothing and says nothing
    cv2.imwrite(str(arguments.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
