"""Read a LoRA's file: for each layer of UNet and text encoder two small matrices, under any of the usual names.

Hu et al. 2021 (arXiv:2106.09685). kohya names a layer by its path with underscores ("lora_unet_down_blocks_0_..."),
diffusers and peft by its path, before them "unet." or "text_encoder.".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.errors import ModelError, quote_error

SIDES = {"down": "down", "A": "down", "up": "up", "B": "up"}
MATRIX = re.compile(
    r"^(?P<layer>.+?)(?:\.processor)?(?:\.(?P<projection>to_[qkv]|to_out)_lora\.|\.lora_linear_layer\.|\.lora\.|\.lora_|_lora\.)"
    r"(?P<side>down|up|A|B)(?:\.(?!weight$)\w+)?\.weight$"
)
ALPHA = re.compile(r"^(?P<layer>.+?)(?:\.lora)?\.alpha$")
PREFIXES = {  # of a key -> the network, and whether the rest has underscores in place of points
    "lora_unet_": ("unet", True),
    "lora_te_": ("text_encoder", True),
    "base_model.model.": ("unet", False),
    "unet.": ("unet", False),
    "text_encoder.": ("text_encoder", False),
}
NETWORKS = ("unet", "text_encoder")


@dataclass(frozen=True, eq=False)
class LowRank:
    """LowRank holds what a LoRA adds to one layer: `up` times `down` times `scale`."""

    down: Tensor  # (rank, in), or (rank, in, h, w) of a convolution
    up: Tensor  # (out, rank), or (out, rank, 1, 1)
    scale: float  # alpha / rank

    @property
    def bytes(self) -> int:
        """Return the bytes of both matrices."""
        return self.down.nbytes + self.up.nbytes


LoraWeights = Mapping[str, Mapping[str, LowRank]]  # network of NETWORKS -> path of a layer -> what is added there


def read_lora(file: Path, networks: Mapping[str, nn.Module]) -> LoraWeights:
    """Read a LoRA for these networks, by their names in NETWORKS, on the processor.

    Raises ModelError for a file that is broken, or whose layers are not the networks'.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The weights in {file} do not fit this model: {quote_error(error)}.") from error
    halves, alphas = group_tensors(tensors)
    return place_layers(file, halves, alphas | read_alphas(metadata, halves), networks)


def group_tensors(tensors: Mapping[str, Tensor]) -> tuple[dict[str, dict[str, Tensor]], dict[str, float]]:
    """Return the two matrices of each layer by "down" and "up", and the layers' alphas, by the layers' names."""
    halves: dict[str, dict[str, Tensor]] = {}
    alphas: dict[str, float] = {}
    for key, tensor in tensors.items():
        if match := MATRIX.match(key):
            layer = match["layer"]
            if projection := match["projection"]:
                layer += "." + ("to_out.0" if projection == "to_out" else projection)
            halves.setdefault(layer, {})[SIDES[match["side"]]] = tensor
        elif match := ALPHA.match(key):
            alphas[match["layer"]] = float(tensor)
    return halves, alphas


def read_alphas(metadata: Mapping[str, str], halves: Mapping[str, Any]) -> dict[str, float]:
    """Read the alphas that diffusers and peft write into a file's metadata, by the layers' names."""
    try:
        told = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except ValueError:
        return {}
    found: dict[str, float] = {}
    for layer in halves if isinstance(told, dict) else ():
        network, _, path = layer.partition(".")
        patterns = told.get(f"{network}.alpha_pattern") or {}
        own = next((value for name, value in patterns.items() if path == name or path.endswith(f".{name}")), None)
        alpha = told.get(f"{network}.lora_alpha") if own is None else own
        if isinstance(alpha, int | float):
            found[layer] = float(alpha)
    return found


def place_layers(
    file: Path,
    halves: Mapping[str, Mapping[str, Tensor]],
    alphas: Mapping[str, float],
    networks: Mapping[str, nn.Module],
) -> LoraWeights:
    """Find the layer of a network that each pair of matrices belongs to. Raises ModelError where one has none."""
    layers = {name: list_layers(network) for name, network in networks.items()}
    placed: dict[str, dict[str, LowRank]] = {name: {} for name in networks}
    for key, pair in halves.items():
        network, path = find_layer(key, layers)
        if network is None or len(pair) != 2:
            raise ModelError(
                f"The weights in {file} do not fit this model: there is no whole pair for a layer “{key[:80]}”."
            )
        made = LowRank(pair["down"], pair["up"], alphas.get(key, float(len(pair["down"]))) / len(pair["down"]))
        placed[network][path] = fit_layer(file, key, made, layers[network][path])
    if not any(placed.values()):
        raise ModelError(f"The weights in {file} do not fit this model: none of its layers is one of the model's.")
    return placed


def list_layers(network: nn.Module) -> dict[str, nn.Module]:
    """List a network's linear and convolutional layers by their paths, without what was added to them."""
    return {
        path: module
        for path, module in ((path.replace(".base_layer", ""), module) for path, module in network.named_modules())
        if isinstance(module, nn.Linear | nn.Conv2d)
    }


def find_layer(key: str, layers: Mapping[str, Mapping[str, nn.Module]]) -> tuple[str | None, str]:
    """Return the network and path that a LoRA's name for a layer means; None without one."""
    prefix = next((each for each in PREFIXES if key.startswith(each)), "")
    network, is_flat = PREFIXES.get(prefix, ("unet", False))
    name = key.removeprefix(prefix).removeprefix("unet.")
    known = layers.get(network, {})
    for path in name, name.removeprefix("text_model.").removeprefix("text_model_"), f"text_model.{name}":
        if not is_flat and path in known:
            return network, path
        if is_flat and (found := next((each for each in known if each.replace(".", "_") == path), None)):
            return network, found
    return None, ""


def fit_layer(file: Path, key: str, made: LowRank, layer: nn.Module) -> LowRank:
    """Return the matrices in the layer's own number of dimensions. Raises ModelError where the sizes do not fit."""
    weight: Any = layer.weight
    down, up = made.down, made.up
    if weight.ndim == 4 and down.ndim == 2:
        down, up = down[:, :, None, None], up[:, :, None, None]
    elif weight.ndim == 2 and down.ndim == 4:
        down, up = down.flatten(1), up.flatten(1)
    wanted = tuple(weight.shape)
    if (len(up), *down.shape[1:]) != wanted or up.shape[1] != len(down):
        raise ModelError(
            f"The weights in {file} do not fit this model: its “{key[:80]}” is for {(len(up), *down.shape[1:])}, and "
            f"the layer has {wanted}."
        )
    return replace(made, down=down, up=up)
