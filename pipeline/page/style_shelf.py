"""Answer what the page asks of the library: which styles there are, which are likely, and what to do with one's own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import SettingError
from pipeline.page import view
from pipeline.page.components import PAGE_EVENT, build_address, make_component
from pipeline.page.page_event import PageEvent
from pipeline.page.sent_file import decode_base64
from pipeline.page.sharing import add_style, adopt_style, expect_own, expect_sharing, list_own, remove_style
from pipeline.request.notation import MAX_STYLES, write_palette
from pipeline.request.words import parse_prompt
from pipeline.sketch.image_file import open_image
from pipeline.studio.likeness import Likeness
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio
from pipeline.studio.thumbnails import Thumbnails
from pipeline.styles.likelihood import FOUND_FROM
from pipeline.styles.palette import read_palette
from pipeline.styles.search import MOST_MATCHES
from pipeline.styles.style_file import SUFFIX, is_style_file, read_style_file, write_style_file
from pipeline.values import Style

LIKELY_FROM = 0.12  # probability from which a style stands before the suggested ones
SUGGESTED = (  # what a person sees who has said nothing yet: far apart from one another, and friendly to any subject
    *("ghibli", "watercolor", "golden-hour", "oil-painting", "plain", "comic"),
    *("childrens-book", "ukiyo-e", "stained-glass", "pixel-art", "clay", "cyberpunk"),
)
NAME_FROM_FILE = 40  # characters of a file's name that become a style's

Answer = dict[str, Any]


class Shelf:
    """Shelf holds the handlers of one studio's library."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.thumbnails = Thumbnails(studio)
        self._likeness = Likeness()
        self._actions: Mapping[str, Callable[[PageEvent], Answer]] = {
            "list": self.list_again,
            "look": self.look,
            "resemble": self.resemble,
            "add": self.add,
            "rename": self.rename,
            "remove": self.remove,
            "export": self.export,
            "colours": self.read_colours,
            "lent": self.show_lent,
        }

    def list_cards(self) -> list[Answer]:
        """List every style: added ones first, where their maker looks for them, then suggested ones.

        Missing thumbnails are begun.
        """
        added = [style.id for style in self.studio.library.all() if not style.builtin]
        styles = [self.studio.library.get(id) for id in self.order_styles(added)]
        cards = mark_own([self.build_card(style) for style in styles], list_own(self.studio) if added else set())
        if any(card["coming"] for card in cards):
            self.thumbnails.draw_in_background(styles)
        return cards

    def build_card(self, style: Style) -> Answer:
        """Build a style's card; one whose thumbnail is `coming` shows its own picture meanwhile."""
        file = self.thumbnails.find(style)
        shown = {} if file is None else {"thumb": build_address(file.resolve())}
        return view.build_style_card(style) | shown | {"coming": file is None and self.thumbnails.draws}

    def answer(self, event: PageEvent) -> tuple[Any, Answer]:
        """Do what the event names. Returns the cards, where they may have changed, and the answer with the call's
        number: what the action says, or `error`.
        """
        call = getattr(event, "call", None)
        try:
            action = self._actions.get(str(getattr(event, "action", "")))
            if action is None:
                raise SettingError(f"The library answers {', '.join(self._actions)}.")
            said = action(event)
        except Exception as error:
            return gr.skip(), {"call": call, "error": explain_error(error)}
        changes = action in (self.add, self.rename, self.remove, self.list_again)
        return self.list_cards() if changes else gr.skip(), {"call": call, **said}

    def list_again(self, event: PageEvent) -> Answer:
        """Say nothing: the cards are listed with the answer."""
        return {}

    def look(self, event: PageEvent) -> Answer:
        """Return all styles for the words: `ids`, likely ones first, then suggested ones, and `named`, the one that the
        words mean, or None.
        """
        words = parse_prompt("The words", getattr(event, "words", ""))
        if not words.text.strip():
            return {"ids": self.order_styles([]), "named": None}
        finding = self.studio.find_styles(words, MOST_MATCHES)
        likely = [match.style.id for match in finding.matches if match.probability >= LIKELY_FROM]
        unwanted = list(finding.refused)
        named = next((match.style.id for match in finding.matches if match.probability >= FOUND_FROM), None)
        return {"ids": self.order_styles(likely, unwanted), "named": named}

    def order_styles(self, first: list[str], last: list[str] | None = None) -> list[str]:
        """Return the ids of all styles: these first, then suggested ones, the others, and `last`."""
        there = [style.id for style in self.studio.library.all()]
        order = dict.fromkeys([*first, *(id for id in SUGGESTED if id in there), *there])
        late = set(last or ())
        return [*(id for id in order if id not in late), *(id for id in order if id in late)]

    def resemble(self, event: PageEvent) -> Answer:
        """Return `ids` of all styles, those whose pictures look most like the sent one first."""
        image = open_image(decode_base64(getattr(event, "data", None)), "picture")
        return {"ids": [style.id for style in self._likeness.find_similar(image, self.studio.library.all())]}

    def add(self, event: PageEvent) -> Answer:
        """Keep a picture, or a style's file, as a style; `name` is the file's. Returns its `id` and `name`."""
        data = decode_base64(getattr(event, "data", None))
        if is_style_file(data):
            read = read_style_file(data)
            style = adopt_style(self.studio, read)
        else:
            name = self.studio.library.find_free_name(name_after_file(getattr(event, "name", "")))
            style = add_style(self.studio, open_image(data, "style's picture"), name)
        return {"id": style.id, "name": style.name}

    def rename(self, event: PageEvent) -> Answer:
        """Give an added style another name and words."""
        expect_sharing(self.studio.settings)
        expect_own(self.studio, event.id)
        style = self.studio.library.rename(event.id, event.name, event.words)
        return {"id": style.id, "name": style.name}

    def remove(self, event: PageEvent) -> Answer:
        """Remove an added style."""
        remove_style(self.studio, event.id)
        return {"id": event.id}

    def export(self, event: PageEvent) -> Answer:
        """Return a style as one file: `data`, a data URL, and what to call it."""
        style = self.studio.library.get(event.id)
        data = base64.b64encode(write_style_file(style)).decode()
        return {"data": f"data:application/zip;base64,{data}", "file": style.id + SUFFIX}

    def read_colours(self, event: PageEvent) -> Answer:
        """Return the `palette` of the sent picture as a request takes it, or of the added style `id`."""
        if (id := getattr(event, "id", None)) is not None:
            image = open_image(self.studio.find_style(id).image, "style's picture")
        else:
            image = open_image(decode_base64(getattr(event, "data", None)), "picture")
        return {"palette": write_palette(tuple((colour, round(share, 3)) for colour, share in read_palette(image)))}

    def show_lent(self, event: PageEvent) -> Answer:
        """Return `cards` of those styles among `ids` that came with a picture file; ids of others are left out."""
        ids = getattr(event, "ids", None)
        if not isinstance(ids, list) or len(ids) > 2 * MAX_STYLES:
            raise SettingError(f"ids is a list of at most {2 * MAX_STYLES} styles' ids.")
        lent = [style for id in ids if (style := self.studio.find_lent_style(id)) is not None]
        return {"cards": mark_own([view.build_style_card(style) for style in lent], list_own(self.studio))}


def mark_own(cards: list[Answer], own: set[str] | None) -> list[Answer]:
    """Say of each card whether its style is the visitor's to take away: those of these ids, or all that were added."""
    return [card | {"mine": not card["builtin"] and (own is None or card["id"] in own)} for card in cards]


def name_after_file(name: object) -> str:
    """Return what a style is called after the file that it came in: without its ending, dashes as spaces."""
    stem = Path(str(name)[:200]).stem.replace("_", " ").replace("-", " ").strip()[:NAME_FROM_FILE].strip()
    return stem[:1].upper() + stem[1:] if any(letter.isalnum() for letter in stem) else "My picture"


def lay_library(studio: Studio, script: str) -> tuple[gr.HTML, gr.HTML]:
    """Lay out the list of styles and the answers to what the page asks of it; neither is seen."""
    folders = (studio.settings.styles, Thumbnails(studio).folder, studio.lent_folder)
    gr.set_static_paths([folder.resolve() for folder in folders])
    library = make_component("library", script, value=[], events=("ask",))
    return library, make_component("answers", script, elem_id="library-answers")


def wire_library(shelf: Shelf, page: gr.Blocks, library: gr.HTML, answers: gr.HTML) -> None:
    """Connect the list of styles with the shelf's handlers."""
    page.load(shelf.list_cards, None, library, concurrency_limit=None, **PAGE_EVENT)
    library.ask(
        shelf.answer,
        None,
        [library, answers],
        trigger_mode="multiple",
        concurrency_limit=4,
        concurrency_id="library",
        **PAGE_EVENT,
    )
