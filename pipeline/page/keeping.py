"""Connect what the browser keeps of the page: its settings as they change, and their way back. No server is asked."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from pipeline.page.components import PAGE_EVENT
from pipeline.page.page_order import SETTINGS

# A change may come before the page's script is there; the keeper looks again then.
NOTE = """(...inputs) => {
  globalThis.croquis?.noteInputs(Object.fromEntries(%s.map((name, i) => [name, inputs[i]])));
}"""
BRING_BACK = "() => croquis.bringBackInputs(%s)"


def wire_keeping(keeper: gr.HTML, inputs: list[Any]) -> None:
    """Let the keeper (assets/keeping.js) note every change of the inputs, which stand in the order of SETTINGS."""
    names = json.dumps(SETTINGS)
    gr.on([each.change for each in inputs], None, inputs, None, js=NOTE % names, **PAGE_EVENT)
    keeper.look(None, inputs, None, js=NOTE % names, **PAGE_EVENT)
    keeper.bring_back(None, None, inputs, js=BRING_BACK % names, **PAGE_EVENT)
