"""Write a folder of a person's own model files for the small layout of SD 1.5, as A1111 lays them out."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.models.wrong_files import lora
from tests.tools.ldm_layout import write_single_file
from tests.tools.models import make_sd15_modules, write_lora

SCRIPT = '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"><script>document.title = 1</script></svg>'


def write_own_files(folder: Path, sd15: Path) -> Path:
    """Write two LoRAs, one with a picture beside it and one within it, a model with a picture, a VAE whose picture is
    none, a textual inversion and a LoRA for another model.
    """
    places = {name: folder / "models" / name for name in ("Stable-diffusion", "Lora", "VAE")} | {
        "embeddings": folder / "embeddings"
    }
    for place in places.values():
        place.mkdir(parents=True)
    unet = make_sd15_modules().unet
    write_lora(places["Lora"] / "inky.safetensors", unet, "kohya")
    write_lora(places["Lora"] / "glow.safetensors", unet, "peft", strength=0.1)
    Image.new("RGB", (64, 96), "#7a4fd0").save(places["Lora"] / "inky.preview.png")
    embed_thumbnail(places["Lora"] / "glow.safetensors", "#e8b030")
    lora(width=2048)(places["Lora"] / "large.safetensors")
    write_other_model(sd15, places["Stable-diffusion"] / "dreamy.safetensors")
    Image.new("RGB", (96, 64), "#2f8f6b").save(places["Stable-diffusion"] / "dreamy.jpg")
    tensors = load_file(sd15 / "base" / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    save_file(tensors, places["VAE"] / "bright.safetensors")
    (places["VAE"] / "bright.png").write_text(SCRIPT)
    width = load_file(sd15 / "base" / "text_encoder" / "model.fp16.safetensors")
    embedding: Any = next(value for name, value in width.items() if name.endswith("token_embedding.weight"))
    save_file({"emb_params": torch.ones(2, embedding.shape[1])}, places["embeddings"] / "easyfox.safetensors")
    return folder


def embed_thumbnail(file: Path, colour: str, kind: str = "jpeg") -> Path:
    """Put a picture of one colour into a file's header, as ModelSpec describes it."""
    stored = io.BytesIO()
    Image.new("RGB", (128, 128), colour).save(stored, kind)
    picture = f"data:image/{kind};base64,{base64.b64encode(stored.getvalue()).decode()}"
    save_file(load_file(file), file, {"modelspec.thumbnail": picture})
    return file


def write_other_model(sd15: Path, file: Path) -> Path:
    """Write a checkpoint like the folder's base, of other numbers."""
    write_single_file(sd15 / "base", file)
    noise = torch.Generator().manual_seed(4)
    tensors = {}
    for name, value in load_file(file).items():
        moved = value.is_floating_point() and value.numel() > 1
        more = 0.05 * value.float().std() * torch.randn(value.shape, generator=noise) if moved else 0
        tensors[name] = (value + more).half().contiguous()
    save_file(tensors, file)
    return file
