"""The plan of all that a picture loads, against tensors followed through modules of full size that compute nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

from pipeline.controls import Shortcuts
from pipeline.engine.adapters import AddedLayer, replace_layer
from pipeline.engine.controlnet import Control, SummedResiduals
from pipeline.engine.deep_features import SplitUNet
from pipeline.engine.starting import Starter
from pipeline.machine.plan import MemoryPlan, plan_memory
from pipeline.models.catalog import SD15
from tests.benchmarks.feature_drawing import widen_unet
from tests.tools.full_size_modules import PipelineModules, make_modules, make_step_inputs
from tests.tools.sd15_tensors import list_view_config
from tests.tools.tensor_memory import measure_peak

SIDE = 512
BALANCED = Shortcuts(controlnet_half="shared", controlnet_every=2)


@pytest.fixture
def sized() -> PipelineModules:
    """SD 1.5's modules in 16 bits, which hold no numbers."""
    made = make_modules(dtype=torch.float16, device="meta")
    made.controlnet.controlnet_cond_embedding = torch.nn.Identity()
    return made


def count_bytes(*modules: Any) -> int:
    return sum(each.nbytes for module in modules for each in (*module.parameters(), *module.buffers()))


def run_steps(sized: PipelineModules, networks: list[Any]) -> None:
    """Run a guided step with these ControlNets, and one on kept deep features."""
    inputs = make_step_inputs(sized, SIDE, SIDE, 1, "meta", torch.float16)
    controls = [Control(each, inputs.hint[:1].clone(), 1.0, 0.0, 1.0) for each in networks]
    time, unet = torch.tensor(500), SplitUNet(sized.unet)
    given = {"encoder_hidden_states": inputs.prompts, "added_cond_kwargs": {"image_embeds": [inputs.styles]}}
    residuals = SummedResiduals(controls, BALANCED).compute(0, 4, inputs.latents[:1], time, inputs.prompts)
    _, deep = unet.run_whole(inputs.latents, time, **given, **residuals)
    unet.run_shallow(inputs.latents, time, deep, **given)


def plan_allocated(plan: MemoryPlan, stage: str) -> int:
    """Return what the plan reserves for weights and one stage, without what the runtime takes for itself."""
    return plan.weights + int(getattr(plan, stage))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_controlnets_are_planned_as_many_as_they_are(sized: PipelineModules, count: int) -> None:
    networks = [sized.controlnet, *(copy.deepcopy(sized.controlnet) for _ in range(count - 1))]
    measured = measure_peak([*sized, *networks], lambda: run_steps(sized, networks))
    measured += count_bytes(sized.unet, sized.vae, sized.text_encoder, *networks)
    plan = plan_memory(SD15, SIDE, SIDE, controlnets=count)
    assert plan_allocated(plan, "steps") == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize("ranks", [(8,), (64,), (64, 64), (256,)], ids=str)
def test_loras_are_planned_as_large_as_they_are(sized: PipelineModules, ranks: tuple[int, ...]) -> None:
    """Joined to one pair a layer, of the ranks' sum, as the engine does it."""
    before, rank = count_bytes(sized.unet), sum(ranks)
    layers = [
        (name, layer)
        for name, layer in sized.unet.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d) and "processor" not in name and "blocks" in name
    ]
    for name, layer in layers:
        spare = (1,) * (layer.weight.ndim - 2)
        down = torch.zeros(rank, *layer.weight.shape[1:], device="meta", dtype=torch.float16)
        up = torch.zeros(layer.weight.shape[0], rank, *spare, device="meta", dtype=torch.float16)
        replace_layer(sized.unet, name, AddedLayer(layer, down, up))
    added = count_bytes(sized.unet) - before
    measured = measure_peak(sized, lambda: run_steps(sized, [sized.controlnet])) + count_bytes(*sized)
    plan = plan_memory(SD15, SIDE, SIDE, loras=added)
    assert plan_allocated(plan, "steps") == pytest.approx(measured, rel=0.1)
    assert plan.main_memory == added, "their files stay where they were read"


def test_the_image_encoder_is_planned_where_a_new_style_needs_it() -> None:
    with torch.device("meta"):
        config = transformers.CLIPVisionConfig(**list_view_config("image_encoder", small=False))
        encoder = transformers.CLIPVisionModelWithProjection(config).eval()
    pixels = torch.zeros(1, 3, 224, 224, device="meta")
    measured = count_bytes(encoder) + measure_peak((encoder,), lambda: encoder(pixels))  # type: ignore[arg-type]
    here, there = (plan_memory(SD15, SIDE, SIDE, 1, mode, device, new_style=True) for mode, device in PLACES)
    assert here.image_encoder == there.main_memory == pytest.approx(measured, rel=0.1)
    assert here.peak > plan_memory(SD15, SIDE, SIDE, 1, "cpu", "cpu").peak
    assert there.peak == plan_memory(SD15, SIDE, SIDE).peak, "it works on the processor"


PLACES = (("cpu", "cpu"), ("full", "cuda"))


def test_a_checkpoint_that_fills_parts_is_planned_with_what_it_encodes(sized: PipelineModules) -> None:
    widen_unet(sized.unet)
    here = SimpleNamespace(device=torch.device("meta"), dtype=torch.float16, decoder_dtype=torch.float16)
    starter = Starter(SimpleNamespace(unet=sized.unet, vae=sized.vae, vae_scale_factor=8), here)  # type: ignore[arg-type]
    encode: Callable[[], object] = lambda: starter._encode_once(torch.zeros(1, 3, SIDE, SIDE))  # noqa: E731
    assert starter.fills_parts
    measured = measure_peak(sized, encode) + count_bytes(*sized)
    plan = plan_memory(SD15, SIDE, SIDE, encodes=True)
    assert plan_allocated(plan, "encode") == pytest.approx(measured, rel=0.1)


def test_a_decoder_in_32_bits_is_planned_with_its_weights_and_what_it_holds(sized: PipelineModules) -> None:
    """After it overflowed in 16 bits: `Placement.widen_decoder`. A GPU's convolutions work with more."""
    sized.vae.to(torch.float32)
    latents = torch.zeros(1, 4, SIDE // 8, SIDE // 8, device="meta")
    measured = measure_peak(sized, lambda: sized.vae.decode(latents, return_dict=False)) + count_bytes(*sized)
    plain, wide = (plan_memory(SD15, SIDE, SIDE, 1, "cpu", "cpu", "bfloat16", float32_decoder=each) for each in FLAGS)
    assert plan_allocated(wide, "decode") == pytest.approx(measured, rel=0.1)
    assert wide.weights - plain.weights == pytest.approx(count_bytes(sized.vae) / 2, rel=0.01)
    whole = plan_memory(SD15, SIDE, SIDE, 1, "cpu", "cpu", "float32")
    assert whole == plan_memory(SD15, SIDE, SIDE, 1, "cpu", "cpu", "float32", float32_decoder=True)
    assert wide.decode == whole.decode


FLAGS = (False, True)
