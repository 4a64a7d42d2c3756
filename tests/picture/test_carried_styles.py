"""A person's own styles travel with the picture: worn where the library lacks them, built-in ones never carried."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.picture.carried_styles import SIDE, CarriedStyle, read_styles, write_styles
from pipeline.picture.png_file import read_picture, write_picture
from pipeline.styles.lent import LentStyles
from pipeline.taught import LOOK_NUMBERS, Look, Taught
from pipeline.values import GenerationResult, Style, StyleMask, StyleMix
from tests.picture.test_carried_strokes import make_result  # noqa: F401


@pytest.fixture
def own(make_style: Callable[..., Style]) -> Style:
    return replace(make_style("own-felt", 5, "{prompt}, my felt"), name="My felt", builtin=False)


@pytest.fixture
def worn(make_result: Any, own: Style) -> GenerationResult:  # noqa: F811
    result = make_result(None)
    return replace(result, request=replace(result.request, styles=StyleMix.of(own)))


def find_none(id: str) -> Style:
    raise StyleError(f"There is no style {id!r}.")


def read_where_it_is_missing(data: bytes, lent: LentStyles, find: Callable[[str], Style] = find_none) -> Any:
    return read_picture(
        data, find, lambda style: lent.lend(style.open_picture(), style.name, style.words, style.open_look())
    )


def test_a_built_in_style_is_only_named(make_result: Any) -> None:  # noqa: F811
    assert write_styles(make_result(None).request) is None
    assert b"croquis-styles" not in write_picture(make_result(None))


def test_a_style_of_ones_own_travels_small(worn: GenerationResult) -> None:
    assert write_picture(worn) == write_picture(worn)
    (style,) = read_styles(str(write_styles(worn.request)).encode()).values()
    assert (style.id, style.name, style.words) == ("own-felt", "My felt", ["patches"])
    assert max(style.open_picture().size) <= SIDE and len(style.picture) < 40_000


def test_where_it_is_missing_it_is_worn_as_it_came(worn: GenerationResult, own: Style) -> None:
    lent = LentStyles()
    opened = read_where_it_is_missing(write_picture(worn), lent)
    ((style, weight),) = opened.request.styles.parts
    assert [lent_style.id for lent_style in opened.lent] == [style.id] and weight == 1.0
    assert (style.name, style.template, style.builtin) == ("My felt", own.template, False)
    assert style.id != own.id and style.sha256 != own.sha256  # it is not the style that it was, and says so
    assert lent.find(style.id) == opened.lent[0]
    with Image.open(style.image) as seen, Image.open(own.image) as was:
        near = seen.convert("RGB").resize((8, 8)), was.convert("RGB").resize((8, 8))
        assert max(abs(a - b) for a, b in zip(*(each.tobytes() for each in near), strict=True)) < 30


def test_where_it_is_there_it_is_that_one(worn: GenerationResult, own: Style) -> None:
    opened = read_where_it_is_missing(write_picture(worn), LentStyles(), lambda _: own)
    assert opened.lent == () and opened.request == worn.request


def test_another_style_of_the_same_name_is_not_taken_for_it(
    worn: GenerationResult, own: Style, make_style: Callable[..., Style]
) -> None:
    other = replace(make_style("own-felt", 6), name="My felt", builtin=False)
    opened = read_where_it_is_missing(write_picture(worn), LentStyles(), lambda _: other)
    assert len(opened.lent) == 1 and opened.lent[0].sha256 not in (own.sha256, other.sha256)


def test_the_masks_style_travels_too(make_result: Any, own: Style) -> None:  # noqa: F811
    import numpy as np

    result = make_result(None)
    mask = StyleMask(np.full((64, 64), 200, np.uint8), StyleMix.of(own))
    masked = replace(result, request=replace(result.request, mask=mask))
    built_in = result.request.styles.parts[0][0]

    def find(id: str) -> Style:
        return built_in if id == built_in.id else find_none(id)

    opened = read_where_it_is_missing(write_picture(masked), LentStyles(), find)
    assert [style.name for style in opened.lent] == ["My felt"] and opened.request.mask.styles.parts[0][0].id


def test_without_a_lender_a_missing_style_is_named(worn: GenerationResult) -> None:
    with pytest.raises(StyleError, match="own-felt"):
        read_picture(write_picture(worn), find_none)


def test_the_styles_lent_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.styles.lent.LENT_KEPT", 8)
    lent, first = LentStyles(), None
    for number in range(9):
        image = Image.linear_gradient("L").rotate(number).convert("RGB")
        style = lent.lend(image, f"Style {number}", ["a", "b"])
        first = first or style
    assert first and lent.find(first.id) is None and lent.find(style.id) is style
    assert lent.lend(image, f"Style {number}", ["a", "b"]) is style


def test_what_is_carried_is_json_that_a_person_can_read(worn: GenerationResult) -> None:
    data = write_picture(worn)
    texts = Image.open(io.BytesIO(data))
    texts.load()
    (style,) = json.loads(texts.text["croquis-styles"])  # type: ignore[attr-defined]
    assert CarriedStyle(**style).name == "My felt"


def test_what_several_pictures_taught_travels_too(worn: GenerationResult, own: Style) -> None:
    taught = Taught(Look((0.5,) * LOOK_NUMBERS, 60.0, 30.0, 0.25), 5, "ab" * 32)
    request = replace(worn.request, styles=StyleMix.of(replace(own, taught=taught)))
    data = write_picture(replace(worn, request=request))
    opened = read_where_it_is_missing(data, LentStyles(lambda sha256: own.image if sha256 == "ab" * 32 else None))
    ((style, _),) = opened.request.styles.parts
    assert style.taught == taught and style.taught.lora == own.image
    with pytest.raises(StyleError):  # one that has learnt something else is another style
        read_picture(data, lambda id: own)
