"""Show the styles that came with a dropped picture among this visitor's styles, and keep one where it is wanted."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.errors import StyleError
from pipeline.page import view
from pipeline.page.components import PAGE_EVENT
from pipeline.page.style_shelf import Shelf
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio


class LentShelf:
    """LentShelf holds the handlers of styles that came with a picture."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.shelf = Shelf(studio)

    def show_lent(self, strip: Any) -> Any:
        """Return the grid with the styles that the strip's picture brought along; nothing changes without any."""
        ids = [card.get("id") for card in (strip or {}).get("lent", ())]
        if not ids:
            return gr.skip()
        try:
            return [*(view.build_style_card(self.studio.find_style(id)) for id in ids), *self.shelf.list_cards()]
        except StyleError:
            return gr.skip()

    def keep_style(self, event: gr.EventData, strip: Any) -> tuple[Any, Any, Any]:
        """Add the style that the event names to the library. Returns the grid, the chosen style and the strip."""
        try:
            kept = self.studio.keep_lent_style(event.id)
        except Exception as error:
            return gr.skip(), gr.skip(), {**strip, "notices": [explain_error(error)]}
        said = f"“{kept.name}” is on the shelf. Your words find it from now on."
        return self.shelf.list_cards(), kept.id, {**strip, "notices": [said], "lent": []}


def wire_lent_styles(studio: Studio, restored: Any, strip: gr.HTML, grid: gr.HTML, chip: gr.HTML) -> None:
    """Connect the strip of a restored picture with the grid of styles."""
    lent = LentShelf(studio)
    restored.then(lent.show_lent, strip, grid, **PAGE_EVENT)
    strip.keep_style(lent.keep_style, strip, [grid, chip, strip], **PAGE_EVENT)
