"""Make modules of SD 1.5's size with random weights: speed and memory do not depend on their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from pipeline.engine.deep_features import SplitUNet
from tests.tools.ip_adapter import attach_ip_adapter
from tests.tools.models import Modules, Sd15Parts, make_small_vision_model

CONFIGS = Path(__file__).parents[1] / "data" / "sd15_configs.json"
TOKENS = 77


class PipelineModules(NamedTuple):
    """These are the modules as a pipeline has them; the hint stack is still in the ControlNet."""

    unet: Any  # its adapter attached
    controlnet: Any
    vae: Any
    text_encoder: Any


def read_configs(tiny: bool = False) -> dict[str, Any]:
    configs: dict[str, Any] = json.loads(CONFIGS.read_text(encoding="utf-8"))
    for name, change in configs["tiny"].items() if tiny else ():
        configs[name] = configs[name] | change if isinstance(change, dict) else change
    return configs


def make_modules(tiny: bool = False, dtype: torch.dtype = torch.float32, device: str = "cpu") -> PipelineModules:
    """Make the modules; on the "meta" device they weigh nothing."""
    configs, before = read_configs(tiny), torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # made at once in their type: SD 1.5 in 32 bits would not fit every machine
    try:
        with torch.device(device):
            unet = UNet2DConditionModel(**configs["unet"])
            controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False, **configs["controlnet"])
            attach_ip_adapter(unet, configs["image_embed_dim"])
            vae = AutoencoderKL(**configs["vae"])
            text_encoder = CLIPTextModel(CLIPTextConfig(**configs["text_encoder"]))
    finally:
        torch.set_default_dtype(before)
    made = PipelineModules(unet, controlnet, vae, text_encoder)
    for module in made:
        module.eval().requires_grad_(False)
    return made


def count_parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def fill_with_constant(name: str, weight: Tensor) -> None:
    """Fill a weight with the same small number everywhere."""
    weight.fill_(0.01)


def fill_with_random(name: str, weight: Tensor) -> None:
    """Fill a weight with numbers as large as torch makes them, so that what comes out of a layer is about as large as
    what goes in. The same numbers again and again: to draw each anew would take a minute."""
    if weight.ndim == 1:
        weight.fill_(float("norm" in name and name.endswith("weight")))
        return
    numbers, bound = make_random_numbers(), weight[0].numel() ** -0.5
    for part in weight.view(-1).split(len(numbers)):
        part.copy_(numbers[: len(part)]).mul_(bound)


@cache
def make_random_numbers() -> Tensor:
    """Return a prime number of them in [-1, 1], so that no two rows of a layer are alike."""
    return torch.rand(4_194_301, generator=torch.Generator().manual_seed(4)) * 2 - 1


def make_filled_modules(
    tiny: bool = False, dtype: torch.dtype = torch.float32, fill: Callable[[str, Tensor], object] = fill_with_constant
) -> PipelineModules:
    """Make the modules on the CPU, every weight written by `fill`, so that each page of memory is really there."""
    made = make_modules(tiny, dtype, "meta")
    for module in made:
        module.to_empty(device="cpu")
        for name, weight in module.named_parameters():
            fill(name, weight)
        for name, buffer in module.named_buffers():
            if name.endswith("position_ids"):
                buffer.copy_(torch.arange(buffer.shape[-1]))
    return made


def make_full_size_sd15(tiny: bool = False) -> Sd15Parts:
    """Return what tests.tools.models.write_sd15 writes of SD 1.5's size: random weights in 16 bits, LCM-LoRA's rank,
    TAESD; the encoder that looks at styles is a small one, since it only ever reads one style."""
    made, width = make_filled_modules(tiny, torch.float16, fill_with_random), int(read_configs(tiny)["image_embed_dim"])
    return Sd15Parts(
        lambda: Modules(made.vae, made.unet, made.controlnet, make_small_vision_model(32, width)),
        lambda: made.text_encoder,
        AutoencoderTiny,
        rank=64,
        strength=0.01,
        halved=remove_adapter,
    )


def remove_adapter(module: Any) -> Any:
    """Return a module in 16 bits; a UNet as a new one over the same weights, without its adapter."""
    if not isinstance(module, UNet2DConditionModel):
        return module.half()
    with torch.device("meta"):
        bare = UNet2DConditionModel.from_config(module.config)
    states = module.state_dict()
    bare.load_state_dict({name: states[name] for name in bare.state_dict()}, assign=True)
    return bare


class StepInputs(NamedTuple):
    """These are what one denoising step takes, guided: n pictures, twice over."""

    latents: Tensor  # (2n, 4, h/8, w/8)
    prompts: Tensor  # (2n, TOKENS, width)
    styles: Tensor  # (2n, 1, d)
    hint: Tensor  # (2n, c, h/8, w/8), after the hint stack

    def take_rows(self, rows: int) -> StepInputs:
        return StepInputs(*(each[:rows] for each in self))


def make_step_inputs(sized: Any, width: int, height: int, batch: int, device: Any, dtype: torch.dtype) -> StepInputs:
    def zeros(*shape: int) -> Tensor:
        return torch.zeros(2 * batch, *shape, device=device, dtype=dtype)

    latent = (height // 8, width // 8)
    embed = sized.unet.encoder_hid_proj.image_projection_layers[0].image_embeds.in_features
    return StepInputs(
        zeros(4, *latent),
        zeros(TOKENS, sized.unet.config.cross_attention_dim),
        zeros(1, embed),
        zeros(sized.unet.config.block_out_channels[0], *latent),
    )


def run_step(sized: PipelineModules, inputs: StepInputs) -> Tensor:
    """Run one step, (2n, 4, h/8, w/8): ControlNet without its hint stack, and the UNet with its style."""
    down, middle = run_controlnet(sized, inputs)
    return run_unet(sized, inputs, down_block_additional_residuals=down, mid_block_additional_residual=middle)


def run_controlnet(sized: Any, inputs: StepInputs) -> Any:
    """Return the down blocks' residuals and the middle one's."""
    return sized.controlnet(
        inputs.latents,
        torch.tensor(500, device=inputs.latents.device),
        encoder_hidden_states=inputs.prompts,
        controlnet_cond=inputs.hint,
        return_dict=False,
    )


def run_unet(sized: Any, inputs: StepInputs, **residuals: Any) -> Tensor:
    output: Tensor = sized.unet(
        inputs.latents,
        torch.tensor(500, device=inputs.latents.device),
        encoder_hidden_states=inputs.prompts,
        added_cond_kwargs={"image_embeds": [inputs.styles]},
        return_dict=False,
        **residuals,
    )[0]
    return output


def run_shallow_layers(unet: Any, inputs: StepInputs) -> Tensor:
    """Run a whole step of the UNet, then its shallow layers alone on the deep features that it kept."""
    split, time = SplitUNet(unet), torch.tensor(500, device=inputs.latents.device)
    given = {"encoder_hidden_states": inputs.prompts, "added_cond_kwargs": {"image_embeds": [inputs.styles]}}
    _, deep = split.run_whole(inputs.latents, time, **given)
    return split.run_shallow(inputs.latents, time, deep, **given)
