"""Count the server's answers by their status, the refusals of every other middleware among them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CountedAnswers:
    """CountedAnswers is a middleware that calls `note` with the status of each answer."""

    def __init__(self, app: ASGIApp, note: Callable[[int], None]) -> None:
        self._app, self._note = app, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(message["status"])
            await send(message)

        await self._app(scope, receive, noted)
