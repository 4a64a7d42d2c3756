"""400 generated bad calls of POST /v1/draw: each is refused in words with a caller's status, and nothing breaks."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pipeline.controls import CONTROL_BY_NAME
from pipeline.request.inputs import DRAW_INPUTS, Input
from tests.test_fuzz import CALLERS, JUNK, SEED, Call, Faults, judge
from tests.tools.image_files import draw_fox, encode_png, make_bad_files, make_blank_files
from tests.tools.serving import ANSWER_LIMIT, Server

CALLS = 400
REFUSED = {400, 406, 413, 415, 422}
FOX = encode_png(draw_fox())
NO_NUMBERS = ("abc", "1,5", "0x7", "1e999", "NaN", "-inf", "--", "7 7", "9" * 5_000, "1" * 400, "[]", "true")
NO_FILES = (*make_bad_files().values(), *make_blank_files().values())
NO_STROKES = (*JUNK, 7, "", "{", "[]", "x" * 9_000, {"version": 1}, {"composite": "/etc/passwd"}, "[" * 50_000)
SHARED_LIMITS = {
    "num_inference_steps",
    "guidance_scale",
    "ip_adapter_scale",
    "seed",
    "canny_low",
    "canny_high",
    "lines",
}


@dataclass(frozen=True)
class OneCall:
    """One bad call of /v1/draw: what is sent, and what makes it bad."""

    body: bytes
    kind: str
    fault: str
    accept: str = "*/*"


def make_calls(faults: Faults, draw: random.Random) -> Iterator[OneCall]:
    """Yield bad calls without end: bad values in JSON, bad parts of forms, and what is neither."""
    while True:
        yield draw.choice((spoil_json, spoil_json, spoil_form, misshape))(faults, draw)


def spoil_json(faults: Faults, draw: random.Random) -> OneCall:
    """Return a JSON call with one to three bad values."""
    wish: dict[str, Any] = {"sketch": base64.b64encode(FOX).decode(), "prompt": "a fox", "seed": 7}
    wrong = draw.sample([each for each in DRAW_INPUTS if make_bad_value(each, faults, draw) is not None], 2)
    for each in wrong[: draw.choice((1, 2))]:
        wish[each.name] = make_bad_value(each, faults, draw)
    if draw.random() < 0.1:
        wish[draw.choice(("promt", "", "sketch ", "__class__", "\ud83d"))] = 1
    return OneCall(json.dumps(wish).encode(), "application/json", str({name: wish[name] for name in wish})[:300])


def make_bad_value(each: Input, faults: Faults, draw: random.Random) -> Any:
    """Return a value that an input does not take; None for one whose limits the engine decides."""
    if each.is_file:
        return draw.choice((*JUNK, 7, "%%%", "fox.png!", base64.b64encode(draw.choice(NO_FILES)).decode()))
    if each.name == "strokes":
        return draw.choice(NO_STROKES)
    if each.name in SHARED_LIMITS:
        limits = CONTROL_BY_NAME[each.name]
        return faults.number(limits.minimum, limits.maximum, limits.whole)
    if each.name in ("prompt", "negative_prompt"):
        return faults.text()
    return faults.style() if each.name == "style" else faults.reading() or 7 if each.name == "reading" else None


def spoil_form(faults: Faults, draw: random.Random) -> OneCall:
    """Return a form with a bad number, a bad file or a broken end."""
    fields = {"prompt": "a fox", "seed": "7"}
    sketch = FOX
    fault = draw.choice(("number", "file", "name", "cut"))
    if fault == "number":
        fields[draw.choice(sorted(SHARED_LIMITS))] = draw.choice(NO_NUMBERS)
    elif fault == "file":
        sketch = draw.choice(NO_FILES)
    elif fault == "name":
        fields[draw.choice(("promt", "Seed", "x" * 3_000, "\u202e"))] = "1"
    request = httpx.Request("POST", "http://x/", data=fields, files={"sketch": ("../../fox.png\0", sketch)})
    body = request.read()
    cut = body[: draw.randrange(len(body) - 60)] if fault == "cut" else body
    return OneCall(cut, request.headers["content-type"], f"{fault} {fields}")


def misshape(faults: Faults, draw: random.Random) -> OneCall:
    """Return a call that is bad as a whole."""
    bodies = (
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\xff\xfe",
        b'{"seed": NaN',
        b"[" * 100_000,
        b'{"seed": ' + b"9" * 5_000,
    )
    kinds = (
        *("application/json", "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data"),
        *("multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 3_000, "image/png", "\x7f"),
    )
    accept = draw.choice(("*/*", "image/jpeg", "text/html;q=x", "image/png;q=0", "," * 50, "text/event-stream"))
    body, kind = draw.choice(bodies), draw.choice(kinds)
    return OneCall(body, kind, f"{kind[:40]!r} {body[:40]!r} {accept!r}", accept)


def send(client: httpx.Client, server: Server, call: OneCall) -> str | None:
    """Send a call; return what is wrong with its refusal, None when all is well."""
    headers = {"Content-Type": call.kind, "Accept": call.accept}
    answer = client.post(f"{server.url}/v1/draw", content=call.body, headers=headers)
    if answer.status_code not in REFUSED:
        return f"{answer.status_code}: {answer.text[:100]!r}"
    return judge(Call("v1", call.body, call.fault), str(answer.json().get("error", "")))


@pytest.mark.slow
def test_bad_calls_are_refused_in_words(server: Server) -> None:
    draw = random.Random(SEED)
    calls = [call for call, _ in zip(make_calls(Faults(server, draw), draw), range(CALLS), strict=False)]
    logged = len(server.log.read_text())
    with httpx.Client(timeout=ANSWER_LIMIT) as client, ThreadPoolExecutor(CALLERS) as callers:
        faults = list(callers.map(lambda call: send(client, server, call), calls))
    wrong = [(fault, call.fault) for call, fault in zip(calls, faults, strict=True) if fault]
    assert wrong == [], wrong[:10]
    assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text()[logged:]
    good = httpx.post(f"{server.url}/v1/draw", files={"sketch": FOX}, data={"seed": "1"}, timeout=ANSWER_LIMIT)
    assert good.status_code == 200 and good.content.startswith(b"\x89PNG")
