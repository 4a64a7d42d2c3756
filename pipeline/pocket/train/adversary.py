"""Train a critic that teaches texture: the mean of all pictures that fit a drawing has none.

Squared error alone draws, in few steps, what lies in the middle of all answers: clean outlines, right colours, no
hatching, no grain; a small decoder blurs them in the same way. A small convolutional critic looks at crops of the
picture, knowing the style reference and the lines, and is trained to tell them from the true ones (as in adversarial
diffusion distillation, Sauer et al. 2023, arXiv:2311.17042). Pairs are compared relatively and both sides are held
smooth (R3GAN, Huang et al. 2024, arXiv:2501.05441; finite differences in place of second derivatives as in Lin et al.
2025, arXiv:2501.08316). The spreads of its features are also matched, which makes a texture's strength right before
its every dot could be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.pocket.model import IMAGE_WIDTH
from pipeline.pocket.train import parallel
from pipeline.pocket.train.loop import save_state
from pipeline.pocket.train.precision import use_bf16_where_faster

WIDTHS = (32, 64, 96, 128, 128, 128)  # the last sees 65 px: a petal, a wheel, the rhythm of a hatching
SMOOTH = 0.05  # deviation of the noise that the critic must not mind
SMOOTHNESS = 1.0  # weight of the squared change of the logits by that noise
SMOOTH_EVERY = 4  # steps
MATCHING = 0.5  # weight of telling a true picture beside its own style from the same beside another's
LEARNING_RATE = 4e-4


class StyledCritic(nn.Module):
    """StyledCritic tells true pictures from drawn ones, patch by patch.

    Pictures (B, 3, H, W) in [-1, 1], style references (B, 384), lines (B, 1, H, W) -> for each scale logits (B, n), one
    a patch, and the features that they come from. Patches are 5, 9, 17, 33 and 65 px wide. It sees the lines that were
    given, so that contours beside them and strokes on empty grounds are told apart too.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(narrow, wide, 3, stride=1 if i == 0 else 2, padding=1)
            for i, (narrow, wide) in enumerate(pairwise((3 + 1, *widths)))
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths[1:])
        self.styles = nn.ModuleList(nn.Linear(IMAGE_WIDTH, width) for width in widths[1:])

    def features(self, x: Tensor) -> list[Tensor]:
        found = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            found.append(x)
        return found

    def forward(self, x: Tensor, style: Tensor, lines: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        features = self.features(torch.cat([x, lines], 1))
        direction, logits = functional.normalize(style, dim=1), []
        for head, wanted, found in zip(self.heads, self.styles, features[1:], strict=True):
            # A patch is true or not, and fits the style or not (projection, Miyato & Koyama 2018).
            fits = (found * wanted(direction)[..., None, None]).sum(1, keepdim=True)
            logits.append((head(found) + fits).flatten(1))
        return logits, features


class Adversary:
    """Adversary holds a critic with its optimizer, and continues from its state in `file` where there is one."""

    def __init__(self, critic: StyledCritic, file: Path, device: torch.device) -> None:
        self.critic = critic.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        parallel.share_weights(self.critic)
        self._file = file
        self._optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=LEARNING_RATE, betas=(0.5, 0.99), weight_decay=1e-3
        )
        self._steps = 0
        if self._file.is_file():
            state = torch.load(self._file, map_location=device, weights_only=True)
            self.critic.load_state_dict(state["critic"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._steps = state["steps"]

    def save(self) -> None:
        save_state(
            {"critic": self.critic.state_dict(), "optimizer": self._optimizer.state_dict(), "steps": self._steps},
            self._file,
        )

    def train_critic(self, true: Tensor, made: Tensor, style: Tensor, lines: Tensor) -> float:
        """Train the critic one step; return its loss on what was made (log 2 where it cannot tell).

        True pictures beside another picture's style are to be told apart too (matching-aware, Reed et al. 2016,
        arXiv:1605.05396): without them it may learn what a true picture is and never look at the style.
        """
        both = torch.cat([true, made.detach(), true])
        styles, times = torch.cat([style, style, style.roll(1, 0)]), 3
        if self._steps % SMOOTH_EVERY == 0:
            pair = both[: 2 * len(true)]
            both, times = torch.cat([both, pair + SMOOTH * torch.randn_like(pair)]), 5
            styles = torch.cat([styles, style, style])
        logits, _ = self._look(both, styles, torch.cat([lines] * times))
        real, fake, strange, *noisy = ([one.chunk(times)[i] for one in logits] for i in range(times))
        told, unfitting = measure_separation(fake, real), measure_separation(strange, real)
        rough = sum(
            average_over_scales(torch.square, one, other) for one, other in zip((real, fake), noisy, strict=False)
        )
        self._steps += 1
        self._optimizer.zero_grad(set_to_none=True)
        (told + MATCHING * unfitting + SMOOTHNESS * rough).backward()  # type: ignore[no-untyped-call]
        parallel.average_gradients(self.critic.parameters())
        torch.nn.utils.clip_grad_norm_(self.critic.parameters(), 5.0)
        self._optimizer.step()
        return float(told.detach())

    def measure_loss(self, true: Tensor, made: Tensor, style: Tensor, lines: Tensor) -> Tensor:
        """Measure what the maker should lessen: being told apart, and spreads of features that differ."""
        self.critic.requires_grad_(False)
        with torch.no_grad():
            real, wanted = self._look(true, style, lines)
        fake, found = self._look(made, style, lines)
        self.critic.requires_grad_(True)
        return measure_separation(real, fake) + sum(
            measure_spread_difference(one, other) for one, other in zip(found, wanted, strict=True)
        )

    def _look(self, pictures: Tensor, style: Tensor, lines: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        with use_bf16_where_faster(pictures.device):
            logits, features = self.critic(pictures, style, lines)
        return [one.float() for one in logits], features


def average_over_scales(
    measure: Callable[[Tensor], Tensor], ones: Sequence[Tensor], others: Sequence[Tensor]
) -> Tensor:
    """Average a measure of the differences, each scale alike: nine wide patches count as much as 2,304 narrow ones."""
    return torch.stack([measure(one - other).mean() for one, other in zip(ones, others, strict=True)]).mean()


def measure_separation(higher: Sequence[Tensor], lower: Sequence[Tensor]) -> Tensor:
    """Measure how far the second logits are from lying below the first: log 2 where they are the same."""
    return average_over_scales(functional.softplus, higher, lower)


def measure_spread_difference(found: Tensor, wanted: Tensor) -> Tensor:
    """Measure how each channel's mean and deviation over the picture differ, in units of the channel's deviation."""
    (mean, deviation), (true_mean, true_deviation) = compute_moments(found), compute_moments(wanted)
    unit = (true_deviation.square().mean(0) + true_mean.var(0, correction=0)).sqrt() + 1e-3
    return (((mean - true_mean).abs() + (deviation - true_deviation).abs()) / unit).mean()


def compute_moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Compute means and deviations (B, C), fp32, of features (B, C, H, W).

    By sums: on a CPU a third of the time that `std` takes.
    """
    flat = features.permute(0, 2, 3, 1).flatten(1, 2).float()
    mean = flat.mean(1)
    return mean, (flat.square().mean(1) - mean.square()).clamp(min=1e-8).sqrt()


def balance_losses(main: Tensor, side: Tensor, at: Tensor, share: float, also: Sequence[Tensor] = ()) -> Tensor:
    """Return `main` + k `side`, with k such that the gradients at `at` have lengths 1 : share (VQGAN, Esser 2021).

    What lies between `at` and the losses is gone through once: the value that comes back stands in for them, with their
    gradients at `at` and at `also`, weights on the side's way from `at`, and nothing else.
    """
    (strong,) = torch.autograd.grad(main, at, retain_graph=True)
    weak, *others = torch.autograd.grad(side, (at, *also))
    k = (share * strong.norm() / (weak.norm() + 1e-8)).clamp(max=1e3).detach()
    stand_in = (at * (strong + k * weak)).sum()
    for weight, gradient in zip(also, others, strict=True):
        stand_in = stand_in + k * (weight * gradient).sum()
    weighed: Tensor = stand_in + (main + k * side - stand_in).detach()
    return weighed
