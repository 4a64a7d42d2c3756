"""Draw one drawing in many styles, one after the other, and show each picture as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr

from pipeline.errors import Cancelled, SettingError, watch_cancel
from pipeline.page.components import PAGE_EVENT
from pipeline.page.easel import Easel
from pipeline.page.page_event import PageEvent
from pipeline.page.page_order import SETTINGS, read_order, read_sheet
from pipeline.page.visitors import find_caller
from pipeline.places import hold_place
from pipeline.request.notation import AUTO, parse_style
from pipeline.request.order import Order
from pipeline.studio.messages import explain_error

MOST_STYLES = 64  # of one sheet

Sheet = dict[str, Any]


class StyleSheet:
    """StyleSheet draws sheets for the page; whoever draws a picture goes first between two of its pictures."""

    def __init__(self, easel: Easel) -> None:
        self._easel, self._studio = easel, easel.studio

    def draw(self, visitor: gr.Request, canvas: str, *inputs: Any) -> Iterator[Sheet]:
        """Yield the sheet after each picture: `pictures` as [style's id, address], `of` how many, `state`.

        `seed` is the first picture's, and everybody's. `inputs` are SETTINGS, then JSON of the sheet's `ticket` and
        its styles' `ids`.
        """
        *settings, asked = inputs
        sheet: Sheet = {"ticket": "", "state": "drawing", "pictures": [], "of": 0, "message": ""}
        try:
            ticket, ids = read_wish(asked)
            sheet |= {"ticket": ticket, "of": len(ids)}
            with (
                self._easel.tickets.open(ticket, str(visitor.session_hash)) as stopped,
                self._studio.line.admit(find_caller(visitor, self._studio.settings)) as place,
            ):
                for order, id in self._make_orders(canvas, settings, ids):
                    sheet = sheet | {"seed": order.sampling.seed}
                    yield sheet
                    with hold_place(place), watch_cancel(stopped.is_set):
                        [result] = self._studio.draw_batch(order, 1, is_cancelled=stopped.is_set)
                        address = self._easel.serve_file(self._studio.write_picture(result))
                    sheet = sheet | {"pictures": [*sheet["pictures"], [id, address]]}
            yield sheet | {"state": "done"}
        except Cancelled:
            yield sheet | {"state": "stopped"}
        except Exception as error:
            yield sheet | {"state": "error", "message": explain_error(error)}

    def stop(self, event: PageEvent) -> None:
        """Stop the sheet whose ticket the event names."""
        self._easel.stop(event.ticket)

    def _make_orders(self, canvas: str, settings: list[Any], ids: list[str]) -> Iterator[tuple[Order, str]]:
        """Yield the order for each style: the page's own with that style alone, all with the first one's seed."""
        profile = self._studio.profile
        named, sketch = dict(zip(SETTINGS, settings, strict=True)) | {"count": 1}, read_sheet(profile, canvas)
        for id in ids:
            order, _ = read_order(profile, sketch, list((named | {"style": id}).values()))
            named["seed"] = order.sampling.seed
            yield order, id


def read_wish(text: object) -> tuple[str, list[str]]:
    """Read which styles a sheet shows, and the ticket that stops it. Raises SettingError."""
    try:
        wish: Any = json.loads(text) if isinstance(text, str) and len(text) < 20_000 else None
        ticket, ids = wish["ticket"], wish["ids"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SettingError('A sheet is asked for as {"ticket": "...", "ids": ["ghibli", ...]}.') from None
    if not isinstance(ticket, str) or not isinstance(ids, list) or not 1 <= len(ids) <= MOST_STYLES:
        raise SettingError(f"A sheet shows 1 to {MOST_STYLES} styles.")
    if any(id == AUTO or len(parse_style(id)) != 1 for id in ids):
        raise SettingError("A sheet shows styles by their ids, one each.")
    return ticket, ids


def wire_style_sheet(sheet: StyleSheet, canvas: gr.HTML, inputs: list[Any], ticket: gr.Textbox, shown: gr.HTML) -> None:
    """Let the component `shown` ask for sheets, which it then shows."""
    shown.begin(
        sheet.draw,
        [canvas, *inputs, ticket],
        shown,
        js="(...inputs) => croquis.beginSheet(...inputs)",
        trigger_mode="multiple",
        concurrency_limit=None,
        **PAGE_EVENT,
    )
    shown.halt(sheet.stop, None, None, queue=False, trigger_mode="multiple", **PAGE_EVENT)
