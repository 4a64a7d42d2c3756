"""Name a UNet's layers as CompVis' code does, whose names ComfyUI and single-file checkpoints have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

RESNET: Mapping[str, str] = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
ENDS: Mapping[str, str] = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
RESNET_PLACE = re.compile(r"down_blocks\.0\.resnets\.(\d+)\.")
BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)")
MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)")
SAMPLER = re.compile(r"(down|up)_blocks\.(\d+)\.(?:down|up)samplers\.0\.conv")


def map_compvis_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the path of each layer of a UNet, as diffusers has it, by its name in CompVis' code.

    The UNet is laid out as SD 1.5's, of any number of blocks, and of resnets in each.
    """
    known = tuple(paths)
    resnets = 1 + max((int(match[1]) for path in known if (match := RESNET_PLACE.match(path))), default=0)
    attentive = {path.split(".")[1] for path in known if path.startswith("up_blocks.") and ".attentions." in path}
    named = ((name_in_compvis(path, resnets, attentive), path) for path in known)
    return {name: path for name, path in named if name}


def name_in_compvis(path: str, resnets: int, attentive: set[str]) -> str:
    """Return a layer's name in CompVis' code; "" without one.

    `resnets`: of each block on the way down; `attentive`: the numbers of the blocks on the way up with attention.
    """
    if match := BLOCK.fullmatch(path):
        side, block, kind, turn, inner = match.groups()
        number = (resnets + 1) * int(block) + int(turn) + (side == "down")
        inside = RESNET.get(inner) if kind == "resnets" else inner
        place = f"{'input' if side == 'down' else 'output'}_blocks.{number}.{int(kind == 'attentions')}"
        return f"{place}.{inside}" if inside else ""
    if match := MIDDLE.fullmatch(path):
        kind, turn, inner = match.groups()
        if kind == "attentions":
            return f"middle_block.1.{inner}"
        return f"middle_block.{2 * int(turn)}.{RESNET[inner]}" if inner in RESNET else ""
    if match := SAMPLER.fullmatch(path):
        side, block = match.groups()
        if side == "down":
            return f"input_blocks.{(resnets + 1) * (int(block) + 1)}.0.op"
        return f"output_blocks.{(resnets + 1) * int(block) + resnets}.{2 if block in attentive else 1}.conv"
    return ENDS.get(path, "")
