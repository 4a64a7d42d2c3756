"""The UNet and ControlNets as `denoise` takes them, computed by OpenVINO, and by torch once that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pipeline.engine.deep_features import SplitUNet, embed_inputs
from pipeline.engine.network_graphs import list_graph_shapes, list_style_processors
from pipeline.engine.openvino_networks import OpenVINO


class GraphUNet:
    """GraphUNet is a SplitUNet whose passes OpenVINO computes, and torch once that failed."""

    def __init__(self, openvino: OpenVINO, plain: SplitUNet) -> None:
        self._openvino, self._plain = openvino, plain

    def __call__(self, sample: Tensor, time: Tensor, **given: Any) -> Tensor:
        """Return the UNet's output (n, c, h, w)."""
        found = self._compute("whole", sample, time, given)
        return self._plain(sample, time, **given) if found is None else found[0]

    def run_whole(self, sample: Tensor, time: Tensor, **given: Any) -> tuple[Tensor, Tensor]:
        """Return the output, and the deep features (n, d, h, w) that enter the shallow layers."""
        found = self._compute("whole", sample, time, given)
        return self._plain.run_whole(sample, time, **given) if found is None else (found[0], found[1])

    def run_shallow(self, sample: Tensor, time: Tensor, deep: Tensor, **given: Any) -> Tensor:
        """Return the output that the shallow layers make of kept deep features."""
        found = self._compute("shallow", sample, time, given, deep)
        return self._plain.run_shallow(sample, time, deep, **given) if found is None else found[0]

    def _compute(
        self, graph: str, sample: Tensor, time: Tensor, given: Mapping[str, Any], *more: Tensor
    ) -> list[Tensor] | None:
        unet: Any = self._plain.unet
        time_embeds, attended = embed_inputs(
            unet, sample, time, given["encoder_hidden_states"], given["added_cond_kwargs"], None
        )
        words, (style,) = attended.states
        scales = sample.new_tensor([read_scale(each) for each in list_style_processors(unet)])
        shapes = list_graph_shapes(graph, unet.config, sample.shape[-2:], words.shape[1], style.shape[2], len(scales))
        residuals = list(given.get("down_block_additional_residuals", ()))
        if (middle := given.get("mid_block_additional_residual")) is not None:
            residuals.append(middle)
        inputs = [sample, time_embeds, words, style, scales, *more]
        inputs += residuals or [None] * (len(shapes) - len(inputs))
        return self._openvino.compute(unet, graph, inputs, shapes)


class GraphControlNet:
    """GraphControlNet is a ControlNet that OpenVINO computes, and torch once that failed."""

    def __init__(self, openvino: OpenVINO, network: Any) -> None:
        self._openvino, self._network = openvino, network

    def __call__(
        self, sample: Tensor, time: Tensor, *, conditioning_scale: float, **given: Any
    ) -> tuple[list[Tensor], Tensor]:
        """Return the residuals of the down blocks, and the middle one's."""
        network, words, hint = self._network, given["encoder_hidden_states"], given["controlnet_cond"]
        times = network.time_proj(time.expand(len(sample))).to(sample.dtype)
        inputs = [sample, network.time_embedding(times), words, hint]
        shapes = list_graph_shapes("control", network.config, sample.shape[-2:], words.shape[1])
        found = self._openvino.compute(network, "control", inputs, shapes)
        if found is None:
            made: tuple[list[Tensor], Tensor] = network(sample, time, conditioning_scale=conditioning_scale, **given)
            return made
        *down, middle = (each * conditioning_scale for each in found)
        return down, middle


def read_scale(processor: Any) -> float:
    """Return how strongly an attention layer wears the style."""
    return float(processor.scale[0])
