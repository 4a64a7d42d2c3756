"""The table of ablations: errors of a known answer, and a row for a variant that was trained."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline.pocket.train.ablate import FROM_NOTHING, VARIANTS, WHOLE, Variant, measure_errors, train_variant
from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.denoiser_data import SCHEME, draw_batches
from tests.tools.pocket_training import make_prepared_data, shrink_denoiser

pytestmark = pytest.mark.usefixtures("one_thread")
EMPTY = torch.full((32, 384), -5.0)


class Knowing(Denoiser):
    """Answers the truth where it is told everything; each thing that it is not told costs a different distance."""

    def __init__(self, truth: torch.Tensor) -> None:
        torch.nn.Module.__init__(self)
        self.truth = truth

    def forward(
        self,
        noisy: torch.Tensor,
        times: torch.Tensor,
        tokens: torch.Tensor,
        style: torch.Tensor,
        hint: torch.Tensor,
        edges_scale: torch.Tensor,
    ) -> torch.Tensor:
        assert (times == 999).all()
        away = 1.0 * (style[:, 0] == 0) + 2.0 * (tokens[:, 0, 0] < 0) + 4.0 * (edges_scale[:, 0, 0, 0] == 0)
        return self.truth + away[:, None, None, None]


def test_errors_say_what_each_thing_is_worth() -> None:
    batch = next(draw_batches(make_prepared_data((0,) * 8), EMPTY, 4, 0, WHOLE))
    found = measure_errors(Knowing(-batch.latents), [batch], EMPTY)  # v where there is no signal
    assert found == pytest.approx({"all": 0, "no style": 1, "no words": 4, "neither": 9, "no lines": 16}, abs=0.01)


def test_a_variant_is_trained_and_gets_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)
    held_back = [next(draw_batches(make_prepared_data((0,) * 8), EMPTY, 4, 0, WHOLE))]
    row = train_variant(
        "a small one", Variant(shipped=False), make_prepared_data((0,) * 8), held_back, EMPTY, 2, tmp_path, tmp_path
    )
    assert row["variant"] == "a small one" and row["steps"] == 2 * FROM_NOTHING and 0 < float(row["millions"]) < 5
    assert 0 < float(row["all"]) < 100


def test_variants_differ_from_the_shipped_one_in_one_thing() -> None:
    for name, variant in VARIANTS.items():
        if name.startswith("size"):
            assert variant.scheme == SCHEME and not variant.shipped
        else:
            assert variant.widths == Variant().widths and variant.shipped
    assert len({(variant.widths, variant.scheme, variant.shipped) for variant in VARIANTS.values()}) == len(VARIANTS)
