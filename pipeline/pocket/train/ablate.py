"""Compare short runs of the denoiser that differ in one thing, measured on pictures that none of them saw.

    python -m pipeline.pocket.train.ablate                   # every variant, one after the other
    python -m pipeline.pocket.train.ablate --only size       # the variants whose name begins so

Sizes begin with nothing and take three times as many steps; what is left out of lessons and whose picture is the style
reference is tried going on from the shipped weights, where it shows within minutes what a model unlearns. Every variant
sees the same pictures in the same order. Reads what `python -m pipeline.pocket.train` prepared; the last shard is held
back.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.pocket.model import UNET_WIDTHS, make_training_noise
from pipeline.pocket.train import denoiser, from_shipped, recipes, stages
from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.denoiser_data import SCHEME, Batch, Prepared, Scheme, draw_batches
from pipeline.pocket.train.loop import Plan

ABLATIONS = Path("runs/ablations")
SIZE = 16  # pictures of a batch
JUDGED_BATCHES = 16  # batches of the shard held back
FROM_NOTHING = 3  # times as many steps
WHOLE = Scheme(0, 0, 0, 0)  # nothing left out: as the app draws


@dataclass(frozen=True)
class Variant:
    widths: tuple[int, ...] = UNET_WIDTHS
    scheme: Scheme = SCHEME
    shipped: bool = True  # goes on from the shipped weights


VARIANTS: Mapping[str, Variant] = {
    "size 48-96-160": Variant((48, 96, 160), shipped=False),
    "size 64-128-224 (shipped)": Variant(shipped=False),
    "size 96-192-320": Variant((96, 192, 320), shipped=False),
    "scheme as shipped": Variant(),
    "scheme without dropouts": Variant(scheme=WHOLE),
    "scheme with dropouts doubled": Variant(
        scheme=replace(
            SCHEME,
            no_words_no_style=2 * SCHEME.no_words_no_style,
            no_words=2 * SCHEME.no_words,
            no_style=2 * SCHEME.no_style,
            no_edges=2 * SCHEME.no_edges,
        )
    ),
    "scheme with the picture as its own style reference": Variant(scheme=replace(SCHEME, own=True)),
    "scheme without the library's references": Variant(scheme=replace(SCHEME, library=0)),
}


@torch.inference_mode()
def measure_errors(model: Denoiser, held_back: list[Batch], empty: Tensor) -> dict[str, float]:
    """Measure the error of the v-prediction at pure noise, with everything and with one thing taken away."""
    noise_maker, generator = make_training_noise(), torch.Generator().manual_seed(1)
    found: dict[str, list[float]] = {}
    for batch in held_back:
        noise = torch.randn(batch.latents.shape, generator=generator).to(batch.latents)
        times = torch.full((len(noise),), 999, device=noise.device)
        wanted = noise_maker.get_velocity(batch.latents, noise, times)
        bare, dumb = torch.zeros_like(batch.style), empty.expand_as(batch.tokens)
        ways = {
            "all": batch,
            "no style": replace(batch, style=bare),
            "no words": replace(batch, tokens=dumb),
            "neither": replace(batch, style=bare, tokens=dumb),
            "no lines": replace(batch, edges_scale=torch.zeros_like(batch.edges_scale)),
        }
        for name, way in ways.items():
            made = denoiser.predict_velocity(model, noise, times, way)
            found.setdefault(name, []).append(float((made - wanted).square().mean()))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def train_variant(
    name: str,
    variant: Variant,
    data: Prepared,
    held_back: list[Batch],
    empty: Tensor,
    steps: int,
    room: Path,
    shipped: Path,
) -> dict[str, float | str]:
    """Train one variant and return its row of the table; `seconds` are of the processor, a step."""
    torch.manual_seed(0)
    model = from_shipped.load_shipped_denoiser(shipped) if variant.shipped else Denoiser(variant.widths)
    model.to(device=empty.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    file = "".join(letter if letter.isalnum() else "-" for letter in name)
    steps *= 1 if variant.shipped else FROM_NOTHING
    plan = Plan(file, 0, 4e-4 if variant.shipped else 1e-3, warm_up=50, ema=0.99, save_every=120, steps=steps)
    (room / f"{file}.pt").unlink(missing_ok=True)
    began = time.process_time()
    denoiser.train_denoiser(model, data, empty, plan, room, size=SIZE, seed=0, scheme=variant.scheme)
    seconds = (time.process_time() - began) / steps
    parameters = sum(value.numel() for value in model.parameters()) / 1e6
    return {
        "variant": name,
        "millions": round(parameters, 1),
        "steps": steps,
        "seconds": round(seconds, 2),
        **measure_errors(model.eval(), held_back, empty),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="variants whose name begins so")
    parser.add_argument("--steps", type=int, default=200, help="of each that goes on from the shipped weights")
    parser.add_argument("--weights", type=Path, default=stages.SHIPPED, help="as shipped, to go on from")
    chosen = parser.parse_args()
    run = stages.Run(recipes.CPU, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    *folders, last = run.list_prepared_shards()
    data, empty = stages.load_training_data(run, folders)
    strange, _ = stages.load_training_data(run, [last])
    series = draw_batches(strange, empty, SIZE, 1, replace(WHOLE, library=SCHEME.library))
    held_back = [next(series) for _ in range(JUDGED_BATCHES)]
    for name, variant in VARIANTS.items():
        if name.startswith(chosen.only):
            row = train_variant(name, variant, data, held_back, empty, chosen.steps, ABLATIONS, chosen.weights)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
