"""Describe POST /v1/draw for OpenAPI: its body and its answers."""

from __future__ import annotations

from typing import Any

from pipeline.request.input_schema import describe_inputs
from pipeline.service.body import FORM, JSON, MAX_BODY

UPLOADED = {"type": "string", "format": "binary"}
CODED = {"type": "string", "contentEncoding": "base64"}
ONE_DRAWING = {"oneOf": [{"required": ["sketch"]}, {"required": ["strokes"]}]}
TEXT, NUMBER, WHOLE, SWITCH = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))
SHARE = {"type": ["number", "null"]}
STYLE = {
    "type": "object",
    "properties": {"id": TEXT, "name": TEXT, "similarity": SHARE, "probability": SHARE, "weight": NUMBER},
    "required": ["id", "name", "similarity", "probability", "weight"],
}
SAFETY = {
    "type": "object",
    "properties": {"checked": SWITCH, "withheld": SWITCH, "words": {"type": ["string", "null"]}},
    "required": ["checked", "withheld", "words"],
}
PICTURE = {
    "type": "object",
    "properties": {"seed": WHOLE, "picture": CODED, "safety": SAFETY},
    "required": ["seed", "picture", "safety"],
}
DETAILS = {
    "type": "object",
    "properties": {
        "seed": WHOLE,
        "engine": TEXT,
        "size": {"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2, "description": "Width, height in px."},
        "styles": {"type": "array", "items": STYLE, "description": "Those worn, heaviest first, then those found."},
        "reading": {"type": "string", "enum": ["lines", "canny"]},
        "levers": {"type": "object"},
        "controlnets": {"type": "object"},
        "milliseconds": {"type": "object", "additionalProperties": NUMBER, "description": "Time of each stage."},
        "notices": {"type": "array", "items": TEXT, "description": "What there is to say of the picture."},
        "safety": SAFETY,
        "revisions": {"type": "object"},
        "pictures": {"type": "array", "items": PICTURE, "description": "All pictures, where more than one came."},
    },
    "required": [
        *(
            "seed",
            "engine",
            "size",
            "styles",
            "reading",
            "controlnets",
            "levers",
            "milliseconds",
            "notices",
            "safety",
            "revisions",
        )
    ],
}
ANSWER = {
    "type": "object",
    "properties": {"picture": CODED | {"description": "The PNG file."}, "name": TEXT, "details": DETAILS},
    "required": ["picture", "name", "details"],
}
ERROR = {
    "type": "object",
    "properties": {"error": TEXT | {"description": "One sentence or two for a person."}},
    "required": ["error"],
}
HEADERS = {
    "Croquis-Seed": ("The seed used.", WHOLE),
    "Croquis-Engine": ("The engine that drew.", TEXT),
    "Croquis-Size": ("Width x height in px.", TEXT),
    "Croquis-Styles": ("The styles worn, with weights where there are several.", TEXT),
    "Croquis-Withheld": ("Whether the safety checker withheld the picture.", SWITCH),
    "Croquis-Notices": ("JSON list of what there is to say of the picture.", TEXT),
}
EVENTS = (
    "Events: `step` with {step, of, preview (base64 of a WebP file)} after each step, at last `done` with the JSON "
    "answer, or `error` with {error, status}."
)
REFUSALS = {
    400: "The body is no JSON object or no whole form.",
    403: "A browser sends the call for a page of another site, to the machine it runs on.",
    406: "The Accept header takes no form in which this picture is sent.",
    413: f"The body has more than {MAX_BODY // 10**6} MB, or a file more than 20 MB.",
    415: "The body is of another type.",
    422: "An input is not what it has to be, or the drawing cannot be used.",
    500: "Something went wrong here; the log has the details.",
    429: "Too many calls wait. Retry-After says when to come back.",
    503: "The model cannot be used. Retry-After says when to come back.",
}
DRAW_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "headers": {name: {"description": said, "schema": schema} for name, (said, schema) in HEADERS.items()},
        "content": {
            "image/png": {"schema": UPLOADED},
            JSON: {"schema": ANSWER},
            "text/event-stream": {"schema": TEXT | {"description": EVENTS}},
        },
    },
    **{status: {"description": said, "content": {JSON: {"schema": ERROR}}} for status, said in REFUSALS.items()},
}


def describe_body() -> dict[str, Any]:
    """Return OpenAPI's description of the body: a form with files, or JSON with files as base64."""
    return {
        "required": True,
        "content": {
            FORM: {"schema": describe_inputs(UPLOADED, as_form=True) | ONE_DRAWING},
            JSON: {"schema": describe_inputs(CODED) | ONE_DRAWING},
        },
    }
