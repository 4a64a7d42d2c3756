"""Train every part of the pocket model by one loop, with a budget in minutes, which resumes after a kill."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

RUNS = Path("runs")


@dataclass(frozen=True)
class Plan:
    """Plan says how long and how fast one part is trained."""

    name: str
    minutes: float  # wall-clock budget, resumed runs counted together
    learning_rate: float
    warm_up: int = 100  # steps
    weight_decay: float = 0.01
    ema: float = 0.999  # decay of the averaged weights per step
    save_every: float = 180.0  # seconds
    final_share: float = 0.02  # of the learning rate, at the end of the cosine
    steps: int = 0  # where given, the budget in the minutes' place

    def measure_progress(self, step: int, spent: float) -> float:
        """Return the share of the budget that is used up by this many steps and seconds."""
        if self.steps:
            return step / self.steps
        return spent / (60 * self.minutes) if self.minutes else 1.0


class Ema:
    """Ema averages weights (Polyak), with the bias of the first steps removed by a growing decay."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.average = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)


def read_clock() -> float:
    """Return seconds from some fixed point on."""
    return time.monotonic()


def find_learning_rate(plan: Plan, step: int, progress: float) -> float:
    """Return the learning rate: linear warm-up by steps, cosine decay by the share of the time budget spent."""
    warm = min(1.0, (step + 1) / plan.warm_up)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return plan.learning_rate * warm * (plan.final_share + (1 - plan.final_share) * cosine)


def save_state(state: dict[str, object], file: Path) -> None:
    """Save all of a state or leave what lay there before: a kill may come at any moment."""
    torch.save(state, file.with_suffix(".tmp"))
    os.replace(file.with_suffix(".tmp"), file)


def read_progress(plan: Plan, folder: Path) -> tuple[int, float]:
    """Read the steps made and seconds spent by the plan's run, from its checkpoint; 0 without one. Reads no weights."""
    checkpoint = folder / f"{plan.name}.pt"
    if not checkpoint.is_file():
        return 0, 0.0
    state = torch.load(checkpoint, map_location="cpu", mmap=True, weights_only=True)
    return state["step"], state["spent"]


def offset_seed_by_progress(seed: int, plan: Plan, folder: Path) -> int:
    """Return the seed itself for a run that begins, another one each time it goes on: it has had its first lessons."""
    return seed + read_progress(plan, folder)[0]


def train_module(
    plan: Plan,
    module: nn.Module,
    batches: Iterator[object],
    loss_of: Callable[[object, int], tuple[Tensor, dict[str, float]]],
    *,
    folder: Path = RUNS,
    on_save: Callable[[nn.Module, int], None] | None = None,
) -> nn.Module:
    """Train until the plan's budget is spent and leave the averaged weights in `module`.

    Writes <folder>/<name>.pt every `save_every` seconds (atomically) and one JSON line per 50 steps to
    <folder>/<name>.jsonl. A run that finds its checkpoint goes on from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / f"{plan.name}.pt", folder / f"{plan.name}.jsonl"
    device = next(module.parameters()).device
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay, fused=True
    )
    ema, step, spent = Ema(module, plan.ema), 0, 0.0
    if checkpoint.is_file():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        ema.average, step, spent = state["ema"], state["step"], state["spent"]

    def save() -> None:
        state = {
            "module": module.state_dict(),
            "optimizer": optimizer.state_dict(),
            "ema": ema.average,
            "step": step,
            "spent": spent,
        }
        save_state(state, checkpoint)
        if on_save is not None:
            trained = {name: value.clone() for name, value in module.state_dict().items()}
            module.load_state_dict(ema.average)
            on_save(module.eval(), step)
            module.load_state_dict(trained)
            module.train()

    module.train()
    last_save = read_clock()
    running: dict[str, float] = {}
    while (progress := plan.measure_progress(step, spent)) < 1:
        started = read_clock()
        rate = find_learning_rate(plan, step, progress)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, figures = loss_of(next(batches), step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        if torch.isfinite(norm):  # one broken batch must poison neither the weights nor the log's averages
            optimizer.step()
            ema.update(module, step)
            for name, value in {"loss": float(loss.detach()), "norm": float(norm), **figures}.items():
                running[name] = 0.98 * running.get(name, value) + 0.02 * value
        step += 1
        spent += read_clock() - started
        if step % 50 == 0:
            line = {
                "step": step,
                "minutes": round(spent / 60, 2),
                "rate": rate,
                **{name: round(value, 5) for name, value in running.items()},
            }
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
        if read_clock() - last_save > plan.save_every:
            save()
            last_save = read_clock()
    module.load_state_dict(ema.average)
    save()
    return module.eval()
