"""Give the methods of endpoints what Gradio needs: the signature of named inputs, and errors in words.

No `from __future__ import annotations` here: gr.api reads the annotations themselves.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from pipeline.page.refusals import note_failure
from pipeline.request.inputs import Input
from pipeline.studio.messages import explain_error


def turn_errors_into_messages(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn an endpoint's errors into messages: ours as they are; any other is logged, and the message points there."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            raise make_message(error) from None

    @functools.wraps(function)
    async def wrapped_coroutine(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        except Exception as error:
            raise make_message(error) from None

    return wrapped_coroutine if inspect.iscoroutinefunction(function) else wrapped


def make_message(error: Exception) -> gr.Error:
    """Make what Gradio tells of an error: its words, in which half a surrogate cannot be sent."""
    note_failure(error)
    return gr.Error(explain_error(error).encode("utf-8", "replace").decode(), print_exception=False)


def declare_inputs(inputs: Sequence[Input]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a method that takes named inputs the signature that these inputs have, which gr.api reads."""
    hints = {each.name: gr.FileData | None if each.is_file else each.kind for each in inputs}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=each.default, annotation=hints[name])
        for each in inputs
        for name in (each.name,)
    ]

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        this = signature.parameters["self"]
        signature = signature.replace(parameters=[this, *parameters])

        @functools.wraps(function)
        async def wrapped(self: Any, *values: Any, **named: Any) -> Any:
            given = signature.bind(self, *values, **named)
            given.apply_defaults()
            return await function(**given.arguments)

        wrapped.__signature__ = signature  # type: ignore[attr-defined]
        wrapped.__annotations__ = {**hints, "return": signature.return_annotation}
        return wrapped

    return declare
