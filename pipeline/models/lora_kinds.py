"""Say whether a .safetensors file is a LoRA, a relative of one, and what model it is for."""

from __future__ import annotations

from pathlib import Path

from pipeline.models.architecture import OTHERS
from pipeline.models.identified import Identified, refuse, tell_for
from pipeline.models.lora_keys import list_unread
from pipeline.models.safetensors_header import Header

LORA_FOR = "{name} is a LoRA for {what}."


def recognise_lora(path: Path, header: Header) -> Identified | None:
    """Recognise a LoRA and its relatives."""
    names = header.shapes
    for mark, what in LORA_RELATIVES.items():
        if any(mark in name for name in names):
            return refuse(path, what, "Croquis takes plain LoRAs.")
    if not any(mark in name for name in names for mark in LORA_MARKS):
        return None
    other = identify_lora(header)
    return Identified("lora", unread=list_unread(names)) if other is None else tell_for(path, LORA_FOR, other)


LORA_MARKS = (".lora_down.", ".lora_A.", ".lora.down.", "_lora.down.", ".lora_linear_layer.down.")
LORA_RELATIVES = {
    ".hada_w1": "a LoHa",
    ".lokr_w1": "a LoKr",
    ".dora_scale": "a DoRA",
    ".lora_magnitude_vector": "a DoRA",
    ".lora_mid.": "a LoCon in Tucker form",
    ".oft_blocks": "an OFT",
    ".oft_diag": "an OFT",
    ".on_input": "an IA3",
}
FOREIGN_LORAS = {  # in a LoRA's names -> what it is for
    "double_blocks": "FLUX",
    "single_blocks": "FLUX",
    "single_transformer_blocks": "FLUX",
    "joint_blocks": "Stable Diffusion 3",
    "transformer_blocks_0_attn_add": "Stable Diffusion 3",
    "transformer.transformer_blocks.": "Stable Diffusion 3",
    "lora_te2_": "Stable Diffusion XL",
    "lora_te1_": "Stable Diffusion XL",
    "text_encoder_2.": "Stable Diffusion XL",
    "motion_modules": "AnimateDiff",
    "diffusion_model.blocks.": "a model of videos (Wan)",
}
TRAINED_FOR = {  # in the metadata of a LoRA's training -> what it is for
    "sdxl": "Stable Diffusion XL",
    "stable-diffusion-xl": "Stable Diffusion XL",
    "sd_v2": "Stable Diffusion 2",
    "stable-diffusion-v2": "Stable Diffusion 2",
    "sd3": "Stable Diffusion 3",
    "flux": "FLUX",
}


def identify_lora(header: Header) -> str | None:
    """Say what model a LoRA is for; None for SD 1.5, and where it does not tell."""
    for mark, what in FOREIGN_LORAS.items():
        if any(mark in name for name in header.shapes):
            return what
    widths = {
        shape[1]
        for name, shape in header.shapes.items()
        if ("attn2_to_k" in name or "attn2.to_k" in name) and (".down." in name or "_down." in name or "_A." in name)
        if len(shape) > 1
    }
    if found := next((OTHERS[width] for width in sorted(widths) if width in OTHERS), None):
        return found
    if any("lora_te_text_model_encoder_layers_22_" in name for name in header.shapes):
        return "Stable Diffusion 2"
    told = " ".join(header.metadata.get(key, "") for key in ("ss_base_model_version", "modelspec.architecture")).lower()
    return next((what for mark, what in TRAINED_FOR.items() if mark in told), None)
