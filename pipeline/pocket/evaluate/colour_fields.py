"""Draw colour fields with trained colourists, and sheets of them to look at.

    python -m pipeline.pocket.evaluate.colour_fields --regions WEIGHTS --seeds 2

Columns of the sheet: drawing, then a field for each seed; the examples of the page first, then the hand-drawn set.
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
import torch
from diffusers import ControlNetModel, DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.field import LATENT_CHANNELS, LATENT_SIDE, NOISE, to_picture, unpack_field
from pipeline.colours.hint import make_proposed_hint
from pipeline.colours.palette import Palette, PaletteTable, load_palettes, palette_tokens
from pipeline.colours.region_colours import Proposal, RegionColours, load_region_colours, propose_colours
from pipeline.pocket.evaluate.drawings import load_drawings, read_drawing_lines
from pipeline.pocket.train.lesson_shards import TOKENS
from pipeline.pocket.train.palette_table import TABLE
from pipeline.pocket.train.text import encode_tokens, load_text_tower
from pipeline.sketch.edges import read_edges
from pipeline.sketch.examples import read_examples
from pipeline.sketch.intake import read_strokes

EXAMPLES = Path("assets/examples")
GUIDANCE = 3.0
STEPS = 6


@dataclass(eq=False)
class FieldPainter:
    """A colourist with everything that it needs to paint a field from a drawing and words."""

    unet: UNet2DConditionModel | None
    controlnet: ControlNetModel | None
    table: PaletteTable
    tokenizer: Any
    tower: Any
    regions: RegionColours | None = None  # proposes colours for regions; without it the colourist finds them alone

    @torch.inference_mode()
    def draw_field(
        self,
        lines: NDArray[np.uint8],
        prompt: str,
        seed: int = 0,
        *,
        palettes: Sequence[Palette] | None = None,
        colours: NDArray[np.uint8] | None = None,
        painted: NDArray[np.bool_] | None = None,
        negative_prompt: str = "",
        steps: int = STEPS,
        guidance: float = GUIDANCE,
    ) -> NDArray[np.uint8]:
        """Colour a drawing.

        `lines`: (H, W) uint8, white on black. `palettes`: what the prompt's words are looked up as, unless given.
        `colours`, `painted`: (H, W, 3) RGB and (H, W), what the person painted. Returns (64, 64, 3) RGB; without a
        UNet what is proposed for the regions and their surroundings, (256, 256, 3).
        """
        known = self.table.find(prompt) if palettes is None else palettes
        proposal = self.propose(lines, prompt, seed, known, colours, painted, negative_prompt)
        if self.unet is None and proposal is not None:
            return proposal.colours
        return self.draw_fields(
            [make_proposed_hint(lines, colours, painted, proposal)],
            [prompt],
            [seed],
            palettes=[known],
            negative_prompt=negative_prompt,
            steps=steps,
            guidance=guidance,
        )[0]

    def propose(
        self,
        lines: NDArray[np.uint8],
        prompt: str,
        seed: int,
        palettes: Sequence[Palette],
        colours: NDArray[np.uint8] | None = None,
        painted: NDArray[np.bool_] | None = None,
        negative_prompt: str = "",
    ) -> Proposal | None:
        """Propose a colour for each region, or None without the network for it."""
        if self.regions is None:
            return None
        known = torch.from_numpy(palette_tokens(palettes))[None]
        wanted = torch.cat([self._text([prompt]), known], 1)
        unwanted = torch.cat([self._text([negative_prompt]), torch.zeros_like(known)], 1)
        return propose_colours(self.regions, lines, wanted, unwanted, seed, colours=colours, painted=painted)

    @torch.inference_mode()
    def draw_fields(
        self,
        hints: Sequence[NDArray[np.float32]],
        prompts: Sequence[str],
        seeds: Sequence[int],
        *,
        palettes: Sequence[Sequence[Palette]] | None = None,
        negative_prompt: str = "",
        steps: int = STEPS,
        guidance: float = GUIDANCE,
    ) -> list[NDArray[np.uint8]]:
        """The same for several drawings at once."""
        looked_up = [self.table.find(prompt) for prompt in prompts] if palettes is None else palettes
        known = np.stack([palette_tokens(one) for one in looked_up])
        wanted = torch.cat([self._text(prompts), torch.from_numpy(known)], 1)
        unwanted = torch.cat([self._text([negative_prompt] * len(prompts)), torch.zeros(known.shape)], 1)
        hint = torch.from_numpy(np.stack(hints))
        scheduler = DDIMScheduler(**NOISE, clip_sample=False)
        scheduler.set_timesteps(steps)
        shape = (LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
        latents = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
        for time in scheduler.timesteps:
            field = self._predict(latents, time, wanted, hint)
            if guidance != 1:
                blind = self._predict(latents, time, unwanted, hint)
                field = blind + guidance * (field - blind)
            latents = scheduler.step(field, time, latents).prev_sample
        return [to_picture(field) for field in unpack_field(latents)]

    def _text(self, prompts: Sequence[str]) -> Tensor:
        return torch.from_numpy(encode_tokens(prompts, self.tokenizer, self.tower, length=TOKENS)).float()

    def _predict(self, latents: Tensor, time: Tensor, tokens: Tensor, hint: Tensor) -> Tensor:
        if self.unet is None or self.controlnet is None:
            raise ValueError("Expected a UNet and a ControlNet, or a network that proposes colours; there is none.")
        down, middle = self.controlnet(latents, time, tokens, hint, return_dict=False)
        field: Tensor = self.unet(
            latents, time, tokens, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        return field


def load_painter(model: Path | None, table: Path = TABLE, regions: Path | None = None) -> FieldPainter:
    """`model`: a folder with unet/ and controlnet/. `regions`: the weights of the network that proposes colours."""
    return FieldPainter(
        model and UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=torch.float32).eval(),
        model and ControlNetModel.from_pretrained(model / "controlnet", torch_dtype=torch.float32).eval(),
        load_palettes(table),
        *load_text_tower(),
        None if regions is None else load_region_colours(regions),
    )


def read_drawings(side: int = 512) -> list[tuple[NDArray[np.uint8], str]]:
    """(edge map, prompt) of the page's examples and of the hand-drawn set."""
    examples = [
        (read_edges(read_strokes(json.dumps(one["canvas"])), size=(side, side)).pixels, one["prompt"])
        for one in read_examples(EXAMPLES)
    ]
    return examples + [(read_drawing_lines(drawing, side), drawing.prompt) for drawing in load_drawings()]


def draw_sheet(painter: FieldPainter, drawings: Sequence[tuple[NDArray[np.uint8], str]], seeds: int, **how: Any) -> Any:
    """Drawing and fields of every prompt, four groups to a row, (H, W, 3) RGB."""
    fields = [[painter.draw_field(lines, prompt, seed, **how) for lines, prompt in drawings] for seed in range(seeds)]
    tiles = []
    for n, (lines, prompt) in enumerate(drawings):
        shown = [255 - cv2.resize(lines, (144, 144), interpolation=cv2.INTER_AREA)[..., None].repeat(3, 2)]
        shown += [cv2.resize(made[n], (144, 144), interpolation=cv2.INTER_CUBIC) for made in fields]
        words = np.full((16, 144 * len(shown), 3), 255, np.uint8)
        cv2.putText(words, prompt[:64], (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (0, 0, 0), 1, cv2.LINE_AA)
        tiles.append(np.vstack([np.hstack(shown), words]))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 4)
    return np.vstack([np.hstack(tiles[n : n + 4]) for n in range(0, len(tiles), 4)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder with unet/ and controlnet/")
    parser.add_argument("--regions", type=Path, help="weights of the network that proposes colours")
    parser.add_argument("--out", type=Path, default=Path("runs/colourist/sheet.png"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--most", type=int, default=1000, help="drawings")
    arguments = parser.parse_args()
    sheet = draw_sheet(
        load_painter(arguments.model, regions=arguments.regions),
        read_drawings()[: arguments.most],
        arguments.seeds,
        steps=arguments.steps,
        guidance=arguments.guidance,
    )
    cv2.imwrite(str(arguments.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
