"""The denoiser learns: noise and times are drawn as said, and samples follow lines, words, style and seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel
from torch import Tensor
from torch.nn import functional

from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, SIDE, make_training_noise, make_unet
from pipeline.pocket.train import denoiser
from pipeline.pocket.train.denoiser import (
    PURE_NOISE_SHARE,
    Denoiser,
    attempt_batch,
    draw_sample,
    draw_times,
    find_nearest_noise,
    train_denoiser,
)
from pipeline.pocket.train.denoiser_data import Batch, Prepared, draw_batches
from pipeline.pocket.train.loop import Plan
from tests.tools.pocket_training import count_seconds, make_prepared_data, shrink_denoiser, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")
EMPTY = torch.full((32, 384), -5.0)
LATENTS = (LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
LOOKS = (0,) * 8 + (1,) * 8 + (2,)


def series(data: Prepared, size: int, count: int, seed: int = 0) -> Iterator[Batch]:
    return islice(draw_batches(data, EMPTY, size, seed), count)


def test_times_are_drawn_with_their_shares() -> None:
    times = draw_times(20_000, torch.Generator().manual_seed(0))
    assert times.dtype == torch.int64 and times.min() >= 0 and times.max() == 999
    assert (times == 999).float().mean().item() == pytest.approx(PURE_NOISE_SHARE, abs=0.015)
    for low in (0, 300, 700):
        within = ((times >= low) & (times < low + 200)).float().mean().item()
        assert within == pytest.approx((1 - PURE_NOISE_SHARE) / 5, abs=0.01)


class Echo(torch.nn.Module):
    """Draws its noise: at pure noise the clean latents are less what it answers."""

    def forward(
        self, noisy: Tensor, times: Tensor, tokens: Tensor, style: Tensor, hint: Tensor, edges_scale: Tensor
    ) -> Tensor:
        return -noisy


def test_of_several_noises_the_one_that_leads_nearest_the_truth_is_taught_at_pure_noise_alone() -> None:
    noise_maker = make_training_noise()
    (batch,) = series(make_prepared_data(LOOKS), 4, 1)
    noises = torch.stack([batch.latents + offset for offset in (2.0, 0.5, -1.0)])
    noises[2, 0] = batch.latents[0]  # of the first picture, the last noise is the truth itself
    times = torch.tensor([999, 999, 600, 999])
    chosen = find_nearest_noise(Echo(), batch, noise_maker, times, noises)
    for row, best in enumerate((2, 1, 0, 1)):
        assert torch.equal(chosen[row], noises[best, row])


def test_an_attempt_of_several_tries_is_nearer_than_that_of_one() -> None:
    noise_maker, (batch,) = make_training_noise(), series(make_prepared_data((0,) * 9), 64, 1)

    def away(tries: int) -> float:
        tried = attempt_batch(Echo(), batch, noise_maker, torch.Generator().manual_seed(0), tries)
        late = tried.times == 999
        torch.testing.assert_close(tried.wanted[late], -batch.latents[late])
        return float((tried.made - tried.wanted)[late].square().mean())

    assert away(8) < 0.985 * away(1)


def inputs(count: int = 2) -> tuple[Tensor, ...]:
    noise = torch.Generator().manual_seed(1)
    lines = torch.zeros(count, 3, SIDE, SIDE)
    lines[:, :, 60:62, 40:200] = lines[:, :, 40:200, 128:130] = 1
    return (
        torch.randn(count, *LATENTS, generator=noise),
        torch.full((count,), 999),
        torch.randn(count, 32, 384, generator=noise),
        torch.randn(count, 384, generator=noise),
        lines,
        torch.ones(count, 1, 1, 1),
    )


@torch.inference_mode()
def test_lines_words_and_style_reach_a_fresh_denoiser() -> None:
    """diffusers' zero layers left lines without any effect at the start, and after 600 steps still."""
    torch.manual_seed(0)
    model, given = Denoiser().eval(), inputs()
    usual = model(*given)
    assert usual.shape == (2, *LATENTS)
    for place, least in ((2, 0.01), (3, 0.01), (4, 0.01)):
        without = [torch.zeros_like(part) if number == place else part for number, part in enumerate(given)]
        assert ((model(*without) - usual).std() / usual.std()).item() > least
    off = (*given[:5], torch.zeros_like(given[5]))
    blank = (*given[:4], torch.zeros_like(given[4]), torch.zeros_like(given[5]))
    assert torch.equal(model(*off), model(*blank))  # residuals times 0: the drawing is gone


@torch.inference_mode()
def test_a_controlnet_as_diffusers_starts_it_does_not_see_lines() -> None:
    """diffusers still starts it so that `initialise_hint_stack` is needed."""
    noisy, times, tokens, _, lines, _ = inputs(1)
    asleep = ControlNetModel.from_unet(make_unet(), conditioning_embedding_out_channels=(8, 8, 16, 32, 64))
    middle = [
        asleep(noisy, times, encoder_hidden_states=tokens, controlnet_cond=hint, return_dict=False)[1]
        for hint in (lines, torch.zeros_like(lines))
    ]
    assert torch.equal(*middle)


def loss_on(model: Denoiser, data: Prepared) -> float:
    """At fixed noise and times."""
    batch = next(series(data, 8, 1, seed=9))
    noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(9))
    times, maker = torch.arange(120, 1000, 115), make_training_noise()
    wanted = maker.get_velocity(batch.latents, noise, times)
    with torch.inference_mode():
        made = model(
            maker.add_noise(batch.latents, noise, times),
            times,
            batch.tokens,
            batch.style,
            batch.hint,
            batch.edges_scale,
        )
    return float(functional.mse_loss(made, wanted))


def test_a_few_steps_lower_the_loss_and_log_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    count_seconds(monkeypatch)
    torch.manual_seed(0)
    model, data, saved = Denoiser(), make_prepared_data((0, 0)), []
    before = loss_on(model, data)
    plan = Plan("denoiser", minutes=50 / 60, learning_rate=3e-3, warm_up=5, ema=0.8)
    train_denoiser(model, data, EMPTY * 0, plan, tmp_path, size=2, on_save=lambda given, step: saved.append(step))
    assert loss_on(model, data) < 0.85 * before
    (line,) = map(json.loads, (tmp_path / "denoiser.jsonl").read_text().splitlines())
    assert 0 < line["pure_noise"] < 10 and 0 < line["loss"] < 10
    assert saved == [50]


def test_a_run_that_goes_on_sees_other_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    monkeypatch.setattr(denoiser, "train_module", lambda plan, module, batches, *rest, **more: next(batches))
    model, data, plan = Denoiser(), make_prepared_data(LOOKS), Plan("denoiser", minutes=1, learning_rate=1e-3)

    def first() -> Any:
        return train_denoiser(model, data, EMPTY * 0, plan, tmp_path, size=8)

    begun = first().rows.tolist()
    assert first().rows.tolist() == begun
    write_checkpoint(tmp_path, plan, 5)
    assert first().rows.tolist() != begun


def test_samples_hang_on_the_seed_and_are_guided_away_from_empty_words(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    torch.manual_seed(0)
    model = Denoiser().eval()
    _, _, tokens, style, hint, _ = inputs(1)
    one, other = torch.zeros(32, 384), torch.randn(32, 384, generator=torch.Generator().manual_seed(3))

    def drawn(empty: Tensor, guidance: float, seed: int = 0) -> Tensor:
        return draw_sample(model, tokens, style, hint, empty, steps=2, guidance=guidance, seed=seed)

    usual = drawn(one, 2.0)
    assert usual.shape == (1, *LATENTS) and usual.isfinite().all()
    assert torch.equal(usual, drawn(one, 2.0)) and not torch.allclose(usual, drawn(one, 2.0, seed=1))
    assert not torch.allclose(usual, drawn(other, 2.0), atol=1e-4)
    torch.testing.assert_close(drawn(one, 1.0), drawn(other, 1.0))  # guidance 1 compares with nothing
