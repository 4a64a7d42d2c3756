"""Live pictures: small while the pen moves, whole when it rests, kept nowhere; unasked only where they are quick."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.controls import HiresFix
from pipeline.errors import Cancelled
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.order import parse_order
from pipeline.settings import ROOT, Settings
from pipeline.sketch.intake import read_strokes
from pipeline.studio.live import DRAFT_SAMPLES, SOON, draw_live, follows_unasked, make_draft
from pipeline.studio.step_times import StepTimes
from pipeline.studio.studio import Studio

CASTLE = (ROOT / "tests" / "data" / "sketches" / "castle.json").read_text()


@pytest.fixture(scope="module")
def studio(shipped_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    user = tmp_path_factory.mktemp("user")
    made = Studio(
        Settings(profile="pocket", device="cpu", assets=shipped_folder.parent, styles=ROOT / "styles", user_dir=user)
    )
    made.start_loading()
    return made


def make_order(profile: Any = POCKET, canvas: str = CASTLE, samples: int = 6, **raw: Any) -> Any:
    return parse_order(profile, sketch=read_strokes(canvas, samples), **({"prompt": "a castle", "seed": 7} | raw))


def test_a_draft_has_the_whole_pictures_proportions_and_colours(studio: Studio) -> None:
    order = make_order()
    draft = make_draft(order)
    assert (draft.width, draft.height) == (256, 256) and draft.sampling == order.sampling
    small = make_order(samples=DRAFT_SAMPLES)
    live = draw_live(studio, replace(draft, sketch=small.sketch)).image
    whole = studio.draw(order).image.resize(live.size)
    assert live.size == (256, 256)
    apart = np.abs(np.asarray(live, np.int64) - np.asarray(whole, np.int64)).mean()
    assert apart < 20, apart


@pytest.mark.parametrize(
    ("size", "expected"), [((1024, 512), (256, 128)), ((128, 128), (128, 128)), ((512, 768), (160, 256))]
)
def test_a_draft_keeps_the_proportions(size: tuple[int, int], expected: tuple[int, int]) -> None:
    draft = make_draft(make_order(width=size[0], height=size[1]))
    assert (draft.width, draft.height) == expected


def test_a_draft_of_the_large_model_takes_its_quickest_steps() -> None:
    draft = make_draft(make_order(SD15, num_inference_steps=30, guidance_scale=7.5))
    assert (draft.sampling.num_inference_steps, draft.sampling.sampler, draft.shortcuts.few_steps) == (4, "LCM", "lcm")
    assert draft.sampling.seed == 7 and draft.sampling.guidance_scale == 1.0 and draft.width == 256


def test_a_live_picture_is_written_nowhere(studio: Studio) -> None:
    draw_live(studio, make_draft(make_order()))
    assert not list(Path(studio.settings.user_dir).rglob("*.png"))


def test_a_dropped_live_picture_ends_in_cancelled(studio: Studio) -> None:
    with pytest.raises(Cancelled):
        draw_live(studio, make_draft(make_order()), is_cancelled=lambda: True)


def test_fewer_samples_paint_the_same_drawing() -> None:
    rough, fine = (read_strokes(CASTLE, samples).pixels.astype(int) for samples in (2, 6))
    assert rough.shape == fine.shape
    assert 0 < np.abs(rough - fine).mean() < 2


def test_pictures_follow_unasked_where_drafts_are_there_soon(studio: Studio) -> None:
    assert follows_unasked(studio)
    times = StepTimes()
    large: Any = SimpleNamespace(profile=SD15, step_times=times)
    assert not follows_unasked(large)  # its times are not known yet
    sampling = SimpleNamespace(num_inference_steps=20)
    request: Any = SimpleNamespace(
        engine="sd15", width=512, height=512, start=None, hires=HiresFix(), sampling=sampling
    )
    for steps_ms, follows in ((20 * 4 * SOON, False), (20 * SOON / 4, True)):
        times.note(request, SimpleNamespace(milliseconds={"steps": steps_ms}, images=(None,)))  # type: ignore[arg-type]
        assert follows_unasked(large) is follows, steps_ms


def test_a_blank_sheet_is_refused_as_draw_refuses_it() -> None:
    from pipeline.errors import SketchError
    from pipeline.sketch.intake import BLANK

    with pytest.raises(SketchError, match=BLANK[:20]):
        make_order(canvas=json.dumps({**json.loads(CASTLE), "strokes": []}))
