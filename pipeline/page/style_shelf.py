"""The styles on the page: list, add, remove."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import StyleError
from pipeline.page import view as show
from pipeline.page.messages import tell
from pipeline.sketch.image_file import open_image
from pipeline.studio.studio import Studio


class Shelf:
    """The handlers of one studio's library."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def cards(self) -> list[dict[str, Any]]:
        """Every style for the grid: added ones first, where their maker looks for them."""
        styles = sorted(self.studio.library.all(), key=lambda style: (style.builtin, style.name.casefold()))
        return [show.style_card(style) for style in styles]

    def add(self, image: str | None, name: str, words: str) -> tuple[Any, ...]:
        """Grid, then the form's picture, name, words (emptied when it worked) and what to say."""
        try:
            if image is None:
                raise StyleError("A style needs a picture that shows it.")
            style = self.studio.add_style(open_image(Path(image), "style's picture"), name, words)
            return self.cards(), None, "", "", f"“{style.name}” is on the shelf. Your words find it from now on."
        except Exception as error:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), tell(error)

    def remove(self, event: gr.EventData) -> tuple[Any, str]:
        try:
            self.studio.remove_style(event.id)
            return self.cards(), "It is gone."
        except Exception as error:
            return self.cards(), tell(error)
