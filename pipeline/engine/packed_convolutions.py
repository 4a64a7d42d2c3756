"""Keep large convolutions' weights as oneDNN computes with them, beside the plain ones, so that no step reorders them.

On a processor torch hands a convolution's weights to oneDNN in their plain order, and oneDNN writes them into blocks at
each call. In the deep layers of SD 1.5's UNet and ControlNet, where weights are large and pictures small, that takes
longer than the convolution itself. Here they are written into blocks once; the same kernel then computes the same
numbers. torch's compiler packs with the same functions when it freezes a model (its inductor's passes for mkldnn).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn

from pipeline.errors import quote_error
from pipeline.freed_memory import give_memory_back
from pipeline.machine.memory import is_out_of_memory, measure_main_memory
from pipeline.machine.plan import NUMBER_BYTES, plan_memory
from pipeline.models.profile import ModelProfile

log = logging.getLogger(__name__)

LEAST_NUMBERS = 10_000_000  # of a weight that is packed: 39 of SD 1.5's 84 convolutions of 3 x 3, 91 % of their weights
REPLACED = "_conv_forward"  # what nn.Conv2d calls with its input, weight and bias


class PackedConvolution:
    """PackedConvolution computes one convolution with its weights in blocks, made for the last input's shape.

    Where gradients are asked for it computes as nn.Conv2d does, and always where oneDNN refuses.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution
        self._made_for: tuple[Any, ...] = ()
        self._blocks: Tensor | None = None

    def __call__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what nn.Conv2d returns for hidden states (n, c, h, w): (n, d, h, w)."""
        convolution = self._convolution
        if torch.is_grad_enabled() or hidden.dtype != weight.dtype or hidden.ndim != 4:
            plain: Tensor = nn.Conv2d._conv_forward(convolution, hidden, weight, bias)
            return plain
        shape, where = list(hidden.shape), (convolution.padding, convolution.stride, convolution.dilation)
        reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight  # its stub names one argument
        made_for = (*shape, weight.data_ptr(), weight.dtype)
        if made_for != self._made_for:
            self._blocks, self._made_for = None, made_for
            self._blocks = reorder(weight.to_mkldnn(), *where, 1, shape)
            give_memory_back()  # a copy lay between; those of all layers would be 0.8 GB that stays with this process
        return torch.ops.mkldnn._convolution_pointwise(  # type: ignore[no-any-return]
            hidden, self._blocks, bias, *where, 1, "none", [], ""
        )


class PackedConvolutions:
    """PackedConvolutions packs the large convolutions of the networks that it is given, where memory has room.

    It is for networks on a processor whose weights are whole; LoRA layers around a convolution stay as they are. Their
    weights are not to change in place while they are packed. Not safe for many threads: the engine's lock is around it.
    """

    def __init__(self, least_numbers: int = LEAST_NUMBERS) -> None:
        """`least_numbers` of a weight are worth packing."""
        self._least, self._works = least_numbers, has_packed_convolutions()
        self._packed: WeakSet[nn.Conv2d] = WeakSet()

    @property
    def is_used(self) -> bool:
        """Return whether any convolution is packed."""
        return len(self._packed) > 0

    def pack(self, networks: Iterable[nn.Module | None], spare: int) -> None:
        """Pack what is not packed yet where it leaves `spare` bytes free; unpack all where less than that is free."""
        if not self._works:
            return
        found = [each for network in networks if network is not None for each in self._find(network)]
        missing = [each for each in found if each not in self._packed]
        needed = sum(each.weight.numel() * each.weight.element_size() for each in missing)
        if (free := measure_main_memory()) < spare:
            self.unpack()
        elif missing and free >= spare + needed and self._can_run(missing[0]):
            for each in missing:
                setattr(each, REPLACED, PackedConvolution(each))
                self._packed.add(each)

    def unpack(self) -> None:
        """Let every convolution compute as nn.Conv2d does, and let go of the blocks."""
        for each in self._packed:
            vars(each).pop(REPLACED, None)
        self._packed.clear()

    def _find(self, network: nn.Module) -> Iterator[nn.Conv2d]:
        """Yield the large convolutions of a network that lies on the processor."""
        for each in network.modules():
            if isinstance(each, nn.Conv2d) and each.weight.numel() >= self._least and is_packable(each):
                yield each

    def _can_run(self, convolution: nn.Conv2d) -> bool:
        """Return whether oneDNN computes here in a convolution's numbers, by trying it on a small one."""
        small = nn.Conv2d(16, 16, 3, padding=1, dtype=convolution.weight.dtype)
        try:
            with torch.inference_mode():
                PackedConvolution(small)(torch.zeros(1, 16, 8, 8, dtype=small.weight.dtype), small.weight, small.bias)
        except (RuntimeError, AttributeError, NotImplementedError) as error:
            if is_out_of_memory(error):
                raise
            log.warning("Convolutions are not packed on this processor: %s", quote_error(error))
            self._works = False
        return self._works


def has_packed_convolutions() -> bool:
    """Return whether this build of torch has oneDNN and its packed convolutions."""
    is_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return is_there and hasattr(torch._C._nn, "mkldnn_reorder_conv2d_weight")


def is_packable(convolution: nn.Conv2d) -> bool:
    """Return whether a convolution on the processor is of the kind that gains: of more than a point, in one group."""
    return (
        convolution.weight.device.type == "cpu"
        and convolution.weight.dtype in (torch.float32, torch.bfloat16)
        and convolution.kernel_size != (1, 1)
        and convolution.groups == 1
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
    )


def count_transient_bytes(profile: ModelProfile, pixels: int, dtype: str) -> int:
    """Count the bytes that a picture of so many px, and the look at a new style, hold for a while on the processor."""
    known = dtype if dtype in NUMBER_BYTES else None
    plan = plan_memory(profile, *profile.size, 1, "cpu", "cpu", known, encodes=True, new_style=True)
    larger = max(1.0, pixels / (profile.size[0] * profile.size[1]))
    return round(larger * max(plan.stage, plan.image_encoder))
