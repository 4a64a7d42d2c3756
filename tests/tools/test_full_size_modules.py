"""SD 1.5's size, and the constants of the planner that follow from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.machine.figures import read_figures
from tests.benchmarks.memory import OUTCOMES, measure_row
from tests.tools.diffusers_reference import load_diffusers_sd15
from tests.tools.full_size_modules import (
    count_parameters,
    make_filled_modules,
    make_full_size_sd15,
    make_modules,
    read_configs,
)
from tests.tools.models import write_sd15
from tests.tools.tensor_memory import TensorByteCounter, derive_peaks


def test_the_modules_have_sd15s_parameters() -> None:
    sized, known = make_modules(device="meta"), read_configs()["parameters"]
    assert count_parameters(sized.controlnet) == known["controlnet"] and count_parameters(sized.vae) == known["vae"]
    assert count_parameters(sized.text_encoder) == known["text_encoder"]
    adapter = count_parameters(sized.unet) - known["unet"]
    assert 2 * adapter == pytest.approx(44642768, rel=0.001)  # the adapter's file, in 16 bits


def test_every_weight_of_a_filled_module_is_written() -> None:
    for module in make_filled_modules(tiny=True):
        assert all((weight == weight.new_tensor(0.01)).all() for weight in module.parameters())
        assert not any(buffer.is_meta for buffer in module.buffers())


def test_live_bytes_count_what_is_alive_and_no_weights() -> None:
    weight = torch.ones(1000)
    with TensorByteCounter(iter([weight])) as live:
        doubled = weight * 2  # 4,000 bytes
        for _ in range(3):
            doubled = doubled + weight  # 4,000 more while the old one is there
        weight.view(10, 100)
    assert live.peak == 8_000


def test_the_planners_constants_are_those_that_follow_from_the_modules() -> None:
    figures, cuda = read_figures()["derived"], read_figures()["devices"]["cuda"]
    rows = list(derive_peaks((256, 512), 2))
    assert [row["what"] for row in rows] == ["steps", "decode"] * 2
    for row in rows:
        constant = {"steps": "step_bytes_per_px", "decode": "decode_bytes_per_px"}[row["what"]]
        assert figures[constant] == pytest.approx(row["bytes_per_px"], rel=0.02), row
    assert cuda["step_bytes_per_px"] == figures["step_bytes_per_px"]
    assert cuda["decode_bytes_per_px"] > figures["decode_bytes_per_px"], "workspaces come on top"


@pytest.mark.parametrize(
    ("mode", "dtype"), [("auto", "auto"), ("cpu", "float32"), ("cpu", "bfloat16"), ("fp8", "bfloat16")]
)
def test_a_row_of_the_benchmark(mode: str, dtype: str) -> None:
    row = measure_row(cap=None, mode=mode, side=64, batch=2, steps=1, tiny=True, dtype=dtype)
    assert row["dtype"] == dtype or dtype == "auto"
    assert row["outcome"] == OUTCOMES[0] and row["steps_s"] >= 0 and row["decode_s"] >= 0
    assert row["planned_peak"] > row["planned_weights"] > 0 and row["published"] > 0
    assert json.loads(json.dumps(row)) == row
    if not torch.cuda.is_available():
        assert row["peak_resident"] >= 0.98 * row["weights"] > 0  # other tests' memory may go meanwhile


def test_a_folder_of_random_weights_is_drawn_from(tmp_path: Path) -> None:
    """The way that the benchmark of drawing makes SD 1.5's size; by the stock pipeline, on small modules."""
    pipeline = load_diffusers_sd15(write_sd15(tmp_path, make_full_size_sd15(tiny=True)))
    assert pipeline.unet.config.cross_attention_dim == read_configs(tiny=True)["unet"]["cross_attention_dim"]
    weights = torch.cat([weight.flatten() for weight in pipeline.unet.parameters()])
    assert weights.isfinite().all() and 0.01 < weights.std() < 1
    drawn = pipeline(
        "a fox",
        Image.new("RGB", (64, 64)),
        num_inference_steps=1,
        output_type="np",
        guidance_scale=7.0,
        ip_adapter_image_embeds=[torch.zeros(2, 1, read_configs(tiny=True)["image_embed_dim"])],
    ).images[0]
    assert np.isfinite(drawn).all() and drawn.shape == (64, 64, 3)
