"""Read what an event of the page tells, where anything at all may have come in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr

from pipeline.errors import SettingError


class MissingValue(SettingError, AttributeError):
    """An event does not tell what its handler asks for; `getattr` with a default takes it for any missing attribute."""


class PageEvent(gr.EventData):
    """PageEvent is an event that says in words what it lacks; Gradio's own fails where no object came."""

    def __init__(self, target: Any, _data: Any) -> None:
        super().__init__(target, _data if isinstance(_data, dict) else {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._data:
            raise MissingValue(f"This event of the page lacks its {name}.")
        return self._data[name]


def guard_events(blocks: gr.Blocks) -> None:
    """Put into words what an event of these blocks lacks."""
    call: Callable[..., Awaitable[dict[str, Any]]] = blocks.call_function

    async def guarded(*args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            return await call(*args, **kwargs)
        except MissingValue as error:
            raise gr.Error(str(error), print_exception=False) from None

    blocks.call_function = guarded  # type: ignore[method-assign]
