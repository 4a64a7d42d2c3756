"""Read what the page sends to routes of its own, beside Gradio's, and refuse the rest in one form."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import JSONResponse

NOT_KEPT = {"Cache-Control": "no-store"}


async def read_body(request: Request, limit: int) -> bytes | None:
    """Read a request's body; None where it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def refuse(status: int, words: str, headers: Mapping[str, str] = NOT_KEPT) -> JSONResponse:
    """Return an answer that says in words why there is no other: {"error": words}."""
    return JSONResponse({"error": words}, status, headers=headers)
