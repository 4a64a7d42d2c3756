"""An event of the page says in words what it lacks, whatever came in its place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import gradio as gr
import pytest

from pipeline.page.guard import NO_ENDPOINT, expect_inputs, guard_inputs
from pipeline.page.page_event import MissingValue, PageEvent, guard_events


@pytest.mark.parametrize("data", [None, 7, "ticket", [], {}, {"other": 1}])
def test_what_is_missing_is_told(data: Any) -> None:
    event = PageEvent(None, data)
    assert getattr(event, "ticket", "none") == "none"
    with pytest.raises(MissingValue, match="lacks its ticket"):
        event.ticket  # noqa: B018
    assert PageEvent(None, {"ticket": "t"}).ticket == "t"


def test_a_handler_that_lacks_a_value_refuses_in_words() -> None:
    async def call(*_: Any) -> dict[str, Any]:
        return {"ticket": PageEvent(None, None).ticket}

    blocks: Any = SimpleNamespace(call_function=call)
    guard_events(blocks)
    with pytest.raises(gr.Error, match="lacks its ticket") as refused:
        anyio.run(blocks.call_function, None, [])
    assert not refused.value.print_exception


def test_what_only_the_pages_scripts_run_is_no_endpoint() -> None:
    with pytest.raises(gr.Error, match="no such endpoint") as refused:
        expect_inputs(SimpleNamespace(fn=None, inputs=[], api_name="x"), [])
    assert refused.value.message == NO_ENDPOINT


def test_a_choice_that_is_none_is_not_logged() -> None:
    async def preprocess(*_: Any) -> list[Any]:
        raise gr.Error("Value: 7 is not in the list of choices")

    blocks: Any = SimpleNamespace(preprocess_data=preprocess)
    guard_inputs(blocks)
    with pytest.raises(gr.Error) as refused:
        anyio.run(blocks.preprocess_data, SimpleNamespace(fn=print, inputs=[], api_name="x"), [])
    assert not refused.value.print_exception
