"""The training loop: a kill costs no learning, a broken batch no weights, and the average is what comes out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pipeline.pocket.train.loop import (
    Ema,
    Plan,
    find_learning_rate,
    offset_seed_by_progress,
    read_progress,
    save_state,
    train_module,
)
from tests.tools.pocket_training import count_seconds

pytestmark = pytest.mark.usefixtures("one_thread")
PLAN = Plan("part", minutes=0.5, learning_rate=0.05, warm_up=4, ema=0.9, save_every=10)  # 30 steps of a second
TRUTH = torch.tensor([[1.0, -2.0, 3.0]])
State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    count_seconds(monkeypatch)


def line() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def loss_for(
    module: nn.Module, seen: list[State] | None = None, broken: int | None = None
) -> Callable[[object, int], tuple[Tensor, dict[str, float]]]:
    """A regression whose data hang on the step alone; `seen` keeps the weights that each step began with."""

    def loss_of(batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        if seen is not None:
            seen.append(copied(module))
        x = torch.randn(16, 3, generator=torch.Generator().manual_seed(step))
        loss = (module(x) - x @ TRUTH.T).square().mean()
        return loss * (math.nan if step == broken else 1), {}

    return loss_of


def copied(module: nn.Module) -> State:
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(one: State, other: State) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def until(step: int) -> Iterator[object]:
    """Batches, and then the plug is pulled."""
    yield from repeat(None, step)
    raise KeyboardInterrupt


def run(folder: Path, plan: Plan = PLAN, batches: Iterator[object] = repeat(None)) -> nn.Module:  # noqa: B008
    module = line()
    return train_module(plan, module, batches, loss_for(module), folder=folder)


def test_who_goes_on_is_not_given_the_first_lessons_again(tmp_path: Path) -> None:
    assert offset_seed_by_progress(7, PLAN, tmp_path) == 7
    run(tmp_path)
    assert offset_seed_by_progress(7, PLAN, tmp_path) == 7 + checkpoint(tmp_path)["step"] == 37


def test_how_far_a_run_is_can_be_read(tmp_path: Path) -> None:
    assert read_progress(PLAN, tmp_path) == (0, 0.0)
    run(tmp_path)
    assert read_progress(PLAN, tmp_path) == (30, 30.0)


def test_a_kill_while_a_file_is_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "part.pt"
    save_state({"step": 1}, file)

    def killed(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(torch, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            save_state({"step": 2}, file)
    assert torch.load(file, weights_only=True) == {"step": 1}
    save_state({"step": 2}, file)
    assert torch.load(file, weights_only=True) == {"step": 2} and list(tmp_path.iterdir()) == [file]


def checkpoint(folder: Path) -> dict:
    return torch.load(folder / "part.pt", weights_only=True)


def test_a_stopped_run_ends_where_one_that_was_not_stopped_ends(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", batches=until(20))
    saved = checkpoint(tmp_path / "stopped")
    assert 10 < saved["step"] <= 20 and saved["spent"] == saved["step"]
    assert not same(saved["module"], saved["ema"])
    again = run(tmp_path / "stopped")
    assert same(again.state_dict(), whole.state_dict())  # step, optimizer, average and time: each would show
    assert checkpoint(tmp_path / "stopped")["step"] == checkpoint(tmp_path / "whole")["step"] == 30


def test_a_budget_of_steps_holds_whatever_the_clock_says(tmp_path: Path) -> None:
    seen: list[State] = []
    module = line()
    train_module(replace(PLAN, steps=50), module, repeat(None), loss_for(module, seen), folder=tmp_path)
    assert len(seen) == 50
    last = json.loads((tmp_path / "part.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 50 and last["rate"] == pytest.approx(find_learning_rate(PLAN, 49, 49 / 50))


def test_a_spent_budget_buys_no_more_steps(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert same(run(tmp_path, batches=until(0)).state_dict(), done.state_dict())


def test_no_draft_of_a_checkpoint_stays(tmp_path: Path) -> None:
    run(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"part.pt"}


def test_it_learns(tmp_path: Path) -> None:
    module = run(tmp_path, Plan("part", minutes=5, learning_rate=0.05, warm_up=4, ema=0.9, weight_decay=0))
    assert not module.training
    torch.testing.assert_close(module.weight.detach(), TRUTH, atol=0.02, rtol=0)


def test_one_broken_batch_changes_nothing(tmp_path: Path) -> None:
    module, seen = line(), []
    train_module(PLAN, module, repeat(None), loss_for(module, seen, broken=9), folder=tmp_path)
    assert same(seen[9], seen[10])
    assert not same(seen[10], seen[11])
    state = checkpoint(tmp_path)
    assert all(value.isfinite().all() for value in state["ema"].values())


def test_the_log_forgets_a_broken_batch(tmp_path: Path) -> None:
    module = line()
    plan = Plan("part", minutes=1, learning_rate=0.05, warm_up=4)
    train_module(plan, module, repeat(None), loss_for(module, broken=9), folder=tmp_path)
    (entry,) = [json.loads(text) for text in (tmp_path / "part.jsonl").read_text().splitlines()]
    assert entry["step"] == 50 and entry["minutes"] == pytest.approx(50 / 60, abs=0.01)
    assert math.isfinite(entry["loss"]) and math.isfinite(entry["norm"])


def test_saving_shows_the_average_and_disturbs_nothing(tmp_path: Path) -> None:
    quiet, module, shown = run(tmp_path / "quiet"), line(), []
    train_module(
        PLAN,
        module,
        repeat(None),
        loss_for(module),
        folder=tmp_path / "loud",
        on_save=lambda given, step: shown.append((step, copied(given), given.training)),
    )
    assert same(module.state_dict(), quiet.state_dict())
    assert len(shown) > 3 and shown[-1][0] == 30
    assert not any(training for _, _, training in shown)
    assert same(shown[-1][1], checkpoint(tmp_path / "loud")["ema"])


def test_the_rate_warms_up_by_steps_and_falls_by_time() -> None:
    plan = Plan("part", 1, learning_rate=2.0, warm_up=10, final_share=0.1)
    assert [find_learning_rate(plan, step, 0) for step in (0, 4, 9, 500)] == pytest.approx([0.2, 1.0, 2.0, 2.0])
    falling = [find_learning_rate(plan, 500, share / 10) for share in range(11)]
    assert falling == sorted(falling, reverse=True)
    assert falling[5] == pytest.approx(2.0 * 0.55) and falling[10] == pytest.approx(0.2)
    assert find_learning_rate(plan, 500, 1.7) == pytest.approx(
        0.2
    )  # a run that overran does not climb the cosine again


def test_the_average_follows_fast_at_first_and_slowly_later() -> None:
    module = nn.BatchNorm1d(1, affine=False)
    ema = Ema(module, decay=0.99)
    module.running_mean.fill_(1.0)
    module.num_batches_tracked.fill_(7)
    ema.update(module, 0)
    assert ema.average["running_mean"].item() == pytest.approx(0.9)  # keeps 1 / 10 of where it began
    assert ema.average["num_batches_tracked"].item() == 7  # counts are copied, not averaged
    module.running_mean.fill_(0.0)
    ema.update(module, 100_000)
    assert ema.average["running_mean"].item() == pytest.approx(0.9 * 0.99)
