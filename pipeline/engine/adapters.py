"""Add LoRAs to the layers of a UNet and a text encoder while a picture wants them, without changing any weight.

What several add to one layer is one pair of matrices, their weights multiplied in. Taking them off gives the layers
back as they were, in milliseconds, whatever memory mode the weights are in; fused weights would have to be copied, or
read again where they lie in 8 bits or are streamed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.engine.lora_weights import NETWORKS, LoraWeights, LowRank, read_lora

KEPT_BYTES = 300_000_000  # of LoRAs that are kept for later pictures: LCM-LoRA's file, and it prepared, in 16 bits


@dataclass(frozen=True)
class WantedLora:
    """WantedLora is a LoRA's file, what tells it from others, and its weight."""

    file: Path
    revision: str  # changes with the file
    weight: float = 1.0


class AddedLayer(nn.Module):
    """AddedLayer computes a layer and adds the product of two small matrices: the layer's own weights stay."""

    def __init__(self, base_layer: nn.Module, down: Tensor, up: Tensor) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.register_buffer("down", down, persistent=False)
        self.register_buffer("up", up, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the layer's output, and add to it."""
        output: Tensor = self.base_layer(x)
        base: Any = self.base_layer
        if isinstance(base, nn.Conv2d):
            inner = functional.conv2d(x, self.down, None, base.stride, base.padding, base.dilation)  # type: ignore[arg-type]
            return output + functional.conv2d(inner, self.up)  # type: ignore[arg-type]
        return output + functional.linear(functional.linear(x, self.down), self.up)  # type: ignore[arg-type]

    @property
    def weight(self) -> Any:
        """Return the layer's own weight."""
        return self.base_layer.weight


Pairs = Mapping[str, tuple[Tensor, Tensor]]  # path of a layer -> down and up, as they are computed with
Sets = Mapping[str, Pairs]  # network of NETWORKS -> its pairs


class Adapters:
    """Adapters keeps the LoRAs that are added to one pipeline. Not safe for many threads: the engine's lock is around.

    `get_format` returns the device and number format of a network, by its name in NETWORKS.
    """

    def __init__(self, pipeline: Any, get_format: Callable[[str], tuple[torch.device, torch.dtype]]) -> None:
        self._pipeline, self._get_format = pipeline, get_format
        self._files: OrderedDict[tuple[Path, str], LoraWeights] = OrderedDict()
        self._sets: OrderedDict[tuple[WantedLora, ...], Sets] = OrderedDict()
        self._added: dict[str, list[str]] = {name: [] for name in NETWORKS}  # network -> layers that are replaced
        self.present: tuple[WantedLora, ...] = ()

    def use(self, wanted: Sequence[WantedLora]) -> bool:
        """Make `wanted` the LoRAs that are added; return whether the text encoder's changed. Raises ModelError for
        weights that do not fit this model; nothing is added then.
        """
        chosen = tuple(each for each in wanted if each.weight)
        if chosen == self.present:
            return False
        had_words = bool(self._added["text_encoder"])
        self.take_off()
        self._make_room(chosen)
        if chosen:
            with torch.inference_mode(False), torch.no_grad():  # what is made in inference mode may not be moved later
                sets = self._prepare(chosen)
            for name, pairs in sets.items():
                self._add(name, pairs)
            self.present = chosen
            self._make_room(chosen)
        return had_words or bool(self._added["text_encoder"])

    def take_off(self) -> None:
        """Give the layers back as they were."""
        for name, paths in self._added.items():
            network = getattr(self._pipeline, name)
            for path in paths:
                replace_layer(network, path, network.get_submodule(path).base_layer)
            paths.clear()
        self.present = ()

    def clear(self) -> None:
        """Take all off, and let go of all that is kept in memory."""
        self.take_off()
        self._sets.clear()
        self._files.clear()

    @property
    def bytes(self) -> int:
        """Return the bytes that the prepared LoRAs take where the picture is drawn."""
        return sum(
            down.nbytes + up.nbytes
            for sets in self._sets.values()
            for pairs in sets.values()
            for down, up in pairs.values()
        )

    @property
    def kept_bytes(self) -> int:
        """Return the bytes of all that is kept: the prepared LoRAs, and the files as they were read."""
        files = (layers for weights in self._files.values() for layers in weights.values())
        return self.bytes + sum(each.bytes for layers in files for each in layers.values())

    def _make_room(self, wanted: tuple[WantedLora, ...]) -> None:
        """Let go of prepared LoRAs, then of files, the ones used longest ago first, until what is kept is at most
        KEPT_BYTES; what is wanted now stays, however large: the memory plan counts that.
        """
        needed = {wanted, *((each.file, each.revision) for each in wanted)}
        stores: tuple[OrderedDict[Any, Any], ...] = (self._sets, self._files)
        for kept in stores:
            for key in [key for key in kept if key not in needed]:
                if self.kept_bytes <= KEPT_BYTES:
                    return
                del kept[key]

    def _prepare(self, wanted: tuple[WantedLora, ...]) -> Sets:
        if wanted not in self._sets:
            read = [(self._read(each), each.weight) for each in wanted]
            self._sets[wanted] = {
                name: join_pairs([(weights[name], weight) for weights, weight in read], *self._get_format(name))
                for name in NETWORKS
            }
        self._sets.move_to_end(wanted)
        return self._sets[wanted]

    def _read(self, wanted: WantedLora) -> LoraWeights:
        key = wanted.file, wanted.revision
        if key not in self._files:
            self._files[key] = read_lora(wanted.file, {name: getattr(self._pipeline, name) for name in NETWORKS})
        self._files.move_to_end(key)
        return self._files[key]

    def _add(self, name: str, pairs: Pairs) -> None:
        network = getattr(self._pipeline, name)
        for path, (down, up) in pairs.items():
            replace_layer(network, path, AddedLayer(network.get_submodule(path), down, up))
            self._added[name].append(path)


def join_pairs(
    added: Sequence[tuple[Mapping[str, LowRank], float]], device: torch.device, dtype: torch.dtype
) -> dict[str, tuple[Tensor, Tensor]]:
    """Join what several LoRAs add to each layer into one pair: the ranks side by side, the weights multiplied in."""
    parts: dict[str, list[tuple[LowRank, float]]] = {}
    for layers, weight in added:
        for path, each in layers.items():
            parts.setdefault(path, []).append((each, weight))
    return {
        path: (
            torch.cat([each.down for each, _ in several]).to(device, dtype),
            torch.cat([each.up.float() * (weight * each.scale) for each, weight in several], dim=1).to(device, dtype),
        )
        for path, several in parts.items()
    }


def replace_layer(network: nn.Module, path: str, layer: Any) -> None:
    """Put a layer at a path of the network."""
    parent, _, name = path.rpartition(".")
    owner = network.get_submodule(parent)
    if isinstance(owner, nn.ModuleList | nn.Sequential):
        owner[int(name)] = layer
    else:
        setattr(owner, name, layer)
