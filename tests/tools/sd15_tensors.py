"""List the tensors of Stable Diffusion 1.5's published files: names, number formats and shapes, in full or small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import torch
from diffusers import AutoencoderTiny
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
)

from tests.tools.full_size_modules import PipelineModules, make_modules, read_configs
from tests.tools.ip_adapter import is_ip_weight, read_ip_adapter_states

Spec = tuple[torch.dtype, tuple[int, ...]]
Tensors = Mapping[str, Spec]

VIEWS = {  # networks that look at pictures -> (in full, small)
    "image_encoder": (
        {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16},
        {"image_size": 224, "patch_size": 56, "projection_dim": 48},
    ),
    "safety_checker": (
        {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16},
        {"image_size": 224, "patch_size": 56, "projection_dim": 24},
    ),
    "retrieval": (
        {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
        {"image_size": 32, "patch_size": 16, "projection_dim": 24},
    ),
}
PATCHES = {"image_encoder": (14, 1024), "safety_checker": (14, 768), "retrieval": (32, 512)}  # px, projection
SMALL_TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
RANK = 64  # of LCM-LoRA and Hyper-SD
OLD_DEPTH_NAMES = {"q_proj": "attention.query", "k_proj": "attention.key", "v_proj": "attention.value"}
OLD_DEPTH_NAMES |= {"o_proj": "output.dense"}
LORA_BLOCKS = ("down_blocks.", "mid_block.", "up_blocks.")
BARE = ("ip_adapter", "ip_adapter_plus", "hyper_sd")  # whose files say nothing of who wrote them


def list_tensors(role: str, path: str, *, small: bool = False) -> Tensors:
    """List the tensors of the file `path` of the part `role` in pipeline/models/catalog.py."""
    kinds = (each for each in ("controlnet", "hyper_sd", "pcm") if role.startswith(each))
    key = path.split("/", maxsplit=1)[0] if role == "base" else next(kinds, role)
    return dict(LISTS[key](small))


@cache
def make_weightless_modules(small: bool) -> PipelineModules:
    """Make the pipeline's modules, which weigh nothing."""
    return make_modules(small, device="meta")


def describe(states: Mapping[str, Any], dtype: torch.dtype = torch.float16) -> Iterator[tuple[str, Spec]]:
    """Yield name, dtype and shape of each tensor."""
    return ((name, (dtype, tuple(value.shape))) for name, value in states.items())


def list_unet(small: bool) -> Iterator[tuple[str, Spec]]:
    states = make_weightless_modules(small).unet.state_dict()
    return describe({name: value for name, value in states.items() if not is_ip_weight(name)})


def list_vae(small: bool) -> Iterator[tuple[str, Spec]]:
    return describe(make_weightless_modules(small).vae.state_dict())


def list_text_encoder(small: bool) -> Iterator[tuple[str, Spec]]:
    """Yield the text encoder's tensors, and the positions that old versions of transformers saved beside them."""
    yield "text_model.embeddings.position_ids", (torch.int64, (1, 77))
    for name, spec in describe(make_weightless_modules(small).text_encoder.state_dict()):
        yield name if name.startswith("text_model.") else f"text_model.{name}", spec


def list_controlnet(small: bool) -> Iterator[tuple[str, Spec]]:
    return describe(make_weightless_modules(small).controlnet.state_dict())


def list_adapter(small: bool) -> Iterator[tuple[str, Spec]]:
    projection, layers = read_ip_adapter_states(make_weightless_modules(small).unet)
    yield from describe(
        {"image_proj." + name.replace("image_embeds", "proj"): value for name, value in projection.items()}
    )
    yield from name_adapter_layers(layers)


def name_adapter_layers(layers: Mapping[str, Any]) -> Iterator[tuple[str, Spec]]:
    """Yield the attention layers of an adapter as ip_adapter.<1, 3, 5...>.*"""
    for name, spec in describe(layers):
        layer, key, _, kind = name.split(".")
        yield f"ip_adapter.{2 * int(layer) + 1}.{key}.{kind}", spec


def list_adapter_plus(small: bool) -> Iterator[tuple[str, Spec]]:
    """Yield IP-Adapter plus: a resampler of 4 layers looks at all of the encoder's tokens (Ye et al. 2023)."""
    seen, width = (32, 64) if small else (1280, 768)  # numbers of a token of the encoder, and in the resampler
    out = int(read_configs(small)["unet"]["cross_attention_dim"])
    shapes: dict[str, tuple[int, ...]] = {"latents": (1, 16, width)}
    shapes |= {"proj_in.weight": (width, seen), "proj_in.bias": (width,)}
    shapes |= {"proj_out.weight": (out, width), "proj_out.bias": (out,), "norm_out.weight": (out,)}
    shapes |= {"norm_out.bias": (out,)}
    for layer in range(4):
        attention, forward = f"layers.{layer}.0.", f"layers.{layer}.1."
        for norm in (f"{attention}norm1", f"{attention}norm2", f"{forward}0"):
            shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
        shapes |= {f"{attention}to_q.weight": (width, width), f"{attention}to_kv.weight": (2 * width, width)}
        shapes |= {f"{attention}to_out.weight": (width, width)}
        shapes |= {f"{forward}1.weight": (4 * width, width), f"{forward}3.weight": (width, 4 * width)}
    yield from ((f"image_proj.{name}", (torch.float16, shape)) for name, shape in shapes.items())
    yield from name_adapter_layers(read_ip_adapter_states(make_weightless_modules(small).unet)[1])


def list_view_config(role: str, small: bool) -> dict[str, Any]:
    """Return what CLIPVisionConfig takes for the network of this role."""
    patch, projection = PATCHES[role]
    if small:
        return {**SMALL_TOWER, **VIEWS[role][1]}
    return {**VIEWS[role][0], "image_size": 224, "patch_size": patch, "projection_dim": projection}


def list_image_encoder(small: bool) -> Iterator[tuple[str, Spec]]:
    with torch.device("meta"):
        made = CLIPVisionModelWithProjection(CLIPVisionConfig(**list_view_config("image_encoder", small)))
    yield list_positions("vision_model", made.config)
    yield from describe(made.state_dict(), torch.float32)


def list_positions(tower: str, view: Any) -> tuple[str, Spec]:
    """Return the positions of an image's patches, which old versions of transformers saved beside the weights."""
    return f"{tower}.embeddings.position_ids", (torch.int64, (1, (view.image_size // view.patch_size) ** 2 + 1))


def list_safety_checker(small: bool) -> Iterator[tuple[str, Spec]]:
    view = list_view_config("safety_checker", small)
    with torch.device("meta"):
        made = StableDiffusionSafetyChecker(CLIPConfig(vision_config=view, projection_dim=view["projection_dim"]))
    yield list_positions("vision_model.vision_model", made.config.vision_config)
    for name, spec in describe(made.state_dict()):
        inner = name.startswith("vision_model.") and not name.startswith("vision_model.vision_model.")
        yield f"vision_model.{name}" if inner else name, spec


def list_retrieval(small: bool) -> Iterator[tuple[str, Spec]]:
    with torch.device("meta"):
        made = CLIPModel(make_retrieval_config(small))
    yield "text_model.embeddings.position_ids", (torch.int64, (1, 77))
    yield list_positions("vision_model", made.config.vision_config)
    yield from describe(made.state_dict(), torch.float32)


def make_retrieval_config(small: bool) -> CLIPConfig:
    """Make the config of CLIP ViT-B/32, or of a few channels."""
    view = list_view_config("retrieval", small)
    ends = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    text = {**SMALL_TOWER, "vocab_size": 514} if small else {}
    return CLIPConfig(text_config={**ends, **text}, vision_config=view, projection_dim=view["projection_dim"])


def list_lora(small: bool, dtype: torch.dtype) -> Iterator[tuple[str, Spec]]:
    """Yield a LoRA of all of the UNet's projections and convolutions under kohya's names."""
    rank = 2 if small else RANK
    for name, layer in make_weightless_modules(small).unet.named_modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d) or "processor" in name:
            continue
        if not name.startswith(LORA_BLOCKS):
            continue
        key, shape = "lora_unet_" + name.replace(".", "_"), tuple(layer.weight.shape)
        yield f"{key}.alpha", (dtype, ())
        yield f"{key}.lora_down.weight", (dtype, (rank, *shape[1:]))
        yield f"{key}.lora_up.weight", (dtype, (shape[0], rank, *[1] * (len(shape) - 2)))


def list_depth(small: bool) -> Iterator[tuple[str, Spec]]:
    with torch.device("meta"):
        made = DepthAnythingForDepthEstimation(make_depth_config(small))
    for name, spec in describe(made.state_dict(), torch.float32):
        head, mark, tail = name.partition(".attention.")
        part, _, kind = tail.partition(".")
        yield f"{head}{mark}{OLD_DEPTH_NAMES[part]}.{kind}" if mark else name, spec


def make_depth_config(small: bool) -> DepthAnythingConfig:
    """Make the config of Depth Anything V2 small, or of a few channels."""
    sees = {"hidden_size": 384, "num_attention_heads": 6, "num_hidden_layers": 12}
    if small:
        sees = {"hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 4}
    stages = [sees["num_hidden_layers"] * part // 4 for part in (1, 2, 3, 4)]
    shape = {"image_size": 518, "patch_size": 14, "reshape_hidden_states": False, "apply_layernorm": True}
    return DepthAnythingConfig(
        backbone_config=Dinov2Config(**sees, **shape, out_indices=stages),
        reassemble_hidden_size=sees["hidden_size"],
        neck_hidden_sizes=[8, 8, 16, 16] if small else [48, 96, 192, 384],
        fusion_hidden_size=8 if small else 64,
        head_hidden_size=8 if small else 32,
        patch_size=14,
    )


def list_taesd(small: bool) -> Iterator[tuple[str, Spec]]:
    with torch.device("meta"):
        made = AutoencoderTiny(**make_taesd_config(small))
    return describe(made.state_dict(), torch.float32)


def make_taesd_config(small: bool) -> dict[str, Any]:
    """Return TAESD's config, or one of a few channels."""
    channels = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    return {"latent_channels": 4, "scaling_factor": 1.0, **(channels if small else {})}


LISTS: Mapping[str, Callable[[bool], Iterator[tuple[str, Spec]]]] = {
    "unet": list_unet,
    "vae": list_vae,
    "text_encoder": list_text_encoder,
    "controlnet": list_controlnet,
    "ip_adapter": list_adapter,
    "ip_adapter_plus": list_adapter_plus,
    "image_encoder": list_image_encoder,
    "safety_checker": list_safety_checker,
    "lcm_lora": lambda small: list_lora(small, torch.float16),
    "hyper_sd": lambda small: list_lora(small, torch.float32),
    "pcm": lambda small: list_lora(small, torch.float16),
    "depth": list_depth,
    "taesd": list_taesd,
    "retrieval": list_retrieval,
}
