"""Let networks overflow in some number formats, as a GTX 1660 does in float16."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class OverflowsIn:
    """OverflowsIn is a hook that spoils a module's output while its weights are in `dtypes`."""

    def __init__(self, *dtypes: torch.dtype) -> None:
        self.dtypes, self.calls = dtypes, 0

    def __call__(self, module: nn.Module, _: Any, output: Any) -> Any:
        self.calls += 1
        if next(module.parameters()).dtype not in self.dtypes:
            return None
        spoil = lambda each: each * float("nan") if isinstance(each, torch.Tensor) else each  # noqa: E731
        return tuple(map(spoil, output)) if isinstance(output, tuple) else spoil(output)
