"""Read the body of a call: a form with files or a JSON object becomes the inputs by name, unchecked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from pipeline.request.inputs import DRAW_INPUTS, INPUT_BY_NAME, decode_file, is_file_input, read_text
from pipeline.request.notation import name_kind
from pipeline.strict_json import holds_more_values

MAX_BODY = 64_000_000  # bytes: drawing and mask of 20 MB each as base64, and strokes
MOST_VALUES = 1_500_000  # of JSON: 100,000 points and 500,000 runs of filled areas, which a drawing may have
TOO_MUCH = f"A call has at most {MOST_VALUES:,} values; more came."
FORM, JSON = "multipart/form-data", "application/json"
NOT_JSON = "The body is a JSON object with the inputs by name; what came cannot be read as JSON."
Parts = dict[str, str | bytes]  # of a form: text or a file's bytes


async def receive_body(request: Request) -> bytes | Parts:
    """Receive a call's body: the bytes of JSON, or the parts of a form.

    Raises HTTPException 413 as soon as more than MAX_BODY came, 415 for another type and 400 for a broken form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (FORM, JSON):
        raise HTTPException(415, f"A call's Content-Type is {FORM} or {JSON}; {kind[:60] or 'none'} came.")
    limited = limit_body(request)
    if kind == JSON:
        return await limited.body()
    async with limited.form(max_files=len(DRAW_INPUTS), max_fields=len(DRAW_INPUTS), max_part_size=MAX_BODY) as form:
        return await receive_parts(form)


def limit_body(request: Request) -> Request:
    """Return the request with a body of at most MAX_BODY bytes. Raises HTTPException 413 where a larger is announced,
    and the reading of the body raises it where a larger comes.
    """
    announced = request.headers.get("content-length", "")
    expect_length(int(announced) if announced.isascii() and announced.isdigit() else 0)
    return Request(request.scope, count_bytes(request.receive))


def count_bytes(receive: Receive) -> Receive:
    """Return `receive` that raises HTTPException 413 once more than MAX_BODY bytes came."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        expect_length(total)
        return message

    return counted


def expect_length(length: int) -> None:
    """Raise HTTPException 413 unless a body of that many bytes is taken."""
    if length > MAX_BODY:
        raise HTTPException(413, f"A call's body has at most {MAX_BODY // 10**6} MB; more came.")


async def receive_parts(form: FormData) -> Parts:
    """Return a form's parts by name. Raises HTTPException 400 for a name that came twice."""
    parts: Parts = {}
    for name, part in form.multi_items():
        if name in parts:
            raise HTTPException(400, f"Each input comes once in a form; {name[:40]!r} came twice.")
        parts[name] = await part.read() if isinstance(part, UploadFile) else part
    return parts


def read_inputs(body: bytes | Parts) -> dict[str, object]:
    """Return the inputs by name, files as bytes. Raises HTTPException 400 or SettingError."""
    return read_json(body) if isinstance(body, bytes) else {name: read_part(name, part) for name, part in body.items()}


def read_json(body: bytes) -> dict[str, object]:
    """Read a JSON object, its files from base64.

    Raises HTTPException 400 where it is none or has too many values, SettingError for a file.
    """
    if holds_more_values(body, MOST_VALUES):
        raise HTTPException(400, TOO_MUCH)
    try:
        read: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, NOT_JSON) from None
    if not isinstance(read, Mapping):
        raise HTTPException(400, f"The body is a JSON object with the inputs by name; {name_kind(read)} came.")
    return {name: decode_file(name, value) if is_file_input(name) else value for name, value in read.items()}


def read_part(name: str, part: str | bytes) -> object:
    """Return the value that a form's part stands for. Raises SettingError."""
    if is_file_input(name):
        return part if isinstance(part, bytes) else decode_file(name, part)
    text = part if isinstance(part, str) else part.decode("utf-8", "replace")
    return read_text(name, text) if name in INPUT_BY_NAME else text
