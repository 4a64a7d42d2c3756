"""The pocket engine with the weights that are shipped: every control moves the picture, equal requests equal pixels."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.styling import PLAIN
from pipeline.errors import Cancelled, EngineChanged, SettingError
from pipeline.machine.torch_threads import use_threads
from pipeline.request.samplers import MASKGIT
from pipeline.settings import ROOT
from pipeline.sketch.intake import read_strokes
from pipeline.styles.library import StyleLibrary
from pipeline.values import Drawing, EdgeMap, GenerationRequest, StepPreview, StyleMask, StyleMix
from tests.tools.cancel_looks import CancelLooks
from tests.tools.requests import change_request, make_flat_request

if TYPE_CHECKING:
    from pipeline.engine.pocket_engine import PocketEngine

SIDE = 192
Ask = Callable[..., GenerationRequest]


def draw_boat() -> np.ndarray:
    """Draw a boat with two sails and a sun, dark lines on white, (SIDE, SIDE, 3)."""
    paper = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for outline in (
        [(30, 130), (160, 130), (135, 160), (55, 160)],
        [(95, 30), (95, 122), (40, 122)],
        [(102, 40), (102, 122), (150, 122)],
    ):
        cv2.polylines(paper, [np.array(outline, np.int32)], True, (20, 20, 20), 3, cv2.LINE_AA)
    cv2.circle(paper, (162, 30), 14, (20, 20, 20), 3, cv2.LINE_AA)
    return paper


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> StyleLibrary:
    return StyleLibrary(ROOT / "styles", tmp_path_factory.mktemp("added"))


@pytest.fixture(scope="module")
def ask(library: StyleLibrary) -> Ask:
    """Return ask(style="...", **changes): a request for the boat."""
    from pipeline.sketch.edges import read_edges
    from pipeline.values import Sketch

    paper = draw_boat()

    def make(style: str = "comic", **changes: object) -> GenerationRequest:
        request = make_flat_request(
            engine="pocket",
            prompt="a sailboat on the sea",
            negative_prompt="",
            edges=read_edges(Sketch(paper, is_drawing=True)),
            colours=Drawing(paper),
            styles=StyleMix.of(library.get(style)),
            width=SIDE,
            height=SIDE,
            num_inference_steps=4,
            sampler=MASKGIT,
            guidance_scale=2.0,
            ip_adapter_scale=1.0,
            controlnet_conditioning_scale=1.0,
            lines=0.5,
            seed=5,
        )
        return change_request(request, **changes)

    return make


def draw(engine: PocketEngine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0], np.int16)


def test_equal_requests_give_equal_pixels_and_a_batch_what_each_gives_alone(
    shipped_engine: PocketEngine, ask: Ask
) -> None:
    batch = shipped_engine.draw(ask(), 3)
    assert {image.size for image in batch.images} == {(SIDE, SIDE)}
    for image, alone in zip(batch.images, ask().batch(3), strict=True):
        np.testing.assert_array_equal(np.asarray(image), draw(shipped_engine, alone))


@pytest.mark.parametrize(
    "changed",
    [
        {"num_inference_steps": 1},
        {"guidance_scale": 6.0},
        {"controlnet_conditioning_scale": 0.0},
        {"ip_adapter_scale": 0.4},
        {"ip_adapter_scale": 1.4},
        {"lines": 0.0},
        {"lines": 1.0},
        {"seed": 6},
        {"prompt": "a green sailboat at night"},
        {"negative_prompt": "blue water, sea"},
    ],
    ids=str,
)
def test_every_control_moves_the_picture(shipped_engine: PocketEngine, ask: Ask, changed: dict[str, object]) -> None:
    before, after = draw(shipped_engine, ask()), draw(shipped_engine, ask(**changed))
    assert np.abs(after - before).mean() > 0.5


def test_style_strength_zero_is_the_plain_style_and_between_lies_the_mean(
    shipped_engine: PocketEngine, ask: Ask
) -> None:
    plain, whole = draw(shipped_engine, ask(PLAIN)), draw(shipped_engine, ask())
    np.testing.assert_array_equal(draw(shipped_engine, ask(ip_adapter_scale=0.0)), plain)
    half = draw(shipped_engine, ask(ip_adapter_scale=0.5))
    assert np.abs(half - (plain + whole) / 2).max() <= 1


def test_a_mask_gives_its_part_the_other_style(shipped_engine: PocketEngine, ask: Ask, library: StyleLibrary) -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, SIDE // 2 :] = 255
    masked = draw(shipped_engine, replace(ask(), mask=StyleMask(mask, StyleMix.of(library.get("watercolor")))))
    comic, watercolour = draw(shipped_engine, ask()), draw(shipped_engine, ask("watercolor"))
    np.testing.assert_array_equal(masked[:, : SIDE // 2], comic[:, : SIDE // 2])
    np.testing.assert_array_equal(masked[:, SIDE // 2 :], watercolour[:, SIDE // 2 :])


def test_a_picture_of_ones_own_is_a_style(shipped_engine: PocketEngine, ask: Ask, make_style) -> None:
    own = StyleMix.of(replace(make_style("own", 3), builtin=False))
    other = StyleMix.of(replace(make_style("own", 4), builtin=False))
    first, second = (draw(shipped_engine, ask(styles=mix)) for mix in (own, other))
    assert np.abs(first - draw(shipped_engine, ask(PLAIN))).mean() > 2
    assert np.abs(first - second).mean() > 1


def test_painted_colours_drift_as_far_as_is_asked(shipped_engine: PocketEngine, ask: Ask) -> None:
    paper = draw_boat()
    paper[paper.shape[0] // 2 :][np.all(paper[paper.shape[0] // 2 :] > 250, axis=2)] = (230, 40, 200)
    pink, half, free = (
        draw(shipped_engine, replace(ask(PLAIN, colour_strength=strength), colours=Drawing(paper)))
        for strength in (1.0, 0.5, 0.0)
    )
    place = np.s_[-12:-4, 4:12]
    np.testing.assert_allclose(pink[place].reshape(-1, 3), np.tile((230, 40, 200), (64, 1)), atol=12)
    apart = [np.abs(picture[place] - pink[place]).mean() for picture in (half, free)]
    assert 10 < apart[0] < apart[1], apart


def test_painted_colours_are_obeyed(shipped_engine: PocketEngine, ask: Ask) -> None:
    paper = draw_boat()
    hull = np.array([(33, 132), (157, 132), (134, 158), (56, 158)], np.int32)
    cv2.fillPoly(paper, [hull], (200, 40, 160))
    paper = np.minimum(paper, draw_boat())
    picture = draw(shipped_engine, ask(PLAIN, colours=Drawing(paper)))
    middle = picture[140:150, 80:110].reshape(-1, 3).mean(0)
    assert np.abs(middle - (200, 40, 160)).max() < 12


def test_without_a_drawing_the_edge_map_is_inked(shipped_engine: PocketEngine, ask: Ask) -> None:
    picture = draw(shipped_engine, ask(PLAIN, colours=None, lines=1.0))
    lines = ask().edges.pixels > 0
    assert (
        picture[lines].mean() < 90 < picture[~cv2.dilate(lines.astype(np.uint8), np.ones((7, 7))).astype(bool)].mean()
    )


def test_previews_show_every_step_and_a_cancelled_run_ends(shipped_engine: PocketEngine, ask: Ask) -> None:
    seen: list[StepPreview] = []
    shipped_engine.draw(ask(), 2, on_step=seen.append)
    assert [(each.step, each.of) for each in seen] == [(n, 4) for n in range(1, 5)]
    assert seen[0].image.size == (128, 128)
    changes = np.abs(np.asarray(seen[0].image, np.int16) - np.asarray(seen[-1].image, np.int16))
    assert changes.mean() > 1
    stopped = threading.Event()
    with pytest.raises(Cancelled):
        shipped_engine.draw(ask(), on_step=lambda step: stopped.set(), is_cancelled=stopped.is_set)


def test_small_layers_are_computed_by_one_thread(shipped_engine: PocketEngine, ask: Ask) -> None:
    seen: list[int] = []
    with use_threads(3):
        shipped_engine.draw(ask(), on_step=lambda *_: seen.append(torch.get_num_threads()))
        assert set(seen) == {1} and torch.get_num_threads() == 3


def test_a_cancel_is_looked_for_all_the_way(shipped_engine: PocketEngine, ask: Ask) -> None:
    request, longest = ask("oil-painting"), []
    whole = draw(shipped_engine, request)
    for _ in range(3):
        shipped_engine.draw(request, is_cancelled=(looks := CancelLooks()))
        looks.end()
        longest.append(looks.longest / looks.whole)
    assert looks.count > 50 and min(longest) < 0.4  # of the picture; inking and painting were one part each
    for until in (looks.count // 3, looks.count // 2, looks.count):
        with pytest.raises(Cancelled):
            shipped_engine.draw(request, is_cancelled=CancelLooks(until))
    np.testing.assert_array_equal(draw(shipped_engine, request), whole)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"engine": "sd15"}, "for the engine 'sd15'"),
        ({"sampler": "Euler"}, "sampler is one of MaskGIT"),
        ({"shortcuts": Shortcuts(guidance_end=0.5)}, "levers"),
        ({"style_focus": "style"}, "style_focus is one of whole"),
    ],
)
def test_what_it_does_not_draw_is_refused(
    shipped_engine: PocketEngine, ask: Ask, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        shipped_engine.draw(ask(**changed))


def test_a_size_that_it_does_not_draw_is_refused(shipped_engine: PocketEngine, ask: Ask) -> None:
    edges = EdgeMap(np.zeros((64, 2048), np.uint8), "lines")
    with pytest.raises(SettingError, match="2048"):
        shipped_engine.draw(ask(width=2048, height=64, edges=edges, colours=None))


def test_notices_tell_what_is_not_read(shipped_engine: PocketEngine, ask: Ask) -> None:
    unread = shipped_engine.draw(ask(negative_prompt="rain", guidance_scale=1.0)).notices
    assert any("should not be in the picture was not read" in notice for notice in unread)
    long = shipped_engine.draw(ask(prompt="sailboat " * 40)).notices
    assert any("The model reads the first" in notice for notice in long)
    assert shipped_engine.draw(ask()).notices == ()


def test_words_beyond_the_palettes_and_no_words_draw(shipped_engine: PocketEngine, ask: Ask) -> None:
    for prompt in ("", "zxqy", "(a boat:1.4), [sea]"):
        assert draw(shipped_engine, ask(prompt=prompt)).std() > 5


def test_a_retired_engine_refuses(shipped_folder, ask: Ask) -> None:
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.models.catalog import POCKET

    engine, called = PocketEngine.load(POCKET, folder=shipped_folder), []
    engine.retire(lambda: called.append(True))
    with pytest.raises(EngineChanged, match="replaced"):
        engine.draw(ask())
    assert called == [True]


def test_its_revisions_name_weights_words_and_code(shipped_engine: PocketEngine) -> None:
    assert set(shipped_engine.revisions) == {"colourist", "text_encoder", "painters"}
    assert shipped_engine.present_revisions == shipped_engine.revisions


def test_without_words_the_ground_is_of_its_kind_whatever_a_seed_likes(shipped_engine: PocketEngine, ask: Ask) -> None:
    from pipeline.sketch.edges import fit_drawing, read_edges

    canvas = json.loads((ROOT / "assets" / "examples" / "1-cat.json").read_text(encoding="utf-8"))["canvas"]
    sketch, size = read_strokes(json.dumps(canvas)), (256, 256)
    drawn = {"edges": read_edges(sketch, size=size), "colours": fit_drawing(sketch, size), "width": 256, "height": 256}
    request = ask(style=PLAIN, prompt="", seed=12, num_inference_steps=6, **drawn)
    border = draw(shipped_engine, request)[:, [2, -3]]
    assert border.min() > 100  # a cream ground, and that seed's taste is for navy


def test_a_palette_gives_its_colours_and_leaves_light_and_dark(shipped_engine: PocketEngine, ask: Ask) -> None:
    plain = draw(shipped_engine, ask(PLAIN, lines=0.0)).astype(np.float32)
    palette = (("#0b1d3a", 0.2), ("#1f4e8c", 0.3), ("#5fa8d3", 0.3), ("#cae9ff", 0.2))
    blue = draw(shipped_engine, ask(PLAIN, lines=0.0, palette=palette)).astype(np.float32)
    red, _, strength = (blue[..., channel] for channel in range(3))
    assert (strength - red > -12).mean() > 0.97  # no place is warm
    assert len(np.unique((blue[::8, ::8] // 24).reshape(-1, 3), axis=0)) > 4
    light = [each.mean(axis=2)[::4, ::4].ravel() for each in (plain, blue)]
    assert np.corrcoef(*light)[0, 1] > 0.4
