"""Trial of the autoencoder alone: what it keeps of a picture is the most that any denoiser before it can show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.bench import Outcome, Strip, follow, make_case, read_reference
from pipeline.pocket.evaluate.measures import Pixels, figure, median_figure, read_lines
from pipeline.pocket.evaluate.style_trials import draw_shelf, fit_looks, painters
from pipeline.pocket.model import to_pixels
from pipeline.values import Style

DECODED = 12  # times; the first few warm up
WARM = 4
MOST = 100.0  # dB, what an exact copy counts
ENOUGH = 80.0  # ms that decoding one picture of 256 px may take


class Copier:
    """Encodes and decodes with an autoencoder as it is shipped, fp32 on the CPU."""

    def __init__(self, folder: Path) -> None:
        from diffusers import AutoencoderTiny

        self._autoencoder = AutoencoderTiny.from_pretrained(folder, torch_dtype=torch.float32).eval()

    def __call__(self, picture: Pixels) -> Pixels:
        """(H, W, 3), sides multiples of 16 -> the same size."""
        made = self._decode(self._encode(picture))
        return np.asarray(made[0].clamp(-1, 1).add(1).mul(127.5).round().byte().permute(1, 2, 0))

    def milliseconds(self, picture: Pixels) -> list[float]:
        """What decoding it takes, DECODED - WARM times."""
        latents, taken = self._encode(picture), []
        for _ in range(DECODED):
            started = perf_counter()
            self._decode(latents)
            taken.append((perf_counter() - started) * 1000)
        return taken[WARM:]

    @torch.inference_mode()
    def _encode(self, picture: Pixels) -> Tensor:
        latents: Tensor = self._autoencoder.encode(to_pixels(picture[None], torch.device("cpu"))).latents
        return latents

    @torch.inference_mode()
    def _decode(self, latents: Tensor) -> Tensor:
        made: Tensor = self._autoencoder.decode(latents).sample
        return made


def autoencoder_trial(pack: Pack, styles: Sequence[Style], side: int, count: int, copier: Copier) -> Outcome:
    """Held-out pictures, plain and in the library's styles, beside their copies."""
    references = {style.id: read_reference(style, side) for style in styles}
    known = painters(references)
    looks = fit_looks(pack, references, known, side)
    rng = np.random.default_rng(11)
    painted = [style.id for style in styles if style.id in known]
    plain: list[Pixels] = []
    decibels, lines, worn, true, strips = [], [], [], [], []
    for i in range(count):
        case, id = make_case(pack.held_out, 6000 + i, side), painted[i % len(painted)]
        copied = copier(case.original)
        plain.append(case.original)
        decibels.append(min(MOST, peak_signal_noise_ratio(case.original, copied)))
        lines.append(follow(read_lines(case.original), copied))
        shelf, styled = draw_shelf(references, id, rng), known[id](case)
        again = copier(styled)
        worn.append(float(looks.nearest(again, shelf) == 0))
        true.append(float(looks.nearest(styled, shelf) == 0))
        strips.append(Strip((case.original, copied, styled, again), f"pictures and their copies: plain, {id}"))
    return Outcome(
        (
            figure("autoencoder: PSNR of held-out pictures, dB", decibels, 28.0),
            figure("autoencoder: edge F1 of copies against their pictures", lines, 0.95),
            figure("autoencoder: painted styles, copied, nearest their own reference of 8", worn),
            figure("  the same before they were copied", true),
            median_figure("autoencoder: milliseconds to decode (median)", copier.milliseconds(plain[0]), ENOUGH),
        ),
        tuple(strips[:20]),
    )
