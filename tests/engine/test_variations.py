"""Variations of a picture: the seed's noise turned a little towards another seed's, on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from pipeline.colours.rounds import draw_tastes
from pipeline.engine.noise import turn_noise
from pipeline.values import GenerationRequest
from tests.conftest import MakeStyle
from tests.engine.test_pocket_engine import Ask, ask, library  # noqa: F401 - fixtures
from tests.tools.drawing_requests import make_request
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.engine.pocket_engine import PocketEngine


@pytest.fixture
def request_(shallow_engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(shallow_engine, make_style("neon", 1))


def draw_all(engine: Engine | PocketEngine, request: GenerationRequest, count: int = 1) -> list[np.ndarray]:
    return [np.asarray(image, np.int16) for image in engine.draw(request, count).images]


def test_turned_noise_is_noise_and_as_near_as_its_strength() -> None:
    one, other = torch.randn(2, 4, 32, 32, generator=torch.Generator().manual_seed(3))
    turned = [turn_noise(one, other, strength) for strength in (0.0, 0.2, 0.6, 1.0)]
    torch.testing.assert_close(turned[0], one)
    torch.testing.assert_close(turned[3], other)
    distances = [float((each - one).norm()) for each in turned]
    assert distances == sorted(distances)
    for each in turned:
        assert abs(float(each.std()) - 1) < 0.05
    assert torch.equal(turn_noise(one, one, 0.5), one)


def test_the_pocket_models_noise_stays_gumbel_noise() -> None:
    """The standard Gumbel distribution has mean 0.577 and variance 1.645."""
    drawn = torch.cat([draw_tastes(1, seed, seed + 9, 0.4)[0].codes for seed in range(60)])
    assert abs(float(drawn.mean()) - 0.577) < 0.05 and abs(float(drawn.var()) - 1.645) < 0.15
    torch.testing.assert_close(draw_tastes(1, 1, 2, 1.0)[0].codes, draw_tastes(1, 2)[0].codes, atol=1e-4, rtol=0)
    assert torch.equal(draw_tastes(1, 1, 2, 0.0)[0].codes, draw_tastes(1, 1)[0].codes)


def test_pocket_variations_are_near_and_each_is_its_own(shipped_engine: PocketEngine, ask: Ask) -> None:  # noqa: F811
    measured: list[list[float]] = [[], []]
    for seed in (1, 2, 3):
        base = draw_all(shipped_engine, ask(seed=seed))[0]
        varied = ask(seed=seed, variation_seed=40, variation_strength=0.3)
        near = draw_all(shipped_engine, varied, 4)
        others = draw_all(shipped_engine, ask(seed=40), 4)
        for found, group in zip(measured, (near, others), strict=True):
            found += [float(np.abs(each - base).mean()) for each in group]
    assert np.mean(measured[0]) < 0.8 * np.mean(measured[1])
    assert len({each.tobytes() for each in near}) >= 2 and max(measured[0]) > 0.5
    for together, alone in zip(near, varied.batch(4), strict=True):
        assert alone.sampling.seed == seed
        np.testing.assert_array_equal(together, draw_all(shipped_engine, alone)[0])


def test_sd15_variations_are_near_and_each_is_its_own(shallow_engine: Engine, request_: GenerationRequest) -> None:
    base = draw_all(shallow_engine, request_)[0]
    varied = change_request(request_, variation_seed=40, variation_strength=0.1)
    near, others = draw_all(shallow_engine, varied, 2), draw_all(shallow_engine, change_request(request_, seed=40), 2)
    measured = [[float(np.abs(each - base).mean()) for each in group] for group in (near, others)]
    assert 0 < np.mean(measured[0]) < 0.8 * np.mean(measured[1])
    assert [each.sampling.variation_seed for each in varied.batch(2)] == [40, 41]
    for together, alone in zip(near, varied.batch(2), strict=True):
        np.testing.assert_array_equal(together, draw_all(shallow_engine, alone)[0])


def test_no_strength_is_no_variation(shallow_engine: Engine, request_: GenerationRequest) -> None:
    plain = draw_all(shallow_engine, request_)[0]
    np.testing.assert_array_equal(plain, draw_all(shallow_engine, change_request(request_, variation_seed=9))[0])
