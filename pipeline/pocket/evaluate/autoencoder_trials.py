"""Try the autoencoder alone: what it keeps of a picture is the most that any denoiser before it can show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from pipeline.pocket.data.pack import Pack
from pipeline.pocket.evaluate.bench import Outcome, Strip, make_case, read_style_reference, score_lines
from pipeline.pocket.evaluate.measures import Pixels, read_lines, summarise_mean, summarise_median
from pipeline.pocket.evaluate.style_trials import choose_references, fit_look_measure, list_painters
from pipeline.pocket.train.tower import to_pixels
from pipeline.values import Style

DECODE_RUNS = 12  # times; the first few warm up
WARM_UP_RUNS = 4
MOST_DECIBELS = 100.0  # dB, what an exact copy counts
TIME_LIMIT = 80.0  # ms that decoding one picture of 256 px may take


class Copier:
    """Copier encodes and decodes with an autoencoder as it is shipped, fp32 on the CPU."""

    def __init__(self, folder: Path) -> None:
        from diffusers import AutoencoderTiny

        self._autoencoder = AutoencoderTiny.from_pretrained(folder, torch_dtype=torch.float32).eval()

    def __call__(self, picture: Pixels) -> Pixels:
        """Copy a picture (H, W, 3), sides multiples of 16, at the same size."""
        made = self._decode(self._encode(picture))
        return np.asarray(made[0].clamp(-1, 1).add(1).mul(127.5).round().byte().permute(1, 2, 0))

    def time_decoding(self, picture: Pixels) -> list[float]:
        """Decode a picture DECODE_RUNS times; return the milliseconds of all but the first WARM_UP_RUNS."""
        latents, taken = self._encode(picture), []
        for _ in range(DECODE_RUNS):
            started = perf_counter()
            self._decode(latents)
            taken.append((perf_counter() - started) * 1000)
        return taken[WARM_UP_RUNS:]

    @torch.inference_mode()
    def _encode(self, picture: Pixels) -> Tensor:
        latents: Tensor = self._autoencoder.encode(to_pixels(picture[None], torch.device("cpu"))).latents
        return latents

    @torch.inference_mode()
    def _decode(self, latents: Tensor) -> Tensor:
        made: Tensor = self._autoencoder.decode(latents).sample
        return made


def run_autoencoder_trial(pack: Pack, styles: Sequence[Style], side: int, count: int, copier: Copier) -> Outcome:
    """Copy held-out pictures, plain and in the library's styles, and compare them with their copies."""
    references = {style.id: read_style_reference(style, side) for style in styles}
    known = list_painters(references)
    looks = fit_look_measure(pack, references, known, side)
    rng = np.random.default_rng(11)
    painted = [style.id for style in styles if style.id in known]
    plain: list[Pixels] = []
    decibels, lines, worn, true, strips = [], [], [], [], []
    for i in range(count):
        case, id = make_case(pack.held_out, 6000 + i, side), painted[i % len(painted)]
        copied = copier(case.original)
        plain.append(case.original)
        decibels.append(min(MOST_DECIBELS, peak_signal_noise_ratio(case.original, copied)))
        lines.append(score_lines(read_lines(case.original), copied))
        shelf, styled = choose_references(references, id, rng), known[id](case)
        again = copier(styled)
        worn.append(float(looks.find_nearest(again, shelf) == 0))
        true.append(float(looks.find_nearest(styled, shelf) == 0))
        strips.append(Strip((case.original, copied, styled, again), f"pictures and their copies: plain, {id}"))
    return Outcome(
        (
            summarise_mean("autoencoder: PSNR of held-out pictures, dB", decibels, 28.0),
            summarise_mean("autoencoder: edge F1 of copies against their pictures", lines, 0.95),
            summarise_mean("autoencoder: painted styles, copied, nearest their own reference of 8", worn),
            summarise_mean("  the same before they were copied", true),
            summarise_median(
                "autoencoder: milliseconds to decode (median)", copier.time_decoding(plain[0]), TIME_LIMIT
            ),
        ),
        tuple(strips[:20]),
    )
