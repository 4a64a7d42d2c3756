"""Two processes that train together end where one would that saw both their batches."""

from __future__ import annotations

import socket
from itertools import repeat
from pathlib import Path

import pytest
import torch
from torch import Tensor, multiprocessing, nn

from pipeline.pocket.train import parallel
from pipeline.pocket.train.loop import Plan, train_module

STEPS = 40
PLAN = Plan("part", minutes=STEPS / 60, learning_rate=0.05, warm_up=4, ema=0.9, save_every=10)
TRUTH = torch.tensor([[1.0, -2.0, 3.0]])


def lesson(step: int, part: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(2 * step + part))
    return x, x @ TRUTH.T


def learn(folder: Path, parts: tuple[int, ...], begun: int) -> dict[str, Tensor]:
    """A regression on the batches of these parts, from weights drawn by the seed `begun`."""
    torch.set_num_threads(1)
    torch.manual_seed(begun)
    module, seconds = nn.Linear(3, 1), iter(range(10_000))
    parallel.read_clock = lambda: float(next(seconds))  # type: ignore[assignment]

    def loss_of(_: object, step: int) -> tuple[Tensor, dict[str, float]]:
        losses = [(module(x) - y).square().mean() for x, y in (lesson(step, part) for part in parts)]
        return torch.stack(losses).mean(), {}

    train_module(PLAN, module, repeat(None), loss_of, folder=folder)
    return module.state_dict()


def apprentice(rank: int, folder: Path, port: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}.items():
            patch.setenv(name, str(value))
        parallel.join_processes()
    assert (parallel.read_rank(), parallel.share_batch(17), parallel.offset_seed(5) == 5) == (rank, 8, rank == 0)
    learnt = learn(folder, (rank,), begun=rank)
    parallel.wait_for_all()
    parallel.leave_processes()
    torch.save(learnt, folder / f"learnt-{rank}.pt")


def test_two_processes_learn_what_one_learns_from_both_their_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(apprentice, (tmp_path, port), nprocs=2)
    first, second = (torch.load(tmp_path / f"learnt-{rank}.pt", weights_only=True) for rank in range(2))
    monkeypatch.setattr(
        parallel, "read_clock", parallel.read_clock
    )  # `learn` sets another: put this one back afterwards
    (tmp_path / "alone").mkdir()
    alone = learn(tmp_path / "alone", (0, 1), begun=0)
    for name, value in alone.items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], value, rtol=1e-4, atol=1e-5)
    checkpoint = torch.load(tmp_path / "part.pt", weights_only=True)
    assert checkpoint["step"] == STEPS and torch.equal(checkpoint["ema"]["weight"], first["weight"])


def test_alone_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    parallel.join_processes()
    assert not parallel.is_parallel() and parallel.read_rank() == 0
    assert (parallel.share_batch(17), parallel.offset_seed(5)) == (17, 5)
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([1.0, 2.0])
    parallel.average_gradients([weight])
    assert weight.grad.tolist() == [1.0, 2.0]
    parallel.wait_for_all()
    parallel.leave_processes()
