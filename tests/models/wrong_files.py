"""Model files that are of no use here, each written small: what stands in the way, and a piece of what is said."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import safetensors.numpy

from pipeline.models.architecture import CHECKPOINT_TEXT

INPUT = "model.diffusion_model.input_blocks.0.0.weight"
CLIP = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
XL = "conditioner.embedders.1.model.ln_final.weight"


class WrongFile(NamedTuple):
    """A wrong file is written under a name, and said to be what it is."""

    name: str
    write: Callable[[Path], object]
    said: str  # within the sentence


def hold(*names: str, metadata: dict[str, str] | None = None, **shapes: tuple[int, ...]) -> Callable[[Path], object]:
    """Return what writes tensors of these names and shapes; (4, 4) for those without."""
    tensors = {name: np.zeros(shapes.get(name, (4, 4)), np.float16) for name in (*names, *shapes)}
    return lambda path: safetensors.numpy.save_file(tensors, path, metadata)


def contain(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def lora(key: str = KOHYA, width: int = 768, **metadata: str) -> Callable[[Path], object]:
    down, up = f"{key}.lora_down.weight", f"{key}.lora_up.weight"
    return hold(metadata=metadata or None, **{down: (2, width), up: (4, 2)})


def cut(write: Callable[[Path], object], bytes: int) -> Callable[[Path], object]:
    def write_and_cut(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[:bytes])

    return write_and_cut


def zip_of(*names: str) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return stored.getvalue()


def head(length: int, text: bytes, size: int = 0) -> Callable[[Path], object]:
    return contain(struct.pack("<Q", length) + text.ljust(size))


def big_head(path: Path) -> None:
    text = json.dumps({"__metadata__": {"tags": "x" * 17_000_000}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


CKPT = zip_of("archive/data.pkl", "archive/data/0")
WRONG_FILES = (
    WrongFile("sdxl.safetensors", hold(XL, INPUT), "is Stable Diffusion XL. Croquis draws with Stable Diffusion 1.5"),
    WrongFile("ponyDiffusionV6XL.safetensors", hold(XL, INPUT), "is Pony Diffusion, which is made from"),
    WrongFile("refiner.safetensors", hold(CLIP, **{CHECKPOINT_TEXT: (320, 1280)}), "is the refiner of Stable"),
    WrongFile("sd21.safetensors", hold(CLIP, **{CHECKPOINT_TEXT: (320, 1024)}), "is Stable Diffusion 2. Croquis"),
    WrongFile("sd3.safetensors", hold("model.diffusion_model.joint_blocks.0.x"), "is Stable Diffusion 3."),
    WrongFile("flux1-dev.safetensors", hold("double_blocks.0.img_attn.proj.weight"), "is FLUX."),
    WrongFile("flux-part.safetensors", hold("single_transformer_blocks.0.attn.to_k.weight", *"abc"), "is FLUX."),
    WrongFile(
        "xl-unet.safetensors", hold("model.diffusion_model.label_emb.0.0.weight", INPUT), "is Stable Diffusion XL."
    ),
    WrongFile(
        "scaled.safetensors",
        hold(CLIP, "scaled_fp8", **{CHECKPOINT_TEXT: (4, 768), INPUT: (4, 4, 3, 3)}),
        "is a quantised model (scaled fp8)",
    ),
    WrongFile("edit.safetensors", hold(CLIP, **{CHECKPOINT_TEXT: (4, 768), INPUT: (4, 8, 3, 3)}), "InstructPix2Pix"),
    WrongFile("depth.safetensors", hold(CLIP, **{CHECKPOINT_TEXT: (4, 768), INPUT: (4, 5, 3, 3)}), "a depth model"),
    WrongFile("unet.safetensors", hold(**{CHECKPOINT_TEXT: (4, 768), INPUT: (4, 4, 3, 3)}), "is a UNet alone, without"),
    WrongFile("unet2.safetensors", hold("conv_in.weight", "down_blocks.0.x.weight"), "is a UNet alone, without"),
    WrongFile("clip.safetensors", hold("text_model.encoder.layers.0.mlp.fc1.weight"), "is a text encoder alone"),
    WrongFile("t5.safetensors", hold("encoder.block.0.layer.0.SelfAttention.q.weight"), "a text encoder (T5) alone"),
    WrongFile("vision.safetensors", hold("vision_model.encoder.layers.0.x"), "is an image encoder (CLIP) alone"),
    WrongFile("lora-xl.safetensors", lora(width=2048), "is a LoRA for Stable Diffusion XL"),
    WrongFile(
        "lora-xl-te.safetensors", lora("lora_te2_text_model_encoder_layers_0_mlp_fc1"), "LoRA for Stable Diffusion XL"
    ),
    WrongFile("lora-told.safetensors", lora("lora_unet_x", ss_base_model_version="sdxl_base_v1-0"), "Diffusion XL"),
    WrongFile("lora-2.safetensors", lora(width=1024), "is a LoRA for Stable Diffusion 2"),
    WrongFile("lora-flux.safetensors", lora("lora_unet_double_blocks_0_img_attn_proj"), "is a LoRA for FLUX"),
    WrongFile("lora-flux-7.safetensors", lora("lora_unet_single_blocks_7_linear1", 3072), "is a LoRA for FLUX"),
    WrongFile("lora-3.safetensors", lora("transformer.transformer_blocks.0.attn.to_k"), "LoRA for Stable Diffusion 3"),
    WrongFile("loha.safetensors", hold(f"{KOHYA}.hada_w1_a"), "is a LoHa. Croquis takes plain LoRAs."),
    WrongFile("lokr.safetensors", hold(f"{KOHYA}.lokr_w1"), "is a LoKr"),
    WrongFile("dora.safetensors", hold(f"{KOHYA}.dora_scale", f"{KOHYA}.lora_down.weight"), "is a DoRA"),
    WrongFile("embedding-xl.safetensors", hold("clip_g", "clip_l"), "a textual inversion for Stable Diffusion XL"),
    WrongFile("embedding-2.safetensors", hold(emb_params=(2, 1024)), "a textual inversion for Stable Diffusion 2"),
    WrongFile(
        "control-xl.safetensors",
        hold(
            **{
                "controlnet_cond_embedding.conv_in.weight": (4, 3, 3, 3),
                "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (4, 2048),
            }
        ),
        "is a ControlNet for Stable Diffusion XL",
    ),
    WrongFile("control-flux.safetensors", hold("controlnet_x_embedder.weight"), "is a ControlNet for FLUX"),
    WrongFile("control-lora.safetensors", hold("lora_controlnet", "input_hint_block.0.weight"), "is a Control-LoRA"),
    WrongFile("t2i.safetensors", hold("adapter.body.0.x"), "is a T2I-Adapter"),
    WrongFile("adapter.safetensors", hold("ip_adapter.1.to_k_ip.weight"), "is part of an IP-Adapter"),
    WrongFile(
        "adapter-xl.safetensors",
        hold("image_proj.proj.weight", **{"ip_adapter.1.to_k_ip.weight": (640, 2048)}),
        "is an IP-Adapter for Stable Diffusion XL",
    ),
    WrongFile(
        "adapter-face.safetensors",
        hold("image_proj.proj.0.weight", "image_proj.norm.weight", "ip_adapter.1.to_k_ip.weight"),
        "is an IP-Adapter for faces (FaceID). Croquis takes",
    ),
    WrongFile(
        "adapter-G.safetensors",
        hold("ip_adapter.1.to_k_ip.weight", **{"image_proj.proj.weight": (8, 1280)}),
        "is an IP-Adapter for another image encoder",
    ),
    WrongFile("mm_sd15.safetensors", hold("down_blocks.0.motion_modules.0.x"), "a motion module of AnimateDiff"),
    WrongFile("esrgan.safetensors", hold("model.1.sub.0.RDB1.conv1.0.weight", "b", "c", "d"), "an enlarger (ESRGAN)"),
    WrongFile(
        "flux-ae.safetensors",
        hold(
            **{
                "decoder.conv_in.weight": (4, 16, 3, 3),
                "encoder.conv_in.weight": (4, 3, 3, 3),
            }
        ),
        "a VAE for FLUX",
    ),
    WrongFile(
        "sdxl_vae.safetensors",
        hold(
            **{
                "decoder.conv_in.weight": (4, 4, 3, 3),
                "encoder.conv_in.weight": (4, 3, 3, 3),
            }
        ),
        "a VAE for Stable Diffusion XL",
    ),
    WrongFile("strange.safetensors", hold(*"abcdef"), "none of the kinds of model that are known"),
    WrongFile("nothing.safetensors", hold(), "holds no tensors"),
    WrongFile("empty.safetensors", contain(b""), "is no whole .safetensors file: 0 bytes"),
    WrongFile("cut.safetensors", cut(lora(), 400), "is cut off: it has 400 bytes of"),
    WrongFile("huge.safetensors", head(2**62, b"{"), "do not hold its head"),
    WrongFile("head.safetensors", big_head, "has a head of 17,000,0"),
    WrongFile("noise.safetensors", head(40, b"{ this is no JSON at all", 40), "its head cannot be read"),
    WrongFile("nested.safetensors", head(60_000, b"[" * 60_000), "its head cannot be read"),
    WrongFile("page.safetensors", contain(b"\n<!DOCTYPE html><html>Log in</html>"), "is a web page, not a model"),
    WrongFile(
        "pointer.safetensors", contain(b"version https://git-lfs.github.com/spec/v1\noid"), "a pointer of Git LFS"
    ),
    WrongFile("model.gguf", contain(b"GGUF" + bytes(60)), "a quantised model (GGUF)"),
    WrongFile("preview.safetensors", contain(b"\x89PNG\r\n\x1a\n" + bytes(60)), "is a picture (PNG), not a model"),
    WrongFile("model.ckpt", contain(CKPT), "is a pickled file (.ckpt), which may run code"),
    WrongFile("renamed.safetensors", contain(CKPT), "is a pickled file (.safetensors), which may run code"),
    WrongFile("old.ckpt", contain(pickle.dumps({"state_dict": 1}, 2)), "is a pickled file (.ckpt), which may run code"),
    WrongFile("packed.safetensors", contain(zip_of("model.safetensors")), "is a ZIP archive. Unpack it"),
    WrongFile("renamed.ckpt", lora(), "is a .safetensors file under another name"),
    WrongFile("packed.pt", contain(b"\x1f\x8b" + bytes(60)), "is a compressed file (gzip)"),
)
