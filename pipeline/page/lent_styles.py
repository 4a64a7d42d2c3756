"""Keep a style that came with a dropped picture, where it is wanted."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.page.components import PAGE_EVENT
from pipeline.page.page_event import PageEvent
from pipeline.page.sharing import expect_sharing
from pipeline.page.style_shelf import Shelf
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio


class LentShelf:
    """LentShelf holds the handlers of styles that came with a picture."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.shelf = Shelf(studio)

    def keep_style(self, event: PageEvent, strip: Any) -> tuple[Any, Any, Any]:
        """Add the style that the event names to the library. Returns the grid, the chosen style and the strip, which
        shows what was said alone where no strip came."""
        shown = strip if isinstance(strip, dict) else {}
        try:
            expect_sharing(self.studio.settings)
            kept = self.studio.keep_lent_style(event.id)
        except Exception as error:
            return gr.skip(), gr.skip(), {**shown, "notices": [explain_error(error)]}
        said = f"“{kept.name}” is on the shelf. Your words find it from now on."
        return self.shelf.list_cards(), kept.id, {**shown, "notices": [said], "lent": []}


def wire_lent_styles(studio: Studio, strip: gr.HTML, grid: gr.HTML, chip: gr.HTML) -> None:
    """Connect the strip of a restored picture with the grid of styles."""
    strip.keep_style(LentShelf(studio).keep_style, strip, [grid, chip, strip], **PAGE_EVENT)
