"""Build the page of a studio with its queue, and open it with every route beside Gradio's own."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from starlette.routing import BaseRoute

from pipeline.page.export import ExportDoor
from pipeline.page.health_routes import HealthDoor
from pipeline.page.history_routes import HistoryDoor
from pipeline.page.installing import list_app_routes
from pipeline.page.layout import build_page
from pipeline.page.live import LiveDoor
from pipeline.page.report_route import ReportDoor
from pipeline.page.teach import TeachDoor
from pipeline.page.theme import make_launch_options
from pipeline.page.trusted_proxies import believe_proxies, list_proxies
from pipeline.studio.studio import Studio

QUEUE_LIMIT = 1_000  # events that may wait to begin; how many may wait to be drawn, `pipeline/studio/line.py` says
IDLE_SECONDS = 0.01  # between two looks of Gradio's idle queue for an event; its own 0.001 costs 8 % of a core
OTHER_THREADS = 64  # for events that do not draw: they never wait for those that do


def build_queued_page(studio: Studio) -> gr.Blocks:
    """Build the page and the API of one studio, ready to launch."""
    page = build_page(studio)
    set_queue(page)
    return page


def set_queue(page: gr.Blocks) -> None:
    """Set how many events may wait to begin, and how long the queue rests where none does."""
    page.queue(max_size=QUEUE_LIMIT, default_concurrency_limit=8)
    page._queue.sleep_when_free = max(IDLE_SECONDS, page._queue.sleep_when_free)


def list_page_routes(studio: Studio) -> list[BaseRoute]:
    """List the page's own routes and those of the app's files."""
    doors = (LiveDoor, ExportDoor, HistoryDoor, ReportDoor, TeachDoor, HealthDoor)
    own = [route for door in doors for route in door(studio).list_routes()]
    return [*own, *list_app_routes(studio.settings.assets)]


def launch_page(studio: Studio, routes: Sequence[BaseRoute]) -> gr.Blocks:
    """Open the page of a studio in threads of its own; `routes` are served beside Gradio's."""
    believe_proxies(list_proxies(studio.settings.proxies))
    page = build_queued_page(studio)
    note, find_key = studio.measurements.note_answer, studio.keeper.find_key
    options = make_launch_options(page, studio.settings, routes, note, find_key, studio.line.expect_place)
    options |= {"max_threads": studio.settings.waiting + OTHER_THREADS}
    page.launch(prevent_thread_lock=True, **options)
    return page
