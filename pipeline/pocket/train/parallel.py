"""Training in several processes that hold the same weights and average their gradients.

On two cores two processes of one thread each take 1.5 times the steps of one process with two threads: most operations
of so small a model are too small to share. `torchrun --nproc-per-node 2 -m pipeline.pocket.train` starts them; alone,
everything here does nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

STRANGE = 1_000_003
PATIENCE = timedelta(hours=12)  # what the others wait for one of them to prepare data


def begin() -> None:
    """Meet the other processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        distributed.init_process_group("gloo", timeout=PATIENCE)


def end() -> None:
    if gathered():
        distributed.destroy_process_group()


def gathered() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """0 for the process that also writes files and logs."""
    return distributed.get_rank() if gathered() else 0


def share(batch: int) -> int:
    """Of a batch, what falls to each process; at least one picture."""
    return max(1, batch // distributed.get_world_size()) if gathered() else batch


def seed(wanted: int) -> int:
    """One that no other process has, so that each sees other pictures."""
    return wanted + STRANGE * rank()


def wait() -> None:
    """Until all are here."""
    if gathered():
        distributed.barrier()


def clock() -> float:
    """Seconds, the same number in all: budgets and learning rates must not part their ways."""
    now = torch.tensor(time.monotonic(), dtype=torch.float64)
    if gathered():
        distributed.broadcast(now, 0)
    return float(now)


@torch.no_grad()
def agree(module: nn.Module) -> None:
    """All go on from the weights of the first."""
    if gathered():
        for value in module.state_dict().values():
            distributed.broadcast(value, 0)


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """In place, over all processes; a weight that has no gradient must have none in any of them."""
    if not gathered():
        return
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    flat: Tensor = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
