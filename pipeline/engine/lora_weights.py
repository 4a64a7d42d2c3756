"""Read a LoRA's file: for each layer of UNet and text encoder two small matrices, under any of the usual names.

Hu et al. 2021 (arXiv:2106.09685). What the names are, lora_keys.py says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.errors import ModelError, phrase, quote_error
from pipeline.models.compvis_names import map_compvis_names
from pipeline.models.lora_keys import ALPHA, DIFFERENCE, MATRIX, SIDES

PREFIXES = {  # of a key -> the network, and whether the rest has underscores in place of points
    "lora_unet_": ("unet", True),
    "lora_te_": ("text_encoder", True),
    "base_model.model.": ("unet", False),
    "diffusion_model.": ("unet", False),
    "text_encoders.clip_l.transformer.": ("text_encoder", False),
    "unet.": ("unet", False),
    "text_encoder.": ("text_encoder", False),
}
NETWORKS = ("unet", "text_encoder")
MISFIT = phrase("The weights in {file} do not fit this model: there is no whole pair for a layer “{key}”.")


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

    def join(self, other: LowRank | None) -> LowRank:
        """Return what both add to one layer, as one pair."""
        if other is None:
            return self
        ups = [each.up.float() * each.scale for each in (self, other)]
        return LowRank(torch.cat([self.down.float(), other.down.float()]), torch.cat(ups, dim=1), 1.0)


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
    pairs = join_halves(file, halves, alphas | read_alphas(metadata, halves))
    return place_layers(file, pairs + list_differences(tensors), networks)


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


def join_halves(
    file: Path, halves: Mapping[str, Mapping[str, Tensor]], alphas: Mapping[str, float]
) -> list[tuple[str, LowRank]]:
    """Make one of each layer's two matrices and its alpha. Raises ModelError where one of the two is missing."""
    for key, pair in halves.items():
        if len(pair) != 2:
            raise ModelError(MISFIT.format(file=file, key=key[:80]))
    return [
        (key, LowRank(pair["down"], pair["up"], alphas.get(key, float(len(pair["down"]))) / len(pair["down"])))
        for key, pair in halves.items()
    ]


def list_differences(tensors: Mapping[str, Tensor]) -> list[tuple[str, LowRank]]:
    """List the differences of whole weights, which some files have for some layers, as pairs by the layers' names: each
    is the lower matrix, and the upper one changes nothing.
    """
    listed = []
    for key, tensor in tensors.items():
        if (match := DIFFERENCE.match(key)) and tensor.ndim > 1:
            same = torch.eye(len(tensor), dtype=tensor.dtype)
            listed.append((match["layer"], LowRank(tensor, same.reshape(*same.shape, *[1] * (tensor.ndim - 2)), 1.0)))
    return listed


def place_layers(file: Path, pairs: Iterable[tuple[str, LowRank]], networks: Mapping[str, nn.Module]) -> LoraWeights:
    """Find the layer of a network that each pair of matrices belongs to. Raises ModelError where one has none."""
    layers = {name: list_layers(network) for name, network in networks.items()}
    names = {name: Names.make(known) for name, known in layers.items()}
    placed: dict[str, dict[str, LowRank]] = {name: {} for name in networks}
    for key, pair in pairs:
        network, path = find_layer(key, names)
        if network is None:
            raise ModelError(MISFIT.format(file=file, key=key[:80]))
        fitted = fit_layer(file, key, pair, layers[network][path])
        placed[network][path] = fitted.join(placed[network].get(path))
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


class Names(NamedTuple):
    """Names finds the path of a network's layer by what a file calls it."""

    dotted: Mapping[str, str]  # diffusers' paths and CompVis' names -> paths
    flat: Mapping[str, str]  # those with underscores in place of points -> paths

    @staticmethod
    def make(paths: Iterable[str]) -> Names:
        """Return the names of the layers with these paths."""
        own = {path: path for path in paths}
        dotted = map_compvis_names(own) | own
        return Names(dotted, {name.replace(".", "_"): path for name, path in dotted.items()})


def find_layer(key: str, names: Mapping[str, Names]) -> tuple[str | None, str]:
    """Return the network and path that a LoRA's name for a layer means; None without one."""
    prefix = next((each for each in PREFIXES if key.startswith(each)), "")
    network, is_flat = PREFIXES.get(prefix, ("unet", False))
    name = key.removeprefix(prefix).removeprefix("unet.")
    known = (names[network].flat if is_flat else names[network].dotted) if network in names else {}
    for path in name, name.removeprefix("text_model.").removeprefix("text_model_"), f"text_model.{name}":
        if path in known:
            return network, known[path]
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
