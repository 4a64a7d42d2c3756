"""The critic: it learns to tell, its verdict shows the way to the true texture, and its share of the gradient holds."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pipeline.pocket.train.adversary import (
    Adversary,
    StyledCritic,
    balance_losses,
    measure_separation,
    measure_spread_difference,
)

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


def adversary_at(folder: Path) -> Adversary:
    return Adversary(StyledCritic(), folder / "critic.pt", CPU)


def textured(count: int, strength: float, seed: int = 0) -> Tensor:
    return strength * torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def worn(count: int) -> Tensor:
    return torch.randn(count, 384, generator=torch.Generator().manual_seed(5))


def lines(count: int) -> Tensor:
    return (torch.rand(count, 1, 32, 32, generator=torch.Generator().manual_seed(6)) > 0.8).float()


def test_the_critic_learns_to_tell_smooth_from_textured(tmp_path: Path) -> None:
    torch.manual_seed(0)
    adversary = adversary_at(tmp_path)
    told = [
        adversary.train_critic(textured(4, 1.0, seed), textured(4, 0.2, seed + 100), worn(4), lines(4))
        for seed in range(12)
    ]
    assert told[0] == pytest.approx(0.693, abs=0.1)  # log 2: it cannot tell
    assert sum(told[-3:]) / 3 < 0.5


def test_its_verdict_grows_with_the_distance_and_points_to_the_texture(tmp_path: Path) -> None:
    torch.manual_seed(0)
    adversary = adversary_at(tmp_path)
    true, style = textured(2, 1.0), (worn(2), lines(2))
    smooth = textured(2, 0.2, 7).requires_grad_(True)
    verdict = adversary.measure_loss(true, smooth, *style)
    (gradient,) = torch.autograd.grad(verdict, smooth)
    nearer = (smooth - 20 * gradient).detach()
    assert adversary.measure_loss(true, nearer, *style) < verdict
    assert adversary.measure_loss(true, true, *style) < adversary.measure_loss(true, nearer, *style)
    assert nearer.std() > smooth.std()


def test_judging_leaves_the_critic_ready_to_learn(tmp_path: Path) -> None:
    adversary = adversary_at(tmp_path)
    adversary.measure_loss(textured(1, 1.0), textured(1, 0.5), worn(1), lines(1))
    parameters = list(adversary.critic.parameters())
    assert all(value.requires_grad and value.grad is None for value in parameters)
    before = [value.detach().clone() for value in parameters]
    adversary.train_critic(textured(1, 1.0), textured(1, 0.5), worn(1), lines(1))
    assert not all(torch.equal(old, new) for old, new in zip(before, parameters, strict=True))


def test_the_style_counts() -> None:
    torch.manual_seed(0)
    critic, pixels, style, drawn = StyledCritic(), textured(2, 1.0), worn(2), lines(2)
    usual, _ = critic(pixels, style, drawn)
    turned = critic(pixels, -style, drawn)[0]
    assert not any(torch.allclose(one, other) for one, other in zip(usual, turned, strict=True))
    torch.testing.assert_close(usual, critic(pixels, 3 * style, drawn)[0])  # its direction only


def test_a_wide_patch_counts_as_much_as_all_the_narrow_ones() -> None:
    narrow, wide = torch.zeros(1, 2304), torch.zeros(1, 9)
    assert measure_separation([narrow, wide], [narrow, wide]).item() == pytest.approx(math.log(2))
    low = measure_separation([narrow, wide - 50], [narrow, wide]).item()
    assert low == pytest.approx(math.log(2) / 2) == measure_separation([narrow - 50, wide], [narrow, wide]).item()
    logits, _ = StyledCritic()(torch.zeros(1, 3, 96, 96), worn(1), torch.zeros(1, 1, 96, 96))
    seen = {scale.shape[1] for scale in logits}
    assert seen == {2304, 576, 144, 36, 9}


def test_the_critic_learns_to_tell_strokes_beside_the_lines(tmp_path: Path) -> None:
    torch.manual_seed(0)
    adversary = adversary_at(tmp_path)
    given, moved = lines(4), lines(4).roll(9, -1)  # the same strokes, elsewhere: only beside the lines do they differ
    told = [
        adversary.train_critic(given.expand(-1, 3, -1, -1), moved.expand(-1, 3, -1, -1), worn(4), given)
        for _ in range(30)
    ]
    assert told[0] == pytest.approx(0.693, abs=0.1)
    assert told[-1] < 0.4


def test_a_saved_adversary_goes_on_where_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    adversary = adversary_at(tmp_path)
    adversary.train_critic(textured(1, 1.0), textured(1, 0.2), worn(1), lines(1))
    adversary.save()
    again = adversary_at(tmp_path)
    for adversary_ in (adversary, again):
        torch.manual_seed(3)
        adversary_.train_critic(textured(1, 1.0, 3), textured(1, 0.2, 4), worn(1), lines(1))
    for one, other in zip(adversary.critic.parameters(), again.critic.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_spreads_are_compared_and_places_are_not() -> None:
    wanted = [textured(2, 1.0)]
    assert measure_spread_difference(wanted[0].flip(3), wanted[0]) < 1e-6
    assert measure_spread_difference(0.5 * wanted[0], wanted[0]).item() == pytest.approx(0.5, abs=0.05)
    assert measure_spread_difference(wanted[0] + 1, wanted[0]).item() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_side_loss_keeps_its_share_whatever_its_scale(scale: float) -> None:
    at = torch.tensor([1.0, 2.0], requires_grad=True)
    main, side = (at * torch.tensor([3.0, 0.0])).sum(), scale * (at * torch.tensor([0.0, 5.0])).sum()
    (gradient,) = torch.autograd.grad(balance_losses(main, side, at, 0.5), at)
    torch.testing.assert_close(gradient, torch.tensor([3.0, 1.5]), rtol=1e-4, atol=1e-4)


def test_a_true_picture_beside_another_style_is_told_apart(tmp_path: Path) -> None:
    """What was made is as good as the true ones here: only the style says which texture is right."""
    torch.manual_seed(0)
    adversary, style = adversary_at(tmp_path), worn(2).repeat(2, 1)  # neighbours differ
    rough, fine = textured(4, 1.0), textured(4, 0.2, 1)
    coarse = torch.tensor([1.0, 0.0, 1.0, 0.0])[:, None, None, None]
    for seed in range(30):
        true = coarse * rough.roll(seed, 3) + (1 - coarse) * fine.roll(seed, 3)
        adversary.train_critic(true, true, style, lines(4))
    with torch.no_grad():
        own, _ = adversary.critic(true, style, lines(4))
        others, _ = adversary.critic(true, style.roll(1, 0), lines(4))
    assert measure_separation(others, own) < 0.5
