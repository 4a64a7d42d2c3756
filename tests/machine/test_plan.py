"""The planner: arithmetic on sizes, without any model."""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import Any

import pytest

from pipeline.errors import SettingError
from pipeline.machine.comparison import compare_with_measurement
from pipeline.machine.figures import FIGURES, measure_weights, read_figures
from pipeline.machine.memory import FreeMemory
from pipeline.machine.plan import (
    MODES,
    MODES_BY_DEVICE,
    apply_published_formula,
    choose_mode,
    describe_what_fits,
    find_lower_mode,
    is_tiled,
    list_modes,
    plan_memory,
)
from pipeline.models.catalog import POCKET, SD15

GIB = 2**30
PLENTY = 64 * GIB


def test_each_lower_mode_needs_less_on_the_gpu() -> None:
    for size, batch in product((256, 512, 768, 1024), (1, 4)):
        peaks = [plan_memory(SD15, size, size, batch, mode).peak for mode in ("full", "fp8", "streamed")]
        assert all(lower < higher for higher, lower in pairwise(peaks)), (size, batch, peaks)


def test_plans_meet_the_figures_that_are_asked_of_the_modes() -> None:
    """Allocated at 512 x 512. Full and fp8 only by the tensors themselves: see the note in figures.json."""
    allocated = {mode: plan_memory(SD15, 512, 512, 1, mode) for mode in ("full", "fp8", "streamed")}
    assert allocated["streamed"].peak - allocated["streamed"].runtime < 1.3e9
    assert allocated["fp8"].peak - allocated["fp8"].runtime < 2.2e9
    full = allocated["full"]
    assert full.weights + 1536.5 * 512 * 512 < 3.4e9 < full.peak  # with InvokeAI's workspaces it does not


def test_more_pixels_and_pictures_need_more() -> None:
    def peak(width: int, height: int, batch: int = 1) -> int:
        return plan_memory(SD15, width, height, batch, "full").peak

    assert peak(512, 512) < peak(512, 768) == peak(768, 512) < peak(768, 768) < peak(768, 768, 4)


def test_a_large_picture_is_decoded_in_tiles() -> None:
    assert not is_tiled(768, 768) and is_tiled(832, 512) and is_tiled(512, 832)
    whole, tiles = (plan_memory(SD15, side, side, 1, "full") for side in (768, 1024))
    assert tiles.decode < whole.decode / 2


def test_the_batch_is_denoised_together_and_decoded_one_by_one() -> None:
    one, four = (plan_memory(SD15, 512, 512, batch, "full") for batch in (1, 4))
    assert four.decode == one.decode and four.steps == pytest.approx(4 * one.steps)


def test_streamed_weights_wait_in_main_memory() -> None:
    plan = plan_memory(SD15, 512, 512, 1, "streamed")
    assert plan.main_memory == measure_weights(SD15).streamable and plan.weights < 0.4e9
    assert plan_memory(SD15, 512, 512, 1, "cpu").device == "cpu"


def test_the_processor_needs_twice_the_bytes() -> None:
    gpu, processor = (plan_memory(SD15, 512, 512, 1, mode) for mode in ("full", "cpu"))
    assert processor.weights == 2 * gpu.weights


def test_numbers_of_16_bits_take_half_on_a_processor_and_32_twice_on_a_gpu() -> None:
    processor, halves = (plan_memory(SD15, 512, 512, 1, "cpu", "cpu", dtype) for dtype in ("float32", "bfloat16"))
    assert processor == plan_memory(SD15, 512, 512, 1, "cpu", "cpu")
    for part in ("weights", "steps"):
        assert getattr(processor, part) == pytest.approx(2 * getattr(halves, part))
    assert halves.decode < processor.decode < 2 * halves.decode  # as measured: half the numbers hold more than half
    assert 0.5 * halves.runtime < processor.runtime < halves.runtime  # more of what cannot be told apart, not less
    gpu, doubled = (plan_memory(SD15, 512, 512, 1, "full", "cuda", dtype) for dtype in ("float16", "float32"))
    assert gpu == plan_memory(SD15, 512, 512, 1, "full") and doubled.weights == 2 * gpu.weights
    beside = plan_memory(SD15, 512, 512, 1, "cpu", "cuda", "float16")  # the processor in a GPU's place
    assert beside.weights == processor.weights


def test_a_machine_too_small_for_32_bits_may_do_in_16() -> None:
    free = FreeMemory(None, 5 * GIB)
    assert "nothing fits" in choose_mode(SD15, free, "cpu").why
    assert "free" in choose_mode(SD15, free, "cpu", dtype="bfloat16").why
    assert "512 x 512 px with cpu" not in describe_what_fits(SD15, free, "cpu")
    assert "with cpu" in describe_what_fits(SD15, free, "cpu", dtype="bfloat16")


def test_the_published_formula_is_what_it_says() -> None:
    """(weights + the largest stage) x 1.2, worked out by hand for 512 x 512 and 77 tokens."""
    weights = measure_weights(SD15)
    unet = 2 * (64 * 64 * 745 * 2 * 3 + 64 * 64 * 77 * 2)
    assert apply_published_formula(weights, 512, 512) == round(1.2 * (weights.total + unet))
    assert plan_memory(SD15, 512, 512, 1, "fp8").published == plan_memory(SD15, 512, 512, 1, "full").published


def test_every_measurement_says_where_it_comes_from() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert set(figures["devices"]) == {*MODES_BY_DEVICE, "pocket"}
    for device in figures["devices"].values():
        assert device["from"] and device["step_bytes_per_px"] > 0 and device["decode_bytes_per_px"] > 0
    for row in figures["measurements"]:
        wanted = {"what", "machine", "date", "device", "dtype", "mode", "width", "height", "batch", "bytes"}
        assert wanted <= set(row), row


@pytest.mark.parametrize("row", read_figures()["measurements"], ids=lambda row: f"{row['what']}-{row['machine'][:8]}")
def test_the_plan_is_near_what_was_measured(row: dict[str, Any]) -> None:
    """Ours lies within a tenth; a stage is compared with a stage, a whole run with the peak."""
    ours, published = compare_with_measurement(SD15, row).errors
    assert abs(ours) < 0.1 and abs(ours) < abs(published)


@pytest.mark.parametrize(
    ("free", "mode"), [(15, "full"), (8, "full"), (6, "full"), (4, "full"), (3, "fp8"), (2, "streamed"), (1, "cpu")]
)
def test_the_mode_follows_the_free_memory(free: int, mode: str) -> None:
    choice = choose_mode(SD15, FreeMemory(free * GIB, PLENTY), "cuda")
    assert choice.mode == mode and "free" in choice.why


def test_streaming_needs_main_memory_too() -> None:
    assert choose_mode(SD15, FreeMemory(2 * GIB, GIB), "cuda").mode == "cpu"


def test_a_machine_where_nothing_fits_tries_the_smallest_and_says_so() -> None:
    choice = choose_mode(SD15, FreeMemory(None, GIB), "cpu")
    assert choice.mode == "cpu" and "nothing fits" in choice.why


def test_the_processor_never_takes_8_bits_by_itself() -> None:
    """It would draw other pictures on a machine that happens to be busy."""
    assert choose_mode(SD15, FreeMemory(None, 1), "cpu").mode == "cpu"


def test_the_pocket_model_has_one_mode_with_figures_of_its_own() -> None:
    assert list_modes(POCKET, "cuda") == list_modes(POCKET, "cpu") == ("cpu",)
    with pytest.raises(SettingError, match="which has cpu"):
        plan_memory(POCKET, 512, 512, 1, "fp8", "cpu")
    assert (
        plan_memory(POCKET, 512, 512, 1, "cpu", "cpu").peak < 1.2e9 < plan_memory(SD15, 512, 512, 1, "cpu", "cpu").peak
    )


def test_a_mode_that_is_asked_for_is_taken() -> None:
    assert choose_mode(SD15, FreeMemory(GIB, GIB), "cuda", "fp8").mode == "fp8"
    assert choose_mode(SD15, FreeMemory(None, GIB), "cpu", "full").mode == "cpu"  # the same thing there
    with pytest.raises(SettingError, match="'fp8' needs another device than 'mps'"):
        choose_mode(SD15, FreeMemory(None, GIB), "mps", "fp8")


def test_the_ladders_go_down_one_by_one() -> None:
    assert [find_lower_mode(mode, "cuda") for mode in MODES] == ["fp8", "streamed", "cpu", None]
    assert find_lower_mode("cpu", "cpu") == "fp8" and find_lower_mode("fp8", "cpu") is None
    assert find_lower_mode("full", "mps") == "cpu" and find_lower_mode("streamed", "cpu") is None


def test_what_fits_names_sizes_that_fit() -> None:
    said = describe_what_fits(SD15, FreeMemory(3 * GIB, PLENTY), "cuda")
    assert "with fp8" in said and "with full" not in said and "2048 x 2048 px with cpu" in said
    assert "nothing fits" in describe_what_fits(SD15, FreeMemory(1, 1), "cuda")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 500}, "steps of 8"),
        ({"height": 4096}, "64 to 2048"),
        ({"width": 512.0}, "width is a whole number; float came"),
        ({"height": True}, "height is a whole number; bool came"),
        ({"batch": 0}, "1 to 4; 0 came"),
        ({"batch": 10**400}, "1 to 4"),
        ({"mode": "fp4"}, "full, fp8, streamed, cpu"),
        ({"device": "tpu"}, "cuda, mps, cpu"),
        ({"dtype": "int8"}, "float32, bfloat16, float16; 'int8'"),
        ({"mode": "streamed", "device": "mps"}, "needs another device"),
    ],
    ids=str,
)
def test_a_wrong_wish_is_told(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        plan_memory(SD15, **({"width": 512, "height": 512, "batch": 1, "mode": "full", "device": "cuda"} | wrong))


def test_loras_lie_beside_the_weights_in_every_mode() -> None:
    """And as they were read in main memory, which is the processor's own."""
    for device, mode, copies in (("cuda", "full", 1), ("cuda", "fp8", 1), ("cuda", "streamed", 1), ("cpu", "cpu", 3)):
        plain, more = (plan_memory(SD15, 512, 512, 1, mode, device, loras=size) for size in (0, 135_000_000))
        assert more.peak - plain.peak == copies * 135_000_000
        assert more.main_memory - plain.main_memory == (135_000_000 if device == "cuda" else 0)
