from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.controls import CONTROLS
from pipeline.engine.prompt_encoder import NEGATIVE_PROMPT_UNREAD
from pipeline.errors import Cancelled, ModelError, SettingError, StyleError
from pipeline.models.catalog import POCKET
from pipeline.prompt_syntax import Prompt
from pipeline.request.order import parse_order
from pipeline.settings import ROOT, Settings
from pipeline.sketch.intake import read_image
from pipeline.sketch.reading_faults import NET
from pipeline.studio.studio import Studio
from pipeline.values import Sketch, StepPreview
from tests.tools.cancel_looks import CancelLooks
from tests.tools.image_files import draw_fox

STEPS = 3


@pytest.fixture(scope="module")
def settings(shipped_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    user = tmp_path_factory.mktemp("user")
    return Settings(profile="pocket", device="cpu", assets=shipped_folder.parent, styles=ROOT / "styles", user_dir=user)


@pytest.fixture(scope="module")
def studio(settings: Settings) -> Studio:
    made = Studio(settings)
    made.start_loading()
    return made


def make_order(**raw: Any) -> Any:
    named = {"prompt": "a fox in watercolour", "seed": 7, "num_inference_steps": STEPS} | raw
    return parse_order(POCKET, sketch=read_image(draw_fox()), **named)


def test_a_drawing_becomes_a_picture_and_tells_how(studio: Studio) -> None:
    result = studio.draw(make_order())
    assert result.image.size == POCKET.size and result.image.mode == "RGB"
    assert (result.request.prompt.text, result.request.sampling.seed, result.request.engine) == (
        "a fox in watercolour",
        7,
        "pocket",
    )
    assert result.matches[0].style.id == "watercolor" == result.request.styles.parts[0][0].id
    assert list(result.milliseconds)[:2] == ["search", "edges"] and "steps" in result.milliseconds
    assert result.revisions


def test_equal_orders_and_their_request_give_equal_pictures(studio: Studio) -> None:
    first, second = studio.draw(make_order()), studio.draw(make_order())
    again = studio.redraw(first.request)
    assert first.request == second.request == again.request
    assert np.array_equal(first.image, second.image) and np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, studio.draw(make_order(seed=8)).image)


def test_each_picture_comes_as_soon_as_it_is_there(studio: Studio) -> None:
    came: list[object] = []
    results = studio.draw_batch(make_order(), 2, on_step=came.append, on_result=came.append)
    kinds = ["step" if isinstance(each, StepPreview) else "picture" for each in came]
    assert kinds == [*["step"] * STEPS, "picture"] * 2
    shown = [each for each in came if not isinstance(each, StepPreview)]
    assert shown == results or [vars(each) for each in shown] == [vars(each) for each in results]
    assert shown[0].matches and shown[1].request.sampling.seed == 8  # type: ignore[attr-defined]


def test_minus_one_is_resolved(studio: Studio) -> None:
    seeds = {studio.draw(make_order(seed=-1, num_inference_steps=1)).request.sampling.seed for _ in range(3)}
    assert len(seeds) == 3 and min(seeds) >= 0


def test_a_chosen_style_is_not_searched(studio: Studio) -> None:
    choice = studio.choose_style(make_order(style="ice"))
    assert [(style.id, weight) for style, weight in choice.mix.parts] == [("ice", 1.0)]
    assert choice.matches == () and choice.notices == ()


def test_the_search_reads_words_and_not_their_weights(studio: Studio) -> None:
    typed = (r"a fox ((in)) (ice:1.3), [old] \(1970s\)", r"a fox in ice, old \(1970s\)")
    weighted, plain = (studio.find_styles(Prompt(words), 3).matches for words in typed)
    assert [(match.style.id, match.similarity) for match in weighted] == [
        (match.style.id, match.similarity) for match in plain
    ]


def test_words_without_a_style_are_noticed(studio: Studio) -> None:
    for words in ("", "a fox"):
        assert "no style" in studio.choose_style(make_order(prompt=words)).notices[0]
    assert studio.choose_style(make_order(prompt="a fox in watercolour")).notices == ()


def test_words_of_other_languages_are_told(studio: Studio) -> None:
    (found,) = studio.choose_style(make_order(prompt="ein rotes Haus als Aquarell")).notices
    assert found.startswith("Your words look German; their style was found")
    unread, no_style = studio.choose_style(make_order(prompt="赤い家")).notices
    assert unread == "Your words look Japanese; they are not understood. Write English." and "no style" in no_style
    (chosen,) = studio.choose_style(make_order(prompt="قطة حمراء", style="ice")).notices
    assert chosen.startswith("Your words look like another language")


@pytest.mark.parametrize("words", ["a fox, not watercolor", "a fox, (watercolor:0)", "a fox <lora:watercolor_v2:0.8>"])
def test_what_is_no_wish_chooses_no_style(studio: Studio, words: str) -> None:
    choice = studio.choose_style(make_order(prompt=words))
    assert "no style" in choice.notices[-1] and choice.mix.parts[0][0].id != "watercolor"


def test_what_was_left_out_of_the_words_is_told(studio: Studio) -> None:
    told = studio.draw(make_order(prompt="a fox <lora:detail:0.8>\nSteps: 1, Seed: 5, Model: dreamer")).notices
    assert any("Model dreamer" in notice for notice in told)
    assert any("<lora:detail:0.8> was left out" in notice for notice in told)


def test_unwanted_words_that_do_not_count_are_told(studio: Studio) -> None:
    (title,) = (control.label for control in CONTROLS if control.name == "guidance_scale")
    asked = {"prompt": "a fox", "style": "watercolor", "negative_prompt": "snow"}
    told = studio.draw(make_order(**asked, guidance_scale=1)).notices
    assert NEGATIVE_PROMPT_UNREAD in told and f"“{title}”" in NEGATIVE_PROMPT_UNREAD
    assert NEGATIVE_PROMPT_UNREAD not in studio.draw(make_order(**asked, guidance_scale=1.5)).notices
    assert (
        NEGATIVE_PROMPT_UNREAD
        not in studio.draw(make_order(**asked | {"negative_prompt": " "}, guidance_scale=1)).notices
    )
    cut = studio.draw(make_order(**asked | {"negative_prompt": "snow " * 40}, guidance_scale=1.5)).notices
    assert any("Of the words for what is not in the picture" in notice for notice in cut)


def test_what_was_done_to_the_drawing_is_passed_on(studio: Studio) -> None:
    dark = read_image(Image.eval(draw_fox(), lambda value: 255 - value))
    result = studio.draw(replace(make_order(num_inference_steps=1), sketch=dark))
    assert dark.notices and set(dark.notices) <= set(result.notices)


def test_a_reading_that_fails_is_told_with_the_picture(studio: Studio) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    order = replace(make_order(num_inference_steps=1), sketch=Sketch(noise, is_drawing=True))
    assert NET["lines"] == studio.draw(order).notices[0]


def test_every_step_is_shown(studio: Studio) -> None:
    seen: list[StepPreview] = []
    studio.draw(make_order(), on_step=seen.append)
    assert [(step.step, step.of) for step in seen] == [(1, STEPS), (2, STEPS), (3, STEPS)]


def test_stop_ends_within_a_step_and_leaves_nothing_behind(studio: Studio) -> None:
    expected = studio.draw(make_order()).image
    seen: list[StepPreview] = []
    with pytest.raises(Cancelled):
        studio.draw(make_order(num_inference_steps=50), on_step=seen.append, is_cancelled=lambda: len(seen) >= 2)
    assert len(seen) == 2
    assert np.array_equal(studio.draw(make_order()).image, expected)


def test_stop_ends_the_enlarging_after_the_picture(studio: Studio) -> None:
    order = make_order(num_inference_steps=1, width=256, height=256)
    studio.draw(order, is_cancelled=(plain := CancelLooks()))
    studio.draw(replace(order, enlargement=2), is_cancelled=(enlarged := CancelLooks()))
    assert enlarged.count == plain.count + 4  # once before each tile
    with pytest.raises(Cancelled):
        studio.draw(replace(order, enlargement=2), is_cancelled=CancelLooks(plain.count + 2))


def test_a_request_of_another_engine_is_refused(studio: Studio) -> None:
    request = studio.draw(make_order(num_inference_steps=1)).request
    with pytest.raises(SettingError, match="'sd15'.*'pocket' is running"):
        studio.redraw(replace(request, engine="sd15"))


def test_an_unknown_style_is_refused(studio: Studio) -> None:
    with pytest.raises(StyleError, match="cyberpunk"):
        studio.draw(make_order(style="cyberpnk"))


def test_a_picture_file_is_named_by_its_content_and_read_back(studio: Studio) -> None:
    result = studio.draw(make_order(num_inference_steps=1))
    file = studio.write_picture(result)
    assert file.name.startswith("croquis-7-") and file.suffix == ".png"
    assert studio.write_picture(studio.redraw(result.request)) == file
    reopened = studio.read_picture(file.read_bytes())
    assert reopened.request == result.request and studio.explain_difference(reopened) is None
    other = replace(reopened, revisions={**reopened.revisions, "colourist": "0" * 64})
    assert "other weights than are here now (colourist)" in (studio.explain_difference(other) or "")
    waking = Studio(studio.settings)
    elsewhere = replace(reopened, request=replace(reopened.request, engine="sd15"))
    assert waking.explain_difference(reopened) is None
    assert "It was drawn by Stable Diffusion 1.5" in (waking.explain_difference(elsewhere) or "")
    assert not waking.loading.ready


def test_pictures_lie_where_the_settings_say(studio: Studio, tmp_path: Path) -> None:
    keeping = Studio(replace(studio.settings, outputs=tmp_path / "pictures"))
    assert keeping.write_picture(studio.draw(make_order(num_inference_steps=1))).parent == tmp_path / "pictures"


def test_an_added_style_is_found_at_once_and_after_a_restart(studio: Studio, settings: Settings) -> None:
    words = "a teapot of luminous soap bubbles"
    made = studio.add_style(Image.radial_gradient("L"), "Bubbles", "luminous soap bubbles")
    try:
        assert studio.find_styles(Prompt(words), 1).matches[0].style.id == made.id
        later = Studio(settings)
        later.start_loading()
        assert later.find_styles(Prompt(words), 1).matches[0].style.id == made.id
    finally:
        studio.remove_style(made.id)
    assert studio.find_styles(Prompt(words), 1).matches[0].style.id != made.id


def test_loading_is_told_until_it_is_ready(studio: Studio) -> None:
    studio.engine  # noqa: B018 - waits
    deadline = time.monotonic() + 10
    while not studio.loading.ready and time.monotonic() < deadline:
        time.sleep(0.01)
    assert studio.loading.ready and studio.loading.fraction == 1 and studio.loading.error is None


def test_it_loads_once(studio: Studio) -> None:
    engine = studio.engine
    studio.start_loading()
    assert studio.engine is engine


def test_missing_weights_are_told_to_all_who_wait_and_words_still_work(settings: Settings, tmp_path: Path) -> None:
    broken = Studio(replace(settings, assets=tmp_path))
    with pytest.raises(ModelError, match=str(tmp_path)):
        broken.draw(make_order())
    assert broken.loading.error and str(tmp_path) in broken.loading.error and not broken.loading.ready
    assert broken.find_styles(Prompt("ice"), 1).matches[0].style.id == "ice"


def test_a_library_without_styles_is_told_at_once(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="no styles in"):
        Studio(replace(settings, styles=tmp_path))


def test_an_unknown_style_is_told_before_the_engine_is_there(settings: Settings) -> None:
    never_loaded = Studio(settings)
    with pytest.raises(StyleError, match="cyberpunk"):
        never_loaded.draw(make_order(style="cyberpnk"))
    assert not never_loaded.loading.ready
