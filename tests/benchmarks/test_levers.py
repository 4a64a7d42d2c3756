"""The prices of levers, on small modules: which rows there are, and that a lever that leaves work out is cheaper."""

from __future__ import annotations

import pytest
import torch

from pipeline.request.presets import get_menu
from tests.benchmarks.levers import (
    PLAIN,
    list_quality_presets,
    list_steps,
    measure_seconds,
    prepare_modules,
    read_options,
    run_on,
)
from tests.benchmarks.report import Row
from tests.benchmarks.thread_waiting import FULL_SIZE_POLICIES, STAGES, compare_full_size
from tests.tools.full_size_modules import make_step_inputs, run_step


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], Row]:
    asked = read_options(["seconds", "--tiny", "--side", "64", "--repeats", "3"])
    return {(row["what"], row["of"]): row for row in measure_seconds(asked)}


def test_each_lever_stands_beside_the_plain_run_of_its_kind(rows: dict[tuple[str, str], Row]) -> None:
    assert {rows[PLAIN, kind]["of_plain"] for kind in ("a step", "once a picture")} == {1}
    assert len(rows) == 11 and all(row["processor_s"] >= 0 for row in rows.values())


def test_what_a_step_leaves_out_it_does_not_pay(rows: dict[tuple[str, str], Row]) -> None:
    kept = next(row for (name, _), row in rows.items() if "cache_interval" in name)
    assert kept["of_plain"] < 0.9


def test_a_lora_is_off_again_after_its_step_and_changes_it() -> None:
    made = prepare_modules(True, torch.float32)
    inputs = make_step_inputs(made, 64, 64, 1, "cpu", torch.float32)
    inputs = inputs._replace(latents=torch.ones_like(inputs.latents), prompts=torch.ones_like(inputs.prompts))
    with torch.inference_mode():
        steps = list_steps(made, inputs)
        before = run_step(made, inputs)
        adapted = next(run for name, run in steps.items() if name.startswith("LoRA"))()
        assert isinstance(adapted, torch.Tensor) and not torch.allclose(adapted, before)
        assert torch.equal(run_step(made, inputs), before)
        assert torch.equal(run_on(made, inputs, [made.controlnet], 2), before)  # type: ignore[arg-type]


def test_every_sampler_to_judge_is_offered() -> None:
    presets = list_quality_presets()
    assert {preset.sampler for preset in presets} <= set(get_menu("sd15").samplers)
    assert len({preset.name for preset in presets}) == len(presets)
    judged = {preset.name.partition("=")[0] for preset in presets}
    assert {"guidance_scale", "controlnet_half", "controlnet_every", "control_guidance_end", "guidance_end"} <= judged


def test_waiting_is_measured_with_each_setting() -> None:
    two = dict(list(FULL_SIZE_POLICIES.items())[:2])  # each is a process of its own
    rows = list(compare_full_size(1, 0, 64, tiny=True, policies=two))
    assert [row["what"] for row in rows] == list(two)
    assert all(float(str(row[f"{stage}_s"])) >= 0 for row in rows for stage in STAGES)
