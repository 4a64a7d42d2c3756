"""Put every refusal into one form, {"error": a sentence}, and answer what failed, so that nobody sees a traceback.

Gradio refuses in several forms: a status alone, a line of text, {"detail": ...}, or 500 for what the caller did wrong.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.page.own_routes import refuse
from pipeline.studio.messages import UNEXPECTED_ERROR, explain_error, find_status

log = logging.getLogger(__name__)

RETRY = {"Retry-After": "5"}  # seconds
SHORTEST = 12  # letters of a sentence
LONGEST = 300
WORDS: Mapping[int, str] = {
    400: "This call cannot be read; /gradio_api/info and /v1/openapi.json tell what can be called.",
    401: "Log in first.",
    404: "What is asked for is not here, or is no more.",
    405: "This address is called in another way; /gradio_api/info and /v1/openapi.json tell how.",
    413: "What was sent is too large; an uploaded file has at most 20 MB.",
    416: "A part of a file was asked for that the file has not.",
    500: UNEXPECTED_ERROR,
    503: "Too many calls wait here. Try again in a moment.",
}
Headers = list[tuple[bytes, bytes]]

# Of the request that is answered, the status of its latest failure, if any. Gradio's queue runs in the context of the
# first request of all for good: what is noted there must be small, and no error, which holds all its functions held.
latest_status: ContextVar[deque[int]] = ContextVar("latest_status")


def note_failure(error: Exception) -> None:
    """Remember what a request failed with: Gradio answers all of them alike."""
    if (noted := latest_status.get(None)) is not None:
        noted.append(find_status(error))


class Refusals:
    """Refusals is a middleware that puts refusals into one form, and answers the errors that nothing else answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = Answer(send, scope["method"] == "HEAD")
        latest_status.set(answer.latest_status)
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:
            if not answer.is_begun:
                await refuse(find_status(error), explain_error(error))(scope, receive, send)
            elif isinstance(error.__cause__ or error, HTTPException):  # Gradio ends streams that way, in words
                await answer.end()
            else:
                log.error("An answer broke off", exc_info=error)


class Answer:
    """Answer sends one answer on; a refusal only once it is whole, in our form."""

    def __init__(self, send: Send, is_head: bool) -> None:
        self._send, self._is_head = send, is_head
        self.latest_status: deque[int] = deque(maxlen=1)  # of its call's failure; empty without one
        self._refusal: Message | None = None
        self._body = b""
        self.is_begun = False

    async def send(self, message: Message) -> None:
        """Take one message of the app's answer."""
        self.is_begun = True
        if message["type"] == "http.response.start" and message["status"] >= 400 and not self._is_head:
            self._refusal = message
        elif self._refusal is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_refusal(self._refusal)

    async def end(self) -> None:
        """End an answer that is begun."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_refusal(self, start: Message) -> None:
        told = read_told(self._body)
        words = find_words(start["status"], told)
        status = self._find_status(start["status"], words)
        body = json.dumps({**told, "error": words}).encode()
        headers = MutableHeaders(raw=list(start.get("headers", [])))
        headers["content-type"], headers["content-length"] = "application/json", str(len(body))
        if status in (429, 503):
            headers.setdefault("Retry-After", RETRY["Retry-After"])
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _find_status(self, status: int, words: str) -> int:
        """Return the status of what a call failed with; Gradio has 500 for it, whoever did wrong."""
        if status != 500 or words == UNEXPECTED_ERROR:
            return status
        return self.latest_status[-1] if self.latest_status else 422


def read_told(body: bytes) -> dict[str, Any]:
    """Return what a refusal tells in JSON; nothing where it is of another form."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def find_words(status: int, told: Mapping[str, Any]) -> str:
    """Return a refusal's sentence: its own where it has one, else that of its status."""
    for words in (told.get("error"), told.get("detail")):
        if isinstance(words, str) and len(words) >= SHORTEST:
            return words if words.endswith((".", "!", "?")) else f"{words}."
    return WORDS.get(status) or WORDS[400 if status < 500 else 500]
