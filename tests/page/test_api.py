"""The endpoints of the real app, over HTTP."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from pipeline.models.catalog import POCKET
from pipeline.picture.png_file import read_picture
from pipeline.settings import ROOT
from pipeline.styles.library import StyleLibrary
from tests.models.wrong_files import lora
from tests.page.public_api import DEFAULTS, PUBLIC
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.serving import RequestRefused, Server


@pytest.fixture(scope="module")
def sketch(server: Server) -> dict[str, Any]:
    return server.upload("fox.png", encode_png(draw_fox()))


def draw(server: Server, sketch: Any, /, **named: Any) -> tuple[bytes, dict[str, Any]]:
    picture, details = server.call_named("draw", **({"sketch": sketch, "prompt": "a fox", "seed": 7} | named))
    return server.download(picture), details


def find_style(id: str) -> Any:
    return StyleLibrary(ROOT / "styles", ROOT / "no-such-folder").get(id)


def test_view_api_is_as_promised(server: Server) -> None:
    named = httpx.get(f"{server.api}/info").json()["named_endpoints"]
    seen = {
        endpoint: (
            [(each["parameter_name"], each["python_type"]["type"]) for each in about["parameters"]],
            [(each["label"], each["python_type"]["type"]) for each in about["returns"]],
        )
        for endpoint, about in named.items()
    }
    assert seen == PUBLIC
    defaults = {
        each["parameter_name"]: each["parameter_default"]
        for each in named["/draw"]["parameters"]
        if each["parameter_has_default"]
    }
    assert defaults == DEFAULTS


def test_every_input_and_output_is_explained(server: Server) -> None:
    for endpoint, about in httpx.get(f"{server.api}/info").json()["named_endpoints"].items():
        assert about["description"], endpoint
        for each in (*about["parameters"], *about["returns"]):
            assert 8 < len(each["python_type"]["description"]) < 200, (endpoint, each["label"])


def test_a_picture_carries_its_recipe_and_its_details(server: Server, sketch: dict[str, Any]) -> None:
    data, details = draw(server, sketch, prompt="a fox in watercolour", guidance_scale=2)
    request = read_picture(data, find_style).request
    assert Image.open(io.BytesIO(data)).size == POCKET.size == tuple(details["size"])
    assert (request.prompt.text, request.sampling.seed, request.sampling.guidance_scale) == (
        "a fox in watercolour",
        7,
        2.0,
    )
    assert (details["seed"], details["engine"], details["reading"]) == (7, "pocket", "lines")
    assert details["num_inference_steps"] == POCKET.defaults["num_inference_steps"]
    worn = [style for style in details["styles"] if style["weight"] > 0]
    assert worn[0]["id"] == request.styles.parts[0][0].id == "watercolor"
    assert sum(style["weight"] for style in worn) == pytest.approx(1)
    assert all(-1 <= style["similarity"] <= 1 for style in details["styles"])
    assert {"search", "edges", "steps"} <= set(details["milliseconds"])
    assert all(value >= 0 for value in details["milliseconds"].values())


def test_a_seed_decides_the_bytes(server: Server, sketch: dict[str, Any]) -> None:
    first, _ = draw(server, sketch)
    assert draw(server, sketch)[0] == first
    assert draw(server, sketch, seed=8)[0] != first


def test_a_random_seed_is_told_and_gives_the_picture_again(server: Server, sketch: dict[str, Any]) -> None:
    (one, details), (other, others) = (draw(server, sketch, seed=-1) for _ in range(2))
    assert details["seed"] != others["seed"] and one != other
    assert draw(server, sketch, seed=details["seed"])[0] == one


def test_a_chosen_style_is_worn_and_nothing_is_searched(server: Server, sketch: dict[str, Any]) -> None:
    _, details = draw(server, sketch, style="blueprint")
    numbers = {"similarity": None, "probability": None, "weight": 1.0}
    assert details["styles"] == [{"id": "blueprint", "name": "Blueprint", **numbers}]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"mask_style": "comic"}, "needs both a mask and a mask_style"),
        ({"palette": "red"}, "'red' came"),
        ({"lines": 2}, "from 0 to 1"),
        ({"count": 5}, "whole number from 1 to 4"),
        ({"preset": "fast"}, "draft, balanced, best"),
        ({"levers": {"guidance_end": 2}}, "from 0 to 1"),
        ({"controlnets": {"depth": 1}}, "reads your lines alone"),
        ({"hires": {"scale": 2}}, "draws at the picture's own size already"),
        ({"width": 130}, "steps of"),
        ({"style": "ghibli:x"}, "weight"),
    ],
)
def test_wrong_choices_are_refused_in_words(
    server: Server, sketch: dict[str, Any], wish: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestRefused, match=message):
        draw(server, sketch, **wish)


def test_words_without_a_style_are_noticed(server: Server, sketch: dict[str, Any]) -> None:
    _, details = draw(server, sketch, prompt="")
    assert any("no style" in notice for notice in details["notices"])


def test_what_fits_is_told_before_anything_is_loaded(server: Server) -> None:
    plan = server.call_named("plan_memory", width=768, height=512, count=2)
    assert [plan[name] for name in ("engine", "width", "height", "count", "device")] == ["sd15", 768, 512, 2, "cpu"]
    assert plan["free"]["gpu"] is None and plan["free"]["main"] > 0
    for mode in plan["modes"]:
        assert mode["peak"] == mode["weights"] + max(mode["steps"], mode["decode"]) + mode["runtime"]
        assert mode["fits"] is (mode["peak"] <= plan["free"]["main"]) and mode["published"] > 0
    assert all({"bytes", "ours", "published", "error", "published_error"} <= set(row) for row in plan["measurements"])
    with pytest.raises(RequestRefused, match="steps of 8"):
        server.call_named("plan_memory", width=500)
    with pytest.raises(RequestRefused, match="pocket, sd15"):
        server.call_named("plan_memory", engine="sdxl")
    more = server.call_named("plan_memory", width=768, height=512, controlnet_count=3, few_steps="lcm", starts=True)
    assert more["modes"][0]["weights"] > plan["modes"][0]["weights"] and more["modes"][0]["encode"] > 0


def test_calls_at_the_same_time_do_not_mix(server: Server, sketch: dict[str, Any]) -> None:
    wishes = [
        {"style": "ice", "seed": 1},
        {"style": "comic", "seed": 2, "num_inference_steps": 3},
        {"style": "ice", "seed": 1, "ip_adapter_scale": 0.0},
    ]
    alone = [draw(server, sketch, **wish)[0] for wish in wishes]
    with ThreadPoolExecutor(3) as callers:
        together = list(callers.map(lambda wish: draw(server, sketch, **wish)[0], wishes))
    assert together == alone
    assert len(set(alone)) == 3


def test_a_wrong_call_need_not_wait_for_a_drawing(server: Server, sketch: dict[str, Any]) -> None:
    with ThreadPoolExecutor(1) as caller:
        drawing = caller.submit(draw, server, sketch, num_inference_steps=50)
        time.sleep(0.3)
        with pytest.raises(RequestRefused, match="whole number from 1 to 50"):
            draw(server, sketch, num_inference_steps=51)
        assert not drawing.done(), "the refusal came after the drawing"
        drawing.result()


def test_edges_are_those_of_the_drawing(server: Server, sketch: dict[str, Any]) -> None:
    lines = np.asarray(Image.open(io.BytesIO(server.download(server.call("read_edges", sketch, "lines", 50, 150)))))
    canny = np.asarray(Image.open(io.BytesIO(server.download(server.call("read_edges", sketch, "canny", 50, 150)))))
    assert lines.shape == canny.shape == POCKET.size[::-1]
    assert set(np.unique(lines)) == set(np.unique(canny)) == {0, 255}
    assert not np.array_equal(lines, canny)


def test_edges_are_those_that_draw_uses(server: Server, sketch: dict[str, Any]) -> None:
    data, _ = draw(server, sketch)
    edges = Image.open(io.BytesIO(server.download(server.call_named("read_edges", sketch=sketch))))
    assert np.array_equal(np.asarray(edges), read_picture(data, find_style).request.edges.pixels)


def test_styles_are_found_best_first(server: Server) -> None:
    found = server.call("find_styles", "a cat in watercolour", 5)
    assert len(found) == 5 and found[0]["id"] == "watercolor" and found[0]["name"] == "Watercolour"
    similarities = [style["similarity"] for style in found]
    assert similarities == sorted(similarities, reverse=True)
    assert len(server.call_named("find_styles", prompt="ice")) == 5


def test_all_styles_are_listed(server: Server) -> None:
    styles = server.call("styles")
    assert {"cyberpunk", "ghibli", "industrial", "sketch"} <= {style["id"] for style in styles}
    assert all(style["words"] and "{prompt}" in style["template"] and style["licence"] for style in styles)


def test_a_style_comes_and_goes(server: Server, sketch: dict[str, Any]) -> None:
    image = server.upload("look.png", encode_png(Image.radial_gradient("L").convert("RGB")))
    before = server.call("styles")
    new = server.call_named("add_style", image=image, name="../Glowing Orbs", words="luminous orbs, soft rings")
    assert new["id"] == "glowing-orbs" and not new["builtin"]
    assert server.call("find_styles", "a teapot made of luminous orbs and soft rings", 1)[0]["id"] == new["id"]
    _, details = draw(server, sketch, style=new["id"])
    assert details["styles"][0]["id"] == new["id"]
    with pytest.raises(RequestRefused, match="already"):
        server.call("add_style", image, "../glowing orbs", "")
    assert server.call("remove_style", new["id"])["id"] == new["id"] and server.call("styles") == before
    with pytest.raises(RequestRefused, match="There is no style 'glowing-orbs'"):
        draw(server, sketch, style=new["id"])


def test_own_files_are_listed_by_the_names_that_draw_takes(server: Server) -> None:
    kinds = ("checkpoints", "loras", "embeddings", "vaes", "controlnets", "ip_adapters")
    before = server.call("own_files")
    assert before == {**{kind: [] for kind in kinds}, "present": {"checkpoint": "", "vae": ""}, "takes_any": False}
    folder = Path(server.settings["CROQUIS_USER_DIR"]) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    lora()(folder / "ink.safetensors")
    (folder / "broken.safetensors").write_bytes(b"x")
    assert server.call("own_files") == before | {"loras": ["ink"]}
    (folder / "ink.safetensors").unlink()
    (folder / "broken.safetensors").unlink()
