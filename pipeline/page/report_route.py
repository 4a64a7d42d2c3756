"""Answer /report: a visitor says what is wrong with a picture, which the host sees, or asks how the host is reached."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.routing import BaseRoute, Route

from pipeline.errors import PictureFileError, SettingError
from pipeline.page.origins import is_foreign
from pipeline.page.own_routes import NOT_KEPT, read_body, refuse
from pipeline.page.visitors import find_owner
from pipeline.picture.png_chunks import MAX_FILE
from pipeline.store.facts import read_facts
from pipeline.store.faults import explain_fault
from pipeline.store.records import WORDS_LIMIT
from pipeline.studio.callers import name_caller, read_user
from pipeline.studio.studio import Studio

FOREIGN = "Reports are taken from Croquis's own page."
TOO_LARGE = f"A picture file has at most {MAX_FILE // 10**6} MB; more came."
NO_CONTACT = "The host of this Croquis has given no address; CROQUIS_CONTACT does."
SECURITY_TIME = timedelta(days=30)  # that what was fetched may be believed
REASONS = ("harmful", "person", "copied", "other")
RATE = parse("10/hour")  # of each visitor
TOO_OFTEN = "Ten reports in an hour are taken from you. Try again later."


def write_link(contact: str) -> str:
    """Write a setting as a link: an e-mail address gets its scheme."""
    return f"mailto:{contact}" if contact and not contact.lower().startswith("https:") else contact


class ReportDoor:
    """ReportDoor takes in the reports of one studio's visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._window = studio, MovingWindowRateLimiter(MemoryStorage())

    def list_routes(self) -> list[BaseRoute]:
        """List the routes to be served beside Gradio's own."""
        return [
            Route("/report", self.answer, methods=["POST"]),
            Route("/report", self.tell_contact, methods=["GET"]),
            Route("/.well-known/security.txt", self.tell_security, methods=["GET"]),
        ]

    async def tell_contact(self, request: Request) -> Response:
        """Say how the host is reached, "" where the host has not said."""
        return JSONResponse({"contact": write_link(self._studio.settings.contact)}, headers=NOT_KEPT)

    async def tell_security(self, request: Request) -> Response:
        """Say the same as RFC 9116 has it, for who found a weakness."""
        if not (link := write_link(self._studio.settings.contact)):
            return refuse(404, NO_CONTACT)
        expires = (datetime.now(UTC) + SECURITY_TIME).isoformat(timespec="seconds")
        return PlainTextResponse(f"Contact: {link}\nExpires: {expires}\n", headers=NOT_KEPT)

    async def answer(self, request: Request) -> Response:
        """Take a report from our own page alone."""
        return refuse(403, FOREIGN) if is_foreign(request) else await self.take(request)

    async def take(self, request: Request) -> Response:
        """Take a picture's file, the reason and words (both in headers, the words percent-encoded)."""
        caller = name_caller(None, request.client and request.client.host, read_user(request))
        if not self._window.hit(RATE, caller.address):
            return refuse(429, TOO_OFTEN, {**NOT_KEPT, "Retry-After": "3600"})
        if (data := await read_body(request, MAX_FILE)) is None:
            return refuse(413, TOO_LARGE)
        who = find_owner(request, self._studio.settings) or caller.visitor
        reason, words = request.headers.get("croquis-reason", ""), unquote(request.headers.get("croquis-words", ""))
        try:
            return await asyncio.to_thread(self._keep, who, data, reason, words)
        except (PictureFileError, SettingError) as error:
            return refuse(422, str(error))
        except Exception as error:  # of the disk or the database, or too many reports
            return refuse(503, explain_fault(error))

    def _keep(self, who: str, data: bytes, reason: str, words: str) -> Response:
        """Keep a report. Raises SettingError, PictureFileError, StoreError."""
        if reason not in REASONS:
            raise SettingError(f"A report's reason is one of {', '.join(REASONS)}; {reason[:40]!r} came.")
        read_facts(data, str)  # no other file than a picture of ours is kept for anybody
        number = self._studio.keeper.open().reported.add(who, data, reason, words[:WORDS_LIMIT])
        return JSONResponse({"report": number}, headers=NOT_KEPT)
