"""Answer a call as PNG, JSON or events, and put errors into a status and words."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from pipeline.errors import LineFull
from pipeline.request.notation import write_mix
from pipeline.studio.answers import describe_batch, describe_result
from pipeline.studio.messages import explain_error, find_status
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult, StepPreview

Form = Literal["image/png", "application/json", "text/event-stream"]
FORMS: tuple[Form, ...] = ("image/png", "application/json", "text/event-stream")  # the first where a caller takes any
HEADERS: Mapping[int, Mapping[str, str]] = {
    413: {"Connection": "close"},  # what is left of the body is not read
    503: {"Retry-After": "5"},  # seconds
}


def choose_form(accept: str | None) -> Form:
    """Return the form that an Accept header likes best; without one PNG. Raises HTTPException 406 where none fits."""
    wanted = read_accept(accept or "*/*")
    likings = {form: find_liking(form, wanted) for form in FORMS}
    best = max(FORMS, key=lambda form: likings[form])  # of equals the first
    if likings[best] <= 0:
        raise HTTPException(406, f"A picture is sent as {', '.join(FORMS)}; the call accepts none of these.")
    return best


def read_accept(accept: str) -> dict[str, float]:
    """Read an Accept header as media ranges and how much each is liked, 0 to 1; what is malformed is left out."""
    wanted: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        liking = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            wanted[name] = float(liking)
        except ValueError:
            continue
    return wanted


def find_liking(form: str, wanted: Mapping[str, float]) -> float:
    """Return how much a form is liked: by the most exact range that fits it."""
    ranges = (form, f"{form.partition('/')[0]}/*", "*/*")
    return next((wanted[each] for each in ranges if each in wanted), 0.0)


def answer_png(studio: Studio, results: Sequence[GenerationResult]) -> Response:
    """Answer one picture as its file, with what is told of it in headers. Raises HTTPException 406 for several."""
    if len(results) > 1:
        raise HTTPException(406, f"{len(results)} pictures are sent as application/json or text/event-stream.")
    file = studio.write_picture(results[0])
    headers = describe_headers(results[0]) | {"Content-Disposition": f'inline; filename="{file.name}"'}
    return Response(file.read_bytes(), media_type="image/png", headers=headers)


def describe_headers(result: GenerationResult) -> dict[str, str]:
    """Return seed, engine, size, styles and notices as headers of ASCII."""
    details = describe_result(result)
    return {
        "Croquis-Seed": str(details["seed"]),
        "Croquis-Engine": str(details["engine"]),
        "Croquis-Size": "x".join(map(str, details["size"])),
        "Croquis-Styles": write_mix(tuple((style.id, weight) for style, weight in result.request.styles.parts)),
        "Croquis-Withheld": json.dumps(details["safety"]["withheld"]),
        "Croquis-Notices": json.dumps(details["notices"]),
    }


def describe_pictures(studio: Studio, results: Sequence[GenerationResult]) -> dict[str, Any]:
    """Return the pictures as JSON: the first one's file as base64, its name, and the details of /draw."""
    files = [studio.write_picture(result) for result in results]
    coded = [base64.b64encode(file.read_bytes()).decode() for file in files]
    details = describe_result(results[0]) | describe_batch(results, coded)
    return {"picture": coded[0], "name": files[0].name, "details": details}


def describe_step(step: StepPreview) -> dict[str, Any]:
    """Return a step as JSON, its preview as the base64 of a WebP file."""
    stored = io.BytesIO()
    step.image.save(stored, "webp", quality=82)
    told = {"step": step.step, "of": step.of, "preview": base64.b64encode(stored.getvalue()).decode()}
    return told if step.share is None else told | {"share": round(step.share, 4), "second_pass": step.is_second}


def find_answer_status(error: Exception) -> int:
    """Return the HTTP status of an error, of one that is HTTP's own, too."""
    return error.status_code if isinstance(error, HTTPException) else find_status(error)


def describe_error(error: Exception) -> dict[str, Any]:
    """Return an error as JSON: words for a person."""
    words = str(error.detail) if isinstance(error, HTTPException) else explain_error(error)
    return {"error": words.encode("utf-8", "replace").decode()}  # half a surrogate cannot be sent


def answer_error(error: Exception) -> JSONResponse:
    """Answer an error in words, with its status."""
    status = find_answer_status(error)
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, LineFull) else HEADERS.get(status)
    return JSONResponse(describe_error(error), status, headers)


def write_event(kind: str, data: Mapping[str, Any]) -> str:
    """Write one server-sent event."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
