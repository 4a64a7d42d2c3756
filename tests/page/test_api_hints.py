"""/read_hints lists what each ControlNet of a picture is given, as images, and what is wrong with each."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tools.image_files import draw_fox, encode_png
from tests.tools.readings_server import serve_readings
from tests.tools.serving import RequestRefused, Server

READ_HINTS = [  # the endpoint's inputs, as its description has them
    ("sketch", "filepath"),
    ("controlnets", "None | dict(str, Any)"),
    ("reading", "Literal['auto', 'lines', 'canny']"),
    ("canny_low", "int"),
    ("canny_high", "int"),
    ("width", "None | int"),
    ("height", "None | int"),
]


@pytest.fixture(scope="module")
def sd15(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_readings(sd15_folder, tmp_path_factory.mktemp("hints")) as running:
        yield running


def read(server: Server, **named: Any) -> list[dict[str, Any]]:
    sketch = server.upload("fox.png", encode_png(draw_fox()))
    return list(server.call_named("read_hints", sketch=sketch, **named))


def open_image(server: Server, file: Any) -> Any:
    return np.asarray(Image.open(io.BytesIO(server.download(file))))


def test_each_chosen_reading_is_an_image_of_the_pictures_size(sd15: Server) -> None:
    chosen = {"canny": 1, "lineart": {"model": "monster"}, "softedge": None}
    hints = read(sd15, controlnets=chosen, width=256, height=320)
    assert [each["controlnet"] for each in hints] == list(chosen)
    assert [each["notice"] for each in hints] == ["", "", ""]
    images = [open_image(sd15, each["image"]) for each in hints]
    assert all(image.shape[:2] == (320, 256) and image.any() for image in images)
    assert not np.array_equal(images[1], images[2])


def test_the_image_is_what_a_picture_drawn_so_carries(sd15: Server) -> None:

    (hint,) = read(sd15, controlnets={"scribble": 1}, width=256, height=256)
    sketch = sd15.upload("fox.png", encode_png(draw_fox()))
    given = {"controlnets": {"scribble": 1}, "width": 256, "height": 256, "num_inference_steps": 1, "seed": 1}
    picture, details = sd15.call_named("draw", sketch=sketch, prompt="a fox", style="comic", **given)
    recipe = json.loads(Image.open(io.BytesIO(sd15.download(picture))).text["croquis"])  # type: ignore[attr-defined]

    carried = np.asarray(Image.open(io.BytesIO(base64.b64decode(recipe["hints"][0]["png"]))))
    assert np.array_equal(open_image(sd15, hint["image"]), carried)
    assert list(details["controlnets"]) == ["scribble"]


def test_what_cannot_be_read_is_told_and_nothing_is_drawn(sd15: Server) -> None:
    wished = {"depth": 1, "openpose": 1, "canny": {"model": "no such net"}}
    depth, pose, canny = read(sd15, controlnets=wished)
    assert depth["image"] is None and "depth" in depth["notice"]
    assert pose["image"] is None and "Download it in Settings" in pose["notice"]
    assert canny["image"] is not None and "no ControlNet “no such net” here" in canny["notice"]


def test_without_a_choice_it_is_what_croquis_would_take(sd15: Server, server: Server) -> None:
    (chosen,) = read(sd15)
    assert chosen["controlnet"] in ("scribble", "lineart") and chosen["image"]
    (lines,) = read(server)  # the pocket model, which reads lines alone
    sketch = server.upload("fox.png", encode_png(draw_fox()))
    edges = open_image(server, server.call_named("read_edges", sketch=sketch))
    assert lines["controlnet"] == "canny" and np.array_equal(open_image(server, lines["image"])[..., 0], edges)
    with pytest.raises(RequestRefused, match="reads your lines alone"):
        read(server, controlnets={"depth": 1})
