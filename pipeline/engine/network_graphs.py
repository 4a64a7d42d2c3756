"""The UNet and ControlNet as functions of tensors alone, which OpenVINO converts: no number of a picture is in a graph.

What is small and sensitive to rounding stays outside, in torch: the time's embedding and the projection of a style's
picture to tokens. The style's strength in each attention layer is an input, and so are ControlNet's residuals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor2_0, IPAdapterAttnProcessor2_0
from torch import Tensor, nn

from pipeline.engine.deep_features import SHALLOW_LAYERS, Attended, run_all_layers, run_shallow_layers

CELLS, TOKENS, STYLE_TOKENS = 16, 77, 4  # of the inputs that a graph is traced with; it runs with any


class GivenScale(nn.Module):
    """GivenScale projects a style's tokens to attention values, times a number that the graph is given."""

    def __init__(self, projection: nn.Module) -> None:
        super().__init__()
        self.projection = projection
        self.scale: Tensor | None = None

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the scaled values of tokens (n, t, d)."""
        return self.projection(tokens) * self.scale  # type: ignore[no-any-return]


class UNetGraph(nn.Module):
    """UNetGraph is the UNet's layers with a style: all of them, or the shallow ones on deep features that are given."""

    def __init__(self, unet: Any, *, shallow: bool) -> None:
        super().__init__()
        self.unet, self._shallow, self._scales = unet, shallow, list[GivenScale]()
        for processor in list_style_processors(unet):
            scaled = processor.to_v_ip[0]
            processor.to_v_ip[0] = scaled = scaled if isinstance(scaled, GivenScale) else GivenScale(scaled)
            self._scales.append(scaled)

    def forward(
        self, sample: Tensor, time_embeds: Tensor, words: Tensor, style: Tensor, scales: Tensor, *more: Tensor
    ) -> Any:
        """Return the output and the deep features, for `more` that are the residuals of the down blocks and the middle
        one; or the output alone, for deep features and the residuals of the shallow layers.
        """
        for number, each in enumerate(self._scales):
            each.scale = scales[number]
        states = Attended((words, [style]), None)
        if self._shallow:
            return run_shallow_layers(self.unet, sample, time_embeds, states, more[0], more[1:])
        return run_all_layers(self.unet, sample, time_embeds, states, more[:-1], more[-1], names_sizes=True)


class Given(nn.Module):
    """Given stands in the place of a module whose output is known."""

    value: Tensor | None = None

    def forward(self, *inputs: Any) -> Any:
        """Return what is known."""
        return self.value


class ControlNetGraph(nn.Module):
    """ControlNetGraph is a ControlNet whose hint stack was taken out, at scale 1."""

    def __init__(self, controlnet: Any) -> None:
        super().__init__()
        self.controlnet, self._time = controlnet, Given()
        controlnet.time_embedding = self._time

    def forward(self, sample: Tensor, time_embeds: Tensor, words: Tensor, hint: Tensor) -> tuple[Tensor, ...]:
        """Return the residuals of the down blocks, and the middle one's."""
        self._time.value = time_embeds
        down, middle = self.controlnet(
            sample, torch.tensor(0), encoder_hidden_states=words, controlnet_cond=hint, return_dict=False
        )
        return (*down, middle)


class TracedGraph(NamedTuple):
    """TracedGraph is a module and inputs that it can be traced with."""

    module: nn.Module
    inputs: tuple[Tensor, ...]


def list_style_processors(unet: Any) -> list[Any]:
    """List the attention processors that see a style, in the order in which a graph takes their strengths."""
    return [each for each in unet.attn_processors.values() if hasattr(each, "to_v_ip")]


def name_graphs(kind: str) -> tuple[str, ...]:
    """Name the graphs of a network: "unet" or "controlnet"."""
    return ("whole", "shallow") if kind == "unet" else ("control",)


def build_network(kind: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    """Build a network from its configuration and tensors, without the parts that a graph leaves out."""
    with torch.device("meta"):
        made: Any = (UNet2DConditionModel if kind == "unet" else ControlNetModel).from_config(dict(config))
        if kind == "unet":
            made.set_attn_processor({name: build_processor(name, tensors) for name in made.attn_processors})
        else:
            made.controlnet_cond_embedding = nn.Identity()
    made.time_embedding = nn.Identity()
    made.load_state_dict(tensors, assign=True)
    return made.eval().requires_grad_(False)


def build_processor(name: str, tensors: Mapping[str, Tensor]) -> Any:
    """Build an attention layer's processor, with a style's projections where the tensors have some."""
    found = tensors.get(f"{name}.to_k_ip.0.weight")
    return AttnProcessor2_0() if found is None else IPAdapterAttnProcessor2_0(*found.shape, num_tokens=[1], scale=1.0)


def make_graph(name: str, network: Any) -> TracedGraph:
    """Make one of `name_graphs` of a network, with inputs of its numbers."""
    layers = 0 if name == "control" else len(list_style_processors(network))
    shapes = list_graph_shapes(name, network.config, (CELLS, CELLS), TOKENS, STYLE_TOKENS, layers)
    inputs = tuple(torch.ones(shape, dtype=network.dtype) for shape in shapes)
    graph = ControlNetGraph(network) if name == "control" else UNetGraph(network, shallow=name == "shallow")
    return TracedGraph(graph.eval(), inputs)


def list_graph_shapes(
    name: str, config: Any, size: Sequence[int], words: int, style: int = 0, layers: int = 0
) -> tuple[tuple[int, ...], ...]:
    """List the shapes of a graph's inputs for one row of latents (height, width), so many tokens of words and style,
    and attention layers that see a style.
    """
    channels, width = config.block_out_channels, config.cross_attention_dim
    shapes: list[tuple[int, ...]] = [(1, config.in_channels, *size), (1, 4 * channels[0]), (1, words, width)]
    if name == "control":
        return (*shapes, (1, channels[0], *size))
    shapes += [(1, 1, style, width), (layers,)]
    residuals = list_residual_shapes(config, *size)
    if name == "shallow":
        layers = config.layers_per_block if isinstance(config.layers_per_block, int) else config.layers_per_block[0]
        deep = channels[0 if layers >= SHALLOW_LAYERS else 1]  # of the last block's own layers, or of the one before
        return (*shapes, (1, deep, *size), *residuals[:SHALLOW_LAYERS])
    return (*shapes, *residuals)


def list_residual_shapes(config: Any, height: int, width: int) -> list[tuple[int, ...]]:
    """List the shapes of ControlNet's residuals for one row of latents: the down blocks', then the middle one's."""
    channels, layers = config.block_out_channels, config.layers_per_block
    shapes: list[tuple[int, ...]] = [(1, channels[0], height, width)]
    for number, each in enumerate(channels):
        shapes += [(1, each, height, width)] * (layers if isinstance(layers, int) else layers[number])
        if number < len(channels) - 1:
            height, width = (height + 1) // 2, (width + 1) // 2
            shapes.append((1, each, height, width))
    return [*shapes, shapes[-1]]
