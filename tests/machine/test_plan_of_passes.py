"""The plan of pictures that start from one, have two passes, or are denoised in windows: against tensors followed
through the modules.
"""

from __future__ import annotations

import pytest
import torch

from pipeline.machine.plan import plan_memory
from pipeline.machine.tiles import WINDOW
from pipeline.models.catalog import SD15
from tests.tools.full_size_modules import PipelineModules, make_modules
from tests.tools.tensor_memory import measure_peak


@pytest.fixture(scope="module")
def sized() -> PipelineModules:
    return make_modules(dtype=torch.float16, device="meta")


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_the_encoder_is_planned_as_its_tensors_are(sized: PipelineModules, side: int) -> None:
    """Above 768 px it works in tiles, as the engine has it."""
    pixels = torch.zeros(1, 3, side, side, device="meta", dtype=torch.float16)
    sized.vae.use_tiling = side > 768
    measured = measure_peak(sized, lambda: sized.vae.encode(pixels))
    plan = plan_memory(SD15, side, side, encodes=True)
    assert plan.encode == pytest.approx(measured, rel=0.1)
    assert plan_memory(SD15, side, side).encode == 0


def test_the_encoder_needs_twice_in_32_bits() -> None:
    half, whole = (
        plan_memory(SD15, 512, 512, 1, "full", "cuda", dtype, encodes=True) for dtype in ("float16", "float32")
    )
    assert whole.encode == 2 * half.encode == plan_memory(SD15, 512, 512, 1, "cpu", "cpu", encodes=True).encode


def test_windows_need_no_more_than_one_of_them_and_what_all_keep() -> None:
    window, large = (plan_memory(SD15, side, side) for side in (WINDOW, 2048))
    kept = 16 * WINDOW**2 / 64 * (3 * 320 * 2 * 2)  # deep features and two residuals, guided, fp16
    assert large.steps - window.steps == pytest.approx(kept, rel=0.01)
    assert large.steps < plan_memory(SD15, 1024, 1024).steps * 1.4
    assert large.decode < 2 * plan_memory(SD15, 1024, 1024).decode
