"""Take a call of POST /v1/draw from its body to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pipeline.service.answers import (
    answer_error,
    answer_png,
    choose_form,
    describe_error,
    describe_pictures,
    describe_step,
    find_answer_status,
    write_event,
)
from pipeline.service.body import read_inputs, receive_body
from pipeline.service.runs import News, Runs, Waiting
from pipeline.setting_checks import split
from pipeline.studio.callers import name_caller, read_user
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult, StepPreview

CLOSED = 499  # nginx's status for a caller who went away; nobody reads it
OWN_NAMES = ("localhost", "127.0.0.1", "::1")  # of the machine that a browser runs on
NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy that collects events shows none in time


def expect_no_strange_page(request: Request, origins: str) -> None:
    """Raise HTTPException 403 where another site's page lets a browser call the Croquis of the machine it runs on.

    Such a page cannot read the picture, but it could keep the machine busy. `origins` are the sites that may.
    """
    if request.headers.get("origin") in tuple(split(origins)):
        return
    if request.url.hostname in OWN_NAMES and request.headers.get("sec-fetch-site") == "cross-site":
        raise HTTPException(403, "A page of another site may not draw with the Croquis of this machine.")


class DrawService:
    """DrawService answers POST /v1/draw for one studio."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._runs = studio, Runs(studio)

    async def draw(self, request: Request) -> Response:
        """Draw what a call asks for; answer the picture, or words that say what was wrong."""
        try:
            expect_no_strange_page(request, self._studio.settings.origins)
            form = choose_form(request.headers.get("accept"))
            caller = name_caller(None, request.client and request.client.host, read_user(request))
            await asyncio.to_thread(self._studio.line.expect_place, caller)  # before megabytes are read
            body = await receive_body(request)
            run = await self._runs.start(partial(read_inputs, body), caller, with_steps=form == "text/event-stream")
        except ClientDisconnect:  # nobody is there to be answered
            return Response(status_code=CLOSED)
        except Exception as error:
            return answer_error(error)
        news = run.follow(request.receive)
        if form == "text/event-stream":
            return await self._answer_events(news)
        async for each in news:
            if isinstance(each, Exception):
                return answer_error(each)
            if isinstance(each, list):
                return await asyncio.to_thread(self._answer_pictures, form, each)
        return Response(status_code=CLOSED)

    def _answer_pictures(self, form: str, results: list[GenerationResult]) -> Response:
        try:
            if form == "image/png":
                return answer_png(self._studio, results)
            return JSONResponse(describe_pictures(self._studio, results))
        except Exception as error:
            return answer_error(error)

    async def _answer_events(self, news: AsyncIterator[News]) -> Response:
        """Answer with events once the first thing happened: an error before that has a status of its own."""
        first = await anext(news, None)
        if first is None:
            return Response(status_code=CLOSED)
        if isinstance(first, Exception):
            return answer_error(first)
        return StreamingResponse(self._write_events(first, news), media_type="text/event-stream", headers=NO_STORE)

    async def _write_events(self, first: News, news: AsyncIterator[News]) -> AsyncIterator[str]:
        yield await self._write_event(first)
        async for each in news:
            yield await self._write_event(each)

    async def _write_event(self, news: News) -> str:
        """Write what happened as an event; a comment where nothing did, so that the connection stays open."""
        try:
            match news:
                case Waiting():
                    return ": waiting\n\n"
                case StepPreview():
                    return write_event("step", await asyncio.to_thread(describe_step, news))
                case list():
                    return write_event("done", await asyncio.to_thread(describe_pictures, self._studio, news))
                case error:
                    return write_event("error", describe_error(error) | {"status": find_answer_status(error)})
        except Exception as error:
            return write_event("error", describe_error(error) | {"status": find_answer_status(error)})
