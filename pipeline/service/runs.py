"""Draw one call in a thread of its own, tell its caller what happens, and stop when the caller goes away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from starlette.types import Receive

from pipeline.errors import watch_cancel
from pipeline.places import Place, hold_place
from pipeline.studio.callers import Caller
from pipeline.studio.calls import draw_call, read_call_in_turn
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult, StepPreview

QUIET = 10.0  # seconds without news until a caller hears that the run is still there

ReadInputs = Callable[[], dict[str, object]]


@dataclass(frozen=True)
class Waiting:
    """Waiting is told to a caller when nothing happened for a while."""


News = StepPreview | list[GenerationResult] | Exception | Waiting  # the results or an error come last


class Runs:
    """Runs holds the threads of one studio's calls. All methods are called in the server's event loop."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._threads = ThreadPoolExecutor(studio.settings.waiting, "croquis-call")

    async def start(self, read_inputs: ReadInputs, caller: Caller, *, with_steps: bool) -> Run:
        """Start the run of a caller's call; `read_inputs` is called in its thread. Raises LineFull."""
        stack = ExitStack()
        joining = asyncio.create_task(asyncio.to_thread(stack.enter_context, self._studio.line.join(caller)))
        try:
            place = await asyncio.shield(joining)
            run = Run(self._studio, read_inputs, place, with_steps=with_steps)
            self._threads.submit(run.draw).add_done_callback(lambda _: stack.close())
        except BaseException:  # the caller may have gone while it joined
            joining.add_done_callback(lambda _: stack.close())
            raise
        return run


class Run:
    """Run is one call being drawn."""

    def __init__(self, studio: Studio, read_inputs: ReadInputs, place: Place, *, with_steps: bool) -> None:
        self._studio, self._read_inputs, self._place, self._with_steps = studio, read_inputs, place, with_steps
        self._stopped = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[News] = asyncio.Queue()

    def draw(self) -> None:
        """Read the inputs and draw them; tell the results or what went wrong."""
        try:
            with hold_place(self._place), watch_cancel(self._stopped.is_set):
                results = draw_call(
                    self._studio,
                    read_call_in_turn(self._studio, self._read_inputs, self._stopped.is_set),
                    on_step=self._tell if self._with_steps else None,
                    is_cancelled=self._stopped.is_set,
                )
        except Exception as error:  # handed to the caller, who tells it in words
            self._studio.line.note_error(error)
            self._tell(error)
        else:
            self._tell(results)

    def stop(self) -> None:
        """End the run within a step; a run that waits for its turn ends at once."""
        self._stopped.set()

    async def follow(self, receive: Receive) -> AsyncIterator[News]:
        """Yield what happens until the run ends, or until the caller, heard by `receive`, goes away; then stop it."""
        gone = asyncio.create_task(wait_until_gone(receive))
        try:
            while True:
                coming = asyncio.create_task(self._news.get())
                await asyncio.wait((coming, gone), timeout=QUIET, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    coming.cancel()
                    return
                if not coming.done():
                    coming.cancel()
                    yield Waiting()
                    continue
                yield (news := coming.result())
                if isinstance(news, list | Exception):
                    return
        finally:
            gone.cancel()
            self.stop()

    def _tell(self, news: News) -> None:
        self._loop.call_soon_threadsafe(self._news.put_nowait, news)


async def wait_until_gone(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
