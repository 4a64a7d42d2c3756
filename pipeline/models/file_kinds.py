"""Say what a model file of a person's own is, by its first bytes and its header, before anything loads it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import ModelError, phrase
from pipeline.models.architecture import ADAPTER_IS, CONTROLNET_IS, OTHERS, identify_adapter, identify_checkpoint
from pipeline.models.identified import Identified, refuse, tell_for
from pipeline.models.ip_adapters import has_other_encoder, read_adapter_input
from pipeline.models.lora_kinds import recognise_lora
from pipeline.models.model_folders import identify_folder
from pipeline.models.pickled_weights import read_pickled_shapes
from pipeline.models.safetensors_header import HEAD_LIMIT, Header, Shapes, read_header
from pipeline.plain_file import open_plain_file

PICKLED_LIMIT = 10_000_000  # bytes of a textual inversion as .pt or .bin
PICKLED = (".pt", ".bin")  # what textual inversions come as, besides .safetensors
PICKLED_MODELS = (".pth", ".pt", ".ckpt", ".bin")  # what models, ControlNets and VAEs do
UNSAFE = (
    "{name} is a pickled file ({suffix}), which may run code as it is read, so it is not. Convert it to .safetensors."
)


def identify_file(path: Path) -> Identified:
    """Say what the file is, from its first bytes and its header alone. Nothing is raised: a fault is in the answer."""
    try:
        return look_into(path)
    except ModelError as error:
        return Identified(None, str(error))
    except OSError as error:
        return Identified(None, f"{path.name} cannot be read: {error.strerror or error}.")


def look_into(path: Path) -> Identified:
    """Say what the file is. Raises ModelError for a broken header, OSError for what cannot be read."""
    if path.is_dir():
        return identify_folder(path)
    with open_plain_file(path) as file:
        other = identify_start(file.read(512))
    if other == PICKLE:
        return identify_pickle(path)
    if other is not None:
        return Identified(None, other.format(name=path.name))
    header = read_header(path, HEAD_LIMIT)
    if path.suffix.lower() != ".safetensors":
        return Identified(None, f"{path.name} is a .safetensors file under another name. Rename it to .safetensors.")
    return identify_header(path, header)


def identify_start(start: bytes) -> str | None:
    """Say what another format begins like this, PICKLE among them; None for .safetensors and what does not tell."""
    if start[8:9] == b"{":  # the length of the header stands before it, and may look like any mark
        return None
    text = start.lstrip().lower()
    return next((words for mark, words in STARTS.items() if text.startswith(mark) or start.startswith(mark)), None)


PICKLE = "pickle"
OTHER_ENCODER = phrase("another image encoder (ViT-bigG)")
INVERSION_FOR = "{name} is a textual inversion for {what}."
VAE_FOR = "{name} is a VAE for {what}."
LOGIN = "{name} is a web page, not a model: the download needs a login, or its address has changed. Download it again."
POINTER = "{name} is a pointer of Git LFS: the model itself was not fetched. Run `git lfs pull`, or download it."
STARTS: Mapping[bytes, str] = {
    b"<!doctype": LOGIN,
    b"<html": LOGIN,
    b"<?xml": LOGIN,
    b"version https://git-lfs": POINTER,
    b"gguf": "{name} is a quantised model (GGUF), which is not read here. Download its .safetensors file.",
    b"\x89PNG": "{name} is a picture (PNG), not a model.",
    b"\xff\xd8\xff": "{name} is a picture (JPEG), not a model.",
    b"riff": "{name} is a picture or sound (RIFF), not a model.",
    b"rar!": "{name} is a RAR archive. Unpack it, and put the .safetensors file here.",
    b"7z\xbc\xaf": "{name} is a 7-Zip archive. Unpack it, and put the .safetensors file here.",
    b"\x1f\x8b": "{name} is a compressed file (gzip). Unpack it, and put the .safetensors file here.",
    b"pk\x03\x04": PICKLE,
    **{bytes([0x80, protocol]): PICKLE for protocol in range(2, 6)},
}


def identify_pickle(path: Path) -> Identified:
    """Say what a pickled file or an archive is, without running what it holds: a model, a ControlNet or a VAE by its
    tensors; a small one may be a textual inversion.
    """
    unsafe = UNSAFE.format(name=path.name, suffix=path.suffix)
    if is_archive(path):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError):
            return Identified(None, f"{path.name} is a damaged archive. Download it again.")
        if not any(name.endswith("data.pkl") for name in names):
            return Identified(None, f"{path.name} is a ZIP archive. Unpack it, and put the .safetensors file here.")
    ending = path.suffix.lower()
    if ending in PICKLED_MODELS and (found := look_into_pickle(path)) is not None:
        return found
    small = ending in PICKLED and path.stat().st_size <= PICKLED_LIMIT
    return Identified("embedding") if small else Identified(None, unsafe)


def look_into_pickle(path: Path) -> Identified | None:
    """Say whether a pickled file is a model, a ControlNet or a VAE, other models' too; None for anything else."""
    try:
        header = Header(read_pickled_shapes(path), {}, 0)
    except ModelError:
        return None
    recognisers = (recognise_controlnet, recognise_vae, recognise_checkpoint)
    return next((found for recognise in recognisers if (found := recognise(path, header)) is not None), None)


def is_archive(path: Path) -> bool:
    """Return whether a file begins as ZIP archives do."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def identify_header(path: Path, header: Header) -> Identified:
    """Say what a .safetensors file is by its tensors' names and shapes, and by what its metadata says."""
    shapes = header.shapes
    if not shapes:
        return Identified(None, f"{path.name} holds no tensors. Download it again.")
    for recognise in RECOGNISERS:
        if (found := recognise(path, header)) is not None:
            return found
    return refuse(path, "none of the kinds of model that are known here")


def recognise_controlnet(path: Path, header: Header) -> Identified | None:
    """Recognise a ControlNet in diffusers' names or in its own, and what else follows drawings."""
    shapes = header.shapes
    if "lora_controlnet" in shapes:
        return refuse(path, "a Control-LoRA", "Croquis follows drawings with ControlNets.")
    if any(name.startswith("controlnet_x_embedder.") for name in shapes):
        return tell_for(path, CONTROLNET_IS, "FLUX")
    ours = "controlnet_cond_embedding.conv_in.weight" in shapes
    if ours or any(name.startswith(("control_model.", "input_hint_block.", "zero_convs.")) for name in shapes):
        widths = {shape[-1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")}
        other = next((OTHERS[width] for width in sorted(widths) if width in OTHERS), None)
        return Identified("controlnet") if other is None else tell_for(path, CONTROLNET_IS, other)
    if any(name.startswith(("adapter.body.", "body.0.block")) for name in shapes):
        return refuse(path, "a T2I-Adapter", "Croquis follows drawings with ControlNets.")
    return None


def recognise_embedding(path: Path, header: Header) -> Identified | None:
    """Recognise a textual inversion by its one tensor."""
    shapes = header.shapes
    if {"clip_g", "clip_l"} & set(shapes):
        return tell_for(path, INVERSION_FOR, "Stable Diffusion XL")
    if len(shapes) > 3 or any(len(shape) > 2 for shape in shapes.values()):
        return None
    tensors = {name: shape for name, shape in shapes.items() if len(shape) in (1, 2)}
    name = "emb_params" if "emb_params" in tensors else next(iter(tensors)) if len(tensors) == 1 else ""
    if not name or "." in name or name in ("weight", "bias"):  # a layer of a network
        return None
    other = OTHERS.get(tensors[name][-1])
    return Identified("embedding") if other is None else tell_for(path, INVERSION_FOR, other)


def recognise_vae(path: Path, header: Header) -> Identified | None:
    """Recognise a VAE alone, in CompVis' names or in diffusers'."""
    inside = {name.removeprefix("first_stage_model."): shape for name, shape in header.shapes.items()}
    if "decoder.conv_in.weight" not in inside or "encoder.conv_in.weight" not in inside or has_unet(header.shapes):
        return None
    latents = inside["decoder.conv_in.weight"][1] if len(inside["decoder.conv_in.weight"]) > 1 else 4
    if latents == 16:
        return tell_for(path, VAE_FOR, "FLUX or Stable Diffusion 3")
    if "sdxl" in path.stem.lower():  # the same shapes as SD 1.5's, another scale: it would paint other colours
        return tell_for(path, VAE_FOR, "Stable Diffusion XL")
    return Identified("vae")


def has_unet(shapes: Shapes) -> bool:
    """Return whether a UNet is among the tensors, in CompVis' names."""
    return any(name.startswith("model.diffusion_model.") for name in shapes)


def recognise_adapter(path: Path, header: Header) -> Identified | None:
    """Recognise an IP-Adapter, by its layers."""
    shapes = header.shapes
    if not any("to_k_ip" in name for name in shapes) or not any(name.startswith("image_proj.") for name in shapes):
        return None
    if other := identify_adapter(shapes):
        return tell_for(path, ADAPTER_IS, other)
    taken = read_adapter_input(shapes)
    if taken is None:
        return refuse(path, "an IP-Adapter for faces (FaceID)", "Croquis takes those that see a picture's look.")
    if has_other_encoder(taken):
        return refuse(path, f"an IP-Adapter for {OTHER_ENCODER}", "Name one for ViT-H.")
    return Identified("ip_adapter")


def recognise_part(path: Path, header: Header) -> Identified | None:
    """Recognise what is no model by itself here."""
    for mark, what in PARTS.items():
        if any(mark in name for name in header.shapes):
            return refuse(path, what)
    return None


PARTS = {  # in tensors' names -> what has them
    "to_k_ip": "part of an IP-Adapter",
    "image_proj.": "part of an IP-Adapter",
    "motion_modules": "a motion module of AnimateDiff",
    "vision_model.encoder": "an image encoder (CLIP) alone",
    "encoder.block.0.layer.0.SelfAttention": "a text encoder (T5) alone",
    "RDB1.conv1": "an enlarger (ESRGAN)",
    "body.0.rdb1": "an enlarger (ESRGAN)",
    "double_blocks.": "FLUX",
    "single_transformer_blocks.": "FLUX",
    "joint_blocks.": "Stable Diffusion 3",
    ".bitsandbytes__": "a quantised model (bitsandbytes)",
}


def recognise_checkpoint(path: Path, header: Header) -> Identified | None:
    """Recognise a whole checkpoint, or a UNet or a text encoder alone."""
    shapes = header.shapes
    if "conv_in.weight" in shapes and any(name.startswith("down_blocks.") for name in shapes):
        return refuse(path, "a UNet alone, without text encoder and VAE")
    if not has_unet(shapes) and any(name.startswith("conditioner.") for name in shapes):
        return refuse(path, "a text encoder of Stable Diffusion XL alone")
    if has_unet(shapes):
        other = identify_checkpoint(shapes)
        if other == "Stable Diffusion XL" and tells_pony(path, header):
            other = "Pony Diffusion, which is made from Stable Diffusion XL"
        if other is None and not any(name.startswith("cond_stage_model.") for name in shapes):
            other = "a UNet alone, without text encoder and VAE"
        return Identified("checkpoint") if other is None else refuse(path, other)
    if any(name.startswith(("text_model.encoder.", "encoder.layers.0.self_attn")) for name in shapes):
        return refuse(path, "a text encoder alone")
    return None


def tells_pony(path: Path, header: Header) -> bool:
    """Return whether the file's name or its metadata speak of Pony Diffusion."""
    return any("pony" in text.lower() for text in (path.stem, *header.metadata.values()))


RECOGNISERS: tuple[Callable[[Path, Header], Identified | None], ...] = (
    recognise_lora,
    recognise_controlnet,
    recognise_embedding,
    recognise_vae,
    recognise_adapter,
    recognise_part,
    recognise_checkpoint,
)
