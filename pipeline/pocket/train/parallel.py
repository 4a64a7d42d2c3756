"""Train in several processes that hold the same weights and average their gradients.

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

SEED_STRIDE = 1_000_003
TIMEOUT = timedelta(hours=12)  # what the others wait for one of them to prepare data


def join_processes() -> None:
    """Join the other processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        distributed.init_process_group("gloo", timeout=TIMEOUT)


def leave_processes() -> None:
    """Leave the group of processes, if there is one."""
    if is_parallel():
        distributed.destroy_process_group()


def is_parallel() -> bool:
    """Return whether this process trains together with others."""
    return distributed.is_available() and distributed.is_initialized()


def read_rank() -> int:
    """Return this process's number: 0 for the one that also writes files and logs."""
    return distributed.get_rank() if is_parallel() else 0


def share_batch(batch: int) -> int:
    """Return how many pictures of a batch fall to each process; at least one."""
    return max(1, batch // distributed.get_world_size()) if is_parallel() else batch


def offset_seed(wanted: int) -> int:
    """Return a seed that no other process has, so that each sees other pictures."""
    return wanted + SEED_STRIDE * read_rank()


def wait_for_all() -> None:
    """Wait until all processes are here."""
    if is_parallel():
        distributed.barrier()


def read_clock() -> float:
    """Return seconds, the same number in all processes: budgets and learning rates must not part their ways."""
    now = torch.tensor(time.monotonic(), dtype=torch.float64)
    if is_parallel():
        distributed.broadcast(now, 0)
    return float(now)


@torch.no_grad()
def share_weights(module: nn.Module) -> None:
    """Give all processes the weights of the first."""
    if is_parallel():
        for value in module.state_dict().values():
            distributed.broadcast(value, 0)


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Average the gradients over all processes, in place; a weight without one must have none in any process."""
    if not is_parallel():
        return
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    flat: Tensor = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
