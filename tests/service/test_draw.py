"""POST /v1/draw of the real app, and its description held against what it answers."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image

from pipeline.request.inputs import DRAW_INPUTS
from pipeline.settings import ROOT
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import ANSWER_LIMIT, Server

FOX = encode_png(draw_fox())
WISH = {"prompt": "a fox in watercolour", "seed": 7}
CODED = base64.b64encode(FOX).decode()


def call(server: Server, accept: str = "*/*", **sent: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/draw", headers={"Accept": accept}, timeout=ANSWER_LIMIT, **sent)


def send_form(server: Server, accept: str = "*/*", **more: Any) -> httpx.Response:
    return call(server, accept, files={"sketch": ("fox.png", FOX)}, data=WISH | more)


def send_json(server: Server, accept: str = "*/*", **more: Any) -> httpx.Response:
    return call(server, accept, json={"sketch": CODED} | WISH | more)


@pytest.fixture(scope="module")
def by_the_queue(server: Server) -> tuple[bytes, dict[str, Any]]:
    """The picture and details that /draw gives for the same wish."""
    picture, details = server.call_named("draw", sketch=server.upload("fox.png", FOX), **WISH)
    return server.download(picture), details


def without_times(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name != "milliseconds"}


def test_a_form_and_json_give_the_bytes_of_the_queue(server: Server, by_the_queue: tuple[bytes, Any]) -> None:
    for answer in (send_form(server), send_json(server), send_json(server, sketch=f"data:image/png;base64,{CODED}")):
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", answer.text
        assert answer.content == by_the_queue[0]


def test_headers_tell_what_was_drawn(server: Server) -> None:
    headers = send_form(server, style="comic:0.75,ice:0.25").headers
    assert headers["croquis-seed"] == "7" and headers["croquis-engine"] == "pocket"
    assert headers["croquis-size"] == "512x512" and headers["croquis-styles"] == "comic:0.75,ice:0.25"
    assert headers["croquis-withheld"] == "false" and json.loads(headers["croquis-notices"]) == []
    assert headers["content-disposition"].startswith('inline; filename="croquis-7-')


def test_json_holds_the_picture_and_the_details_of_the_queue(
    server: Server, by_the_queue: tuple[bytes, dict[str, Any]]
) -> None:
    answer = send_form(server, "application/json").json()
    assert base64.b64decode(answer["picture"]) == by_the_queue[0]
    assert without_times(answer["details"]) == without_times(by_the_queue[1])


def test_more_room_around_a_drawing_is_one_input_of_both_ways(server: Server) -> None:
    """The pocket model draws here, which says what it does not: more of the picture itself."""
    margins = {"left": 64, "right": 128}
    answer = send_json(server, margins=margins)
    assert answer.status_code == 200 and answer.headers["croquis-size"] == "448x256", answer.text
    assert "draws nothing new around a picture" in answer.headers["croquis-notices"]
    assert send_form(server, margins=json.dumps(margins)).content == answer.content
    picture, _ = server.call_named("draw", sketch=server.upload("fox.png", FOX), **WISH, margins=margins)
    assert server.download(picture) == answer.content
    refused = send_json(server, margins={"left": 5})
    assert refused.status_code == 422 and "With these margins the picture has" in refused.json()["error"]


def test_several_pictures_come_as_json_alone(server: Server) -> None:
    answer = send_json(server, "application/json", count=2).json()
    pictures = answer["details"]["pictures"]
    assert [each["seed"] for each in pictures] == [7, 8] and pictures[0]["picture"] == answer["picture"]
    refused = send_json(server, "image/png", count=2)
    assert refused.status_code == 406 and "2 pictures" in refused.json()["error"]


def test_events_end_in_the_answer(server: Server, by_the_queue: tuple[bytes, Any]) -> None:
    text = send_form(server, "text/event-stream").text
    events = [event.split("\n") for event in text.strip().split("\n\n") if event.startswith("event: ")]
    kinds = [kind for kind, _ in events]
    assert kinds == ["event: step"] * (len(kinds) - 1) + ["event: done"] and len(kinds) > 1
    step, done = (json.loads(events[place][1].removeprefix("data: ")) for place in (0, -1))
    assert step["step"] == 1 and step["of"] == len(kinds) - 1
    assert Image.open(io.BytesIO(base64.b64decode(step["preview"]))).format == "WEBP"
    assert base64.b64decode(done["picture"]) == by_the_queue[0]


def test_nothing_but_a_drawing_is_needed(server: Server) -> None:
    example = next((ROOT / "assets" / "examples").glob("*fox.json"))
    strokes = json.loads(example.read_text(encoding="utf-8"))["canvas"]
    by_json = call(server, json={"strokes": strokes, "seed": 1})
    by_text = call(server, data={"seed": "1"}, files={"strokes": ("fox.json", json.dumps(strokes))})
    assert by_json.status_code == by_text.status_code == 200 and by_json.content == by_text.content


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"json": {"prompt": "a fox"}}, 422, "neither came"),
        ({"json": {"sketch": CODED, "promt": "a fox"}}, 422, "'promt'"),
        ({"json": {"sketch": CODED, "seed": "7"}}, 422, "seed.*str came"),
        ({"json": {"sketch": CODED, "num_inference_steps": 51}}, 422, "from 1 to 50"),
        ({"json": {"sketch": CODED, "style": "cyberpnk"}}, 422, "cyberpunk"),
        ({"json": {"sketch": "not!base64"}}, 422, "not base64"),
        ({"json": {"sketch": 7}}, 422, "a number came"),
        ({"json": [1]}, 400, "a list came"),
        ({"json": {"strokes": [0] * 1_500_002}}, 400, "values; more came"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "cannot be read as JSON"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "boundary"),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "text/plain came"),
        ({"files": {"sketch": ("fox.png", FOX)}, "data": {"seed": "many"}}, 422, "'many' came"),
        ({"files": {"sketch": ("fox.png", FOX)}, "data": {"seed": ["1", "2"]}}, 400, "came twice"),
        ({"files": {"sketch": ("fox.png", b"no picture")}}, 422, "not an image"),
        ({"json": {"sketch": CODED}, "headers": {"Accept": "image/jpeg"}}, 406, "accepts none"),
    ],
)
def test_what_is_refused_is_told_with_its_status(server: Server, sent: dict[str, Any], status: int, words: str) -> None:
    headers = {"Accept": "text/event-stream"} | sent.get("headers", {})
    answer = httpx.post(f"{server.url}/v1/draw", timeout=ANSWER_LIMIT, **sent | {"headers": headers})
    assert answer.status_code == status, answer.text
    assert re.search(words, answer.json()["error"]), answer.text


def test_a_page_of_another_site_cannot_keep_this_machine_busy(server: Server) -> None:
    for site, status in (("cross-site", 403), ("same-origin", 200), ("none", 200)):
        headers = {"Sec-Fetch-Site": site}
        answer = httpx.post(f"{server.url}/v1/draw", files={"sketch": FOX}, headers=headers, timeout=ANSWER_LIMIT)
        assert answer.status_code == status


def test_unknown_addresses_and_methods_are_told(server: Server) -> None:
    assert httpx.get(f"{server.url}/v1/draw").status_code == 405
    assert "error" in httpx.get(f"{server.url}/v1/nothing").json()


@pytest.fixture(scope="module")
def description(server: Server) -> dict[str, Any]:
    return dict(httpx.get(f"{server.url}/v1/openapi.json").raise_for_status().json())


def test_the_description_is_openapi_and_lists_every_input(description: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(description).validate()
    assert description["servers"] == [{"url": "/v1"}]
    bodies = description["paths"]["/draw"]["post"]["requestBody"]["content"]
    for kind in ("multipart/form-data", "application/json"):
        assert list(bodies[kind]["schema"]["properties"]) == [each.name for each in DRAW_INPUTS]


def test_answers_are_as_described(server: Server, description: dict[str, Any]) -> None:
    responses = description["paths"]["/draw"]["post"]["responses"]
    body = description["paths"]["/draw"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    wish = {"sketch": CODED, **WISH, "count": 2, "levers": {}, "lines": 0.5}
    Draft202012Validator(body).validate(wish)
    answer = call(server, "application/json", json=wish)
    assert answer.status_code == 200, answer.text
    Draft202012Validator(responses["200"]["content"]["application/json"]["schema"]).validate(answer.json())
    told = {name.lower() for name in responses["200"]["headers"]}
    assert told == {name for name in send_form(server).headers if name.startswith("croquis-")}
    for wrong, status in (
        ({"sketch": CODED, "seed": 1.5}, "422"),
        ({"seed": 1}, "422"),
        ({"sketch": CODED, "reading": "hed"}, "422"),
        ([], "400"),
    ):
        answer = call(server, json=wrong)
        assert str(answer.status_code) == status
        Draft202012Validator(responses[status]["content"]["application/json"]["schema"]).validate(answer.json())
        with pytest.raises(ValidationError):
            Draft202012Validator(body).validate(wrong)
