"""Keep the UNet's deep features for some steps and compute only its shallow layers anew: DeepCache, for our own loop.

Ma et al. 2024 (arXiv:2312.00858): from one step to the next the features deep inside the UNet change little, so those
that enter its last two layers are kept for `cache_interval` steps. A step that reuses them runs the first convolution,
the first layer, the last two and the output alone, on the latents and the time of its own. With ControlNet the kept
features carry its deep residuals already; the shallow ones, of the skips that those layers read, are added again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pipeline.engine.style_masks import StyleMasks, select_mask

SHALLOW_LAYERS = 2  # of the last up block: the paper's branch 1

Run = Callable[..., Any]


class Attended(NamedTuple):
    """Attended is what the UNet's attention is given: words, styles, and where each of several styles is worn."""

    states: Any  # as `process_encoder_hidden_states` returns them
    masks: StyleMasks | None

    def select(self, hidden: Tensor) -> dict[str, Any]:
        """Return what attention over hidden states (n, c, h, w) takes by name."""
        if self.masks is None:
            return {"encoder_hidden_states": self.states}
        return {"encoder_hidden_states": self.states, "cross_attention_kwargs": select_mask(self.masks, hidden)}


class SplitUNet:
    """SplitUNet runs diffusers' UNet as it is, whole with its deep features given out, or its shallow layers alone.

    Its inputs are the UNet's: latents (n, c, h, w), a time, and by name `encoder_hidden_states`, `added_cond_kwargs`,
    ControlNet's residuals, and `style_masks`, which say where each of several styles is worn. `make_quick` compiles
    what is run; one compiled function serves both kinds of whole passes. Without `skips` all layers run for a shallow
    pass too, and the deep features are replaced: the same output, for weights that are streamed in the order of the
    first pass.
    """

    def __init__(self, unet: Any, *, skips: bool = True, make_quick: Callable[[Run], Run] | None = None) -> None:
        self.unet, self._skips, self._quick = unet, skips, make_quick is not None
        quick: Callable[[Run], Run] = make_quick or (lambda run: run)
        self._run_whole, self._run_shallow = quick(run_whole), quick(run_shallow)

    def __call__(self, sample: Tensor, time: Tensor, **given: Any) -> Tensor:
        """Return the UNet's output (n, c, h, w)."""
        if self._quick or given.get("style_masks") is not None:
            return self.run_whole(sample, time, **given)[0]
        return self.unet(sample, time, return_dict=False, **given)[0]  # type: ignore[no-any-return]

    def run_whole(self, sample: Tensor, time: Tensor, **given: Any) -> tuple[Tensor, Tensor]:
        """Return the output, and the deep features (n, d, h, w) that enter the shallow layers."""
        output, deep = self._run_whole(self.unet, sample, time, **given)
        return output, deep

    def run_shallow(self, sample: Tensor, time: Tensor, deep: Tensor, **given: Any) -> Tensor:
        """Return the output that the shallow layers make of kept deep features."""
        if self._skips:
            return self._run_shallow(self.unet, sample, time, deep, **given)  # type: ignore[no-any-return]
        return self._run_whole(self.unet, sample, time, deep=deep, **given)[0]  # type: ignore[no-any-return]


class DeepFeatures:
    """DeepFeatures keeps the deep features of one picture or batch, and what ControlNet added to the shallow layers,
    for as many steps as the interval says: 1 computes each step whole, as the UNet is.
    """

    def __init__(self, unet: Any, interval: int) -> None:
        self._unet, self._interval = unet, interval
        self._kept: Tensor | None = None
        self._shallow: list[Tensor] = []  # ControlNet's residuals for the shallow layers at the last whole step
        self._uses = 0  # steps that the kept ones have served

    def can_serve(self, rows: int) -> bool:
        """Return whether the kept features serve one step more of so many rows. Guidance that begins midway asks for
        rows that they lack.
        """
        return self._kept is not None and self._uses < self._interval and len(self._kept) >= rows

    def predict_whole(self, sample: Tensor, time: Tensor, **given: Any) -> Tensor:
        """Run the whole UNet, and keep its deep features where later steps are to have them."""
        if self._interval == 1:
            return self._unet(sample, time, **given)  # type: ignore[no-any-return]
        output: Tensor
        output, self._kept = self._unet.run_whole(sample, time, **given)
        self._shallow = list(given.get("down_block_additional_residuals", ()))[:SHALLOW_LAYERS]
        self._uses = 1
        return output

    def predict_again(self, sample: Tensor, time: Tensor, **given: Any) -> Tensor:
        """Run the shallow layers on the kept features, of which those of the last rows serve where guidance has ended
        since.
        """
        assert self._kept is not None  # noqa: S101 - `can_serve` saw to it
        self._uses += 1
        rows = len(sample)
        shallow = {"down_block_additional_residuals": [each[-rows:] for each in self._shallow]} if self._shallow else {}
        return self._unet.run_shallow(sample, time, self._kept[-rows:], **shallow, **given)  # type: ignore[no-any-return]


def run_whole(
    unet: Any,
    sample: Tensor,
    time: Tensor,
    *,
    encoder_hidden_states: Tensor,
    added_cond_kwargs: dict[str, Any],
    down_block_additional_residuals: Sequence[Tensor] = (),
    mid_block_additional_residual: Tensor | None = None,
    style_masks: StyleMasks | None = None,
    deep: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Do what UNet2DConditionModel.forward does, and give out the deep features; those given as `deep` replace them."""
    time_embeds, states = embed_inputs(unet, sample, time, encoder_hidden_states, added_cond_kwargs, style_masks)
    residuals = down_block_additional_residuals, mid_block_additional_residual
    is_odd = any(side % 2**unet.num_upsamplers for side in sample.shape[-2:])
    return run_all_layers(unet, sample, time_embeds, states, *residuals, deep=deep, names_sizes=is_odd)


def run_all_layers(
    unet: Any,
    sample: Tensor,
    time_embeds: Tensor,
    states: Attended,
    down_block_additional_residuals: Sequence[Tensor],
    mid_block_additional_residual: Tensor | None,
    *,
    deep: Tensor | None = None,
    names_sizes: bool,
) -> tuple[Tensor, Tensor]:
    """Run all layers on what was embedded; `names_sizes` tells each block that doubles a side what it doubles to."""
    hidden = unet.conv_in(sample)
    skips: tuple[Tensor, ...] = (hidden,)
    for block in unet.down_blocks:
        hidden, found = block(hidden_states=hidden, temb=time_embeds, **select_states(block, hidden, states))
        skips += found
    hidden = unet.mid_block(hidden, time_embeds, **select_states(unet.mid_block, hidden, states))
    if mid_block_additional_residual is not None:
        hidden = hidden + mid_block_additional_residual
    skips = add_residuals(skips, down_block_additional_residuals)
    *deep_blocks, last = unet.up_blocks
    for block in deep_blocks:
        skips, used = skips[: -len(block.resnets)], skips[-len(block.resnets) :]
        # a side that halves to an odd number is doubled to the size of the skip that comes next
        size = skips[-1].shape[-2:]
        hidden = block(
            hidden_states=hidden,
            temb=time_embeds,
            res_hidden_states_tuple=used,
            upsample_size=size if names_sizes else None,
            **select_states(block, hidden, states),
        )
    first = len(last.resnets) - SHALLOW_LAYERS
    hidden = run_layers(last, range(first), hidden, skips, time_embeds, states)
    found_deep = hidden if deep is None else deep
    output = finish(unet, last, first, found_deep, skips[:SHALLOW_LAYERS], time_embeds, states)
    return output, found_deep


def run_shallow(
    unet: Any,
    sample: Tensor,
    time: Tensor,
    deep: Tensor,
    *,
    encoder_hidden_states: Tensor,
    added_cond_kwargs: dict[str, Any],
    down_block_additional_residuals: Sequence[Tensor] = (),
    style_masks: StyleMasks | None = None,
) -> Tensor:
    """Run the layers between the latents and the deep features' place, on both sides of the UNet, and its output."""
    time_embeds, states = embed_inputs(unet, sample, time, encoder_hidden_states, added_cond_kwargs, style_masks)
    return run_shallow_layers(unet, sample, time_embeds, states, deep, down_block_additional_residuals)


def run_shallow_layers(
    unet: Any,
    sample: Tensor,
    time_embeds: Tensor,
    states: Attended,
    deep: Tensor,
    down_block_additional_residuals: Sequence[Tensor],
) -> Tensor:
    """Run the shallow layers on what was embedded."""
    hidden = unet.conv_in(sample)
    skips = [hidden]
    first_block = unet.down_blocks[0]
    for number in range(SHALLOW_LAYERS - 1):
        hidden = run_layer(first_block, number, hidden, time_embeds, states)
        skips.append(hidden)
    last = unet.up_blocks[-1]
    found = add_residuals(skips, down_block_additional_residuals)
    return finish(unet, last, len(last.resnets) - SHALLOW_LAYERS, deep, found, time_embeds, states)


def embed_inputs(
    unet: Any,
    sample: Tensor,
    time: Tensor,
    encoder_hidden_states: Tensor,
    added_cond_kwargs: dict[str, Any],
    style_masks: StyleMasks | None,
) -> tuple[Tensor, Attended]:
    """Embed the time, and join what the words and the styles' pictures say, as the UNet's attention takes it."""
    time_embeds = unet.time_embedding(unet.get_time_embed(sample=sample, timestep=time))
    return time_embeds, Attended(
        unet.process_encoder_hidden_states(encoder_hidden_states, added_cond_kwargs), style_masks
    )


def finish(
    unet: Any, block: Any, first: int, hidden: Tensor, skips: Sequence[Tensor], time_embeds: Tensor, states: Attended
) -> Tensor:
    """Run the last up block from its layer `first` on, and the output layers."""
    hidden = run_layers(block, range(first, len(block.resnets)), hidden, skips, time_embeds, states)
    if unet.conv_norm_out:
        hidden = unet.conv_act(unet.conv_norm_out(hidden))
    return unet.conv_out(hidden)  # type: ignore[no-any-return]


def run_layers(
    block: Any, numbers: range, hidden: Tensor, skips: Sequence[Tensor], time_embeds: Tensor, states: Attended
) -> Tensor:
    """Run some layers of an up block, each on its skip, the last of which comes first."""
    for number, skip in zip(numbers, reversed(skips), strict=False):
        hidden = run_layer(block, number, torch.cat([hidden, skip], dim=1), time_embeds, states)
    return hidden


def run_layer(block: Any, number: int, hidden: Tensor, time_embeds: Tensor, states: Attended) -> Tensor:
    """Run one layer of a block: its convolutions, and its attention where it has any."""
    hidden = block.resnets[number](hidden, time_embeds)
    if getattr(block, "has_cross_attention", False):
        hidden = block.attentions[number](hidden, **states.select(hidden), return_dict=False)[0]
    return hidden


def select_states(block: Any, hidden: Tensor, states: Attended) -> dict[str, Any]:
    """Return what a block over hidden states takes of words and styles: nothing where it has no attention."""
    return states.select(hidden) if getattr(block, "has_cross_attention", False) else {}


def add_residuals(skips: Sequence[Tensor], residuals: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Add ControlNet's residuals to the skips, the shallowest first; skips that have none stay as they are."""
    added = (skip + more for skip, more in zip(skips, residuals, strict=False))
    return (*added, *skips[len(residuals) :])
