"""Say how much of everything is trained: a recipe for each kind of machine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from pipeline.pocket.train.loop import Plan


@dataclass(frozen=True)
class Recipe:
    """Recipe says how much of everything a machine trains."""

    shards: int  # of 500 pictures
    rough: Plan  # autoencoder on 32 px crops
    fine: Plan  # autoencoder on 64 px crops, latents evened out
    tower: Plan
    denoiser: Plan  # by squared error
    together: Plan  # both, judged by the pixels
    batch: int  # of all processes together
    shown: int  # of a batch are decoded and judged while both learn together
    compiled: bool = False  # by torch.compile


CPU = Recipe(
    shards=48,
    rough=Plan("autoencoder", 10, 2.5e-3, weight_decay=0),
    fine=Plan("autoencoder-fine", 30, 1.5e-3, weight_decay=0),
    tower=Plan("tower", 6, 1e-3, weight_decay=0.05),
    denoiser=Plan("denoiser", 80, 1e-3, warm_up=200, ema=0.998, save_every=420),
    together=Plan("together", 60, 4e-4, warm_up=50, ema=0.997, save_every=300),
    batch=16,
    shown=16,
)


CUDA = Recipe(
    shards=120,
    rough=dataclasses.replace(CPU.rough, minutes=1.5),
    fine=dataclasses.replace(CPU.fine, minutes=2),
    tower=dataclasses.replace(CPU.tower, minutes=1),
    denoiser=dataclasses.replace(CPU.denoiser, minutes=9, warm_up=500, ema=0.9995, save_every=120),
    together=dataclasses.replace(CPU.together, minutes=7, warm_up=200, ema=0.9995, save_every=120),
    batch=256,
    shown=64,
    compiled=True,
)


PLANS = {"cpu": CPU, "cuda": CUDA}


def scale_recipe(recipe: Recipe, times: float) -> Recipe:
    plans = {
        field.name: value
        for field in dataclasses.fields(recipe)
        if isinstance(value := getattr(recipe, field.name), Plan)
    }
    changes: dict[str, Any] = {
        name: dataclasses.replace(plan, minutes=plan.minutes * times) for name, plan in plans.items()
    }
    return dataclasses.replace(recipe, shards=max(2, round(recipe.shards * min(1.0, times))), **changes)
