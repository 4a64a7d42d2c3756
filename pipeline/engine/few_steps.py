"""Fuse few-step weights (LCM-LoRA, Hyper-SD) into the UNet while a picture wants them, and take them out exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from pipeline.errors import ModelError, quote_error
from pipeline.request.presets import FewSteps


class FusedWeights:
    """FusedWeights keeps one pipeline's UNet with the few-step weights of one name in it, or as it came.

    Fused, since that costs nothing per step. The weights they are added to are kept on the CPU and put back as they
    were: subtracting would leave rounding behind, and equal requests would give other pixels later. `locate` returns
    the folder of a part of the engine by its role.
    """

    def __init__(self, pipeline: Any, locate: Callable[[str], Path]) -> None:
        self._pipeline, self._locate = pipeline, locate
        self.name = ""  # what is fused in now
        self._original: dict[str, Tensor] = {}  # parameter's name -> as it came

    def fuse(self, name: str, wanted: FewSteps | None) -> None:
        """Make `wanted`, called `name`, the weights that are fused in; "" and None take out what is in.

        Raises ModelError for weights that do not fit this model.
        """
        if name == self.name:
            return
        self._restore()
        if wanted is not None:
            self._fuse(name, wanted)

    def _fuse(self, name: str, wanted: FewSteps) -> None:
        folder = self._locate(wanted.part)
        try:
            self._pipeline.load_lora_weights(
                str(folder), weight_name=wanted.file, adapter_name="few_steps", local_files_only=True
            )
            self._original = {
                path: value.detach().to("cpu", copy=True) for path, value in list_lora_parameters(self._pipeline.unet)
            }
            self._pipeline.fuse_lora(components=["unet"], lora_scale=wanted.scale, safe_fusing=True)
        except (ValueError, KeyError, RuntimeError, OSError, ImportError) as error:
            self._pipeline.unload_lora_weights()
            self._restore()
            raise ModelError(
                f"The few-step weights in {folder / wanted.file} do not fit this model: {quote_error(error)}."
            ) from error
        self._pipeline.unload_lora_weights()  # what was fused stays; the layers around it go
        self.name = name

    def _restore(self) -> None:
        for path, value in self._original.items():
            self._pipeline.unet.get_parameter(path).data.copy_(value)
        self._original, self.name = {}, ""


def list_lora_parameters(unet: Any) -> list[tuple[str, Tensor]]:
    """List the parameters under a LoRA layer, by the names they have without it. Raises ValueError where there
    is none.
    """
    found = [
        (f"{path}.{name}", parameter)
        for path, module in unet.named_modules()
        if hasattr(module, "base_layer")
        for name, parameter in module.base_layer.named_parameters()
    ]
    if not found:
        raise ValueError("none of its layers is one of the model's")
    return found
