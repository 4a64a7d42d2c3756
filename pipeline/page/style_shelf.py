"""List, add and remove the styles on the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import StyleError
from pipeline.page import view
from pipeline.page.components import PAGE_EVENT, lay_fold, make_component
from pipeline.sketch.image_file import open_image
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio


class Shelf:
    """Shelf holds the handlers of one studio's library."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def list_cards(self) -> list[dict[str, Any]]:
        """List every style for the grid: added ones first, where their maker looks for them."""
        styles = sorted(self.studio.library.all(), key=lambda style: (style.builtin, style.name.casefold()))
        return [view.build_style_card(style) for style in styles]

    def add_style(self, image: str | None, name: str, words: str) -> tuple[Any, ...]:
        """Add a style. Returns the grid, the form's picture, name and words (emptied when it worked) and a message."""
        try:
            if image is None:
                raise StyleError("A style needs a picture that shows it.")
            style = self.studio.add_style(open_image(Path(image), "style's picture"), name, words)
            return self.list_cards(), None, "", "", f"“{style.name}” is on the shelf. Your words find it from now on."
        except Exception as error:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), explain_error(error)

    def remove_style(self, event: gr.EventData) -> tuple[Any, str]:
        """Remove the style that the event names. Returns the grid and a message."""
        try:
            self.studio.remove_style(event.id)
            return self.list_cards(), "It is gone."
        except Exception as error:
            return self.list_cards(), explain_error(error)


@dataclass(frozen=True)
class StyleForm:
    """StyleForm holds the grid of styles and the inputs for a new one."""

    grid: gr.HTML
    image: gr.Image
    name: gr.Textbox
    words: gr.Textbox
    add: gr.Button
    message: gr.Markdown


def lay_style_form(script: str) -> StyleForm:
    """Lay out the grid of styles and the form that adds one."""
    with lay_fold("shelf", "Styles", script):
        grid = make_component("library", script, value=[], events=("remove",))
        with gr.Row(elem_id="add-style"):
            image = gr.Image(
                label="A picture in that style",
                type="filepath",
                sources=["upload", "clipboard"],
                height=200,
                elem_id="style-image",
                scale=1,
                min_width=200,
                buttons=[],
            )
            with gr.Column(scale=2, min_width=260):
                name = gr.Textbox(label="Name of your style", max_length=60, elem_id="style-name")
                words = gr.Textbox(
                    label="Words that should find it",
                    placeholder="soft light, cut paper, 1960s",
                    max_length=500,
                    elem_id="style-words",
                )
                add = gr.Button("Add this style", elem_id="style-add")
                message = gr.Markdown(elem_id="style-said")
    return StyleForm(grid, image, name, words, add, message)


def wire_style_form(shelf: Shelf, page: gr.Blocks, form: StyleForm) -> None:
    """Connect the grid and the form with the shelf's handlers."""
    page.load(shelf.list_cards, None, form.grid, concurrency_limit=None, **PAGE_EVENT)
    fields = [form.image, form.name, form.words]
    form.add.click(shelf.add_style, fields, [form.grid, *fields, form.message], **PAGE_EVENT)
    form.grid.remove(shelf.remove_style, None, [form.grid, form.message], **PAGE_EVENT)
