"""The plan of pictures with LoRAs and other IP-Adapters beside what they take at SD 1.5's size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel

from pipeline.engine.packed_convolutions import LEAST_NUMBERS
from pipeline.machine.plan import plan_memory
from pipeline.machine.tiles import plan_windows
from pipeline.models.catalog import SD15
from pipeline.page.memory_need import count_adapter_bytes
from tests.benchmarks.feature_memory import FEATURES, measure_feature, plan_feature
from tests.tools.full_size_modules import count_parameters, make_modules, read_configs
from tests.tools.sd15_tensors import list_tensors

# tests/benchmarks/feature_memory.py on 2026-11-28: 2 cores, x86-64, 24 GB, Linux, torch 2.13 cpu, float32, 256 x 256
MEASURED = {0: 6_582_755_328, 134_504_448: 6_976_372_736}  # bytes of LoRAs in 16 bits -> most bytes resident
# the same on 2026-11-29: a processor with AMX, shared and busy; 256 px, "more around it" and "windows" wider
MEASURED_FEATURES = {
    "plain": 6_667_464_704,
    "image to image": 6_792_241_152,
    "a part anew": 6_717_751_296,
    "nine channels": 6_855_852_032,
    "more around it": 6_987_624_448,
    "windows": 7_111_569_408,
    "IP-Adapter Plus": 6_689_431_552,
    "style masks": 6_659_035_136,
    "enlarged": 6_686_142_464,  # on 2026-11-30, four times; the enlarger's own stays below what a decoding takes
    "two passes": 6_840_000_000,  # on 2026-11-28, as docs/levers.md rounds it
    "deep features": 6_679_011_328,  # on 2026-11-30, a busy AMD EPYC with bf16, and so are those below
    "Balanced": 6_406_877_184,
}
MEASURED_LORAS = {  # feature -> most bytes resident, and bytes of its LoRAs in 16 bits
    "few steps": (6_806_597_632, 134_504_448),
    "taught LoRA": (6_715_707_392, 16_813_056),
    "two LoRAs": (7_412_281_344, 269_008_896),
}


@pytest.mark.parametrize("name", MEASURED_FEATURES)
def test_the_plan_of_a_feature_is_near_what_was_measured(name: str) -> None:
    assert plan_feature(FEATURES[name], 256).peak == pytest.approx(MEASURED_FEATURES[name], rel=0.1)


def test_forty_steps_from_a_picture_are_planned_near_what_was_measured() -> None:
    """In bf16 at 128 px: 30 of the 40 steps run at strength 0.75."""
    plan = plan_memory(SD15, 128, 128, 1, "cpu", "cpu", "bfloat16", encodes=True)
    assert plan.peak == pytest.approx(3_546_775_552, rel=0.1)


@pytest.mark.parametrize("name", MEASURED_LORAS)
def test_the_plan_of_loras_is_near_what_was_measured(name: str) -> None:
    measured, loras = MEASURED_LORAS[name]
    assert plan_feature(FEATURES[name], 256, loras).peak == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize("loras", MEASURED)
def test_the_plan_is_near_what_was_measured(loras: int) -> None:
    plan = plan_memory(SD15, 256, 256, 1, "cpu", "cpu", "float32", loras=loras)
    assert plan.peak == pytest.approx(MEASURED[loras], rel=0.1)


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature_runs_and_its_loras_are_planned(name: str) -> None:
    row, feature = measure_feature(name, 64, tiny=True), FEATURES[name]
    bare = plan_feature(feature, 64).peak
    assert row["measured"] > 0
    as_read = row["loras"] / 2  # in 16 bits, beside what is computed with
    assert row["planned"] - bare == pytest.approx(row["loras"] + as_read, rel=0.01)
    assert (row["loras"] > 0) == bool(feature.ranks)


def test_windows_alone_are_drawn_in_several_even_on_small_modules() -> None:
    assert [name for name, each in FEATURES.items() if len(plan_windows(*each.find_size(64))) > 1] == ["windows"]


def measure_adapter(role: str) -> int:
    """Return the bytes in 16 bits of what diffusers puts on SD 1.5's UNet for a published IP-Adapter, none loaded."""
    states: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    (file,) = SD15.parts[role].files
    with torch.device("meta"):
        for name, (dtype, shape) in list_tensors(role, file.path).items():
            group, _, rest = name.partition(".")
            states[group][rest] = torch.empty(shape, dtype=dtype)
        unet = UNet2DConditionModel(**read_configs()["unet"])
        bare = count_parameters(unet)
        unet._load_ip_adapter_weights([states], low_cpu_mem_usage=False)
    return 2 * (count_parameters(unet) - bare)


def test_another_ip_adapter_is_planned_as_large_as_it_is(tmp_path: Path) -> None:
    usual, plus = measure_adapter("ip_adapter"), measure_adapter("ip_adapter_plus")
    assert SD15.parts["ip_adapter"].size == pytest.approx(usual, rel=0.01)  # part of the UNet in the plan
    assert count_adapter_bytes("sd15", "", None) == 0
    assert count_adapter_bytes("sd15", "plus", None) == pytest.approx(plus - usual, rel=0.1)
    mine = tmp_path / "mine.safetensors"
    with mine.open("wb") as file:
        file.truncate(2 * plus)
    assert count_adapter_bytes("sd15", "mine", mine) == pytest.approx(2 * plus - usual, rel=0.1)
    bare, more = (
        plan_memory(SD15, 512, 512, adapter=size).peak for size in (0, count_adapter_bytes("sd15", "plus", None))
    )
    assert more - bare == pytest.approx(plus - usual, rel=0.1)


def test_what_is_packed_is_planned_as_counted() -> None:
    sizes = [
        (weight.numel(), isinstance(layer, torch.nn.Conv2d) and layer.kernel_size != (1, 1))
        for network in (make_modules(device="meta").unet, make_modules(device="meta").controlnet)
        for layer in network.modules()
        for weight in layer.parameters(recurse=False)
    ]
    packed = sum(size for size, is_convolution in sizes if is_convolution and size >= LEAST_NUMBERS)
    for dtype, each in (("float32", 4), ("bfloat16", 2)):
        plan = plan_memory(SD15, 256, 256, 1, "cpu", "cpu", dtype)
        assert plan.packed == pytest.approx(each * packed, rel=0.02)
    assert plan_memory(SD15, 256, 256, 1, "fp8", "cpu").packed == plan_memory(SD15, 256, 256).packed == 0
