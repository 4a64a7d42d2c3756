"""Write and read the recipe that a picture file carries: a complete GenerationRequest as JSON.

Strict: a key too many, a wrong type, NaN or a number out of range is refused with the place where it stands.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field, ValidationError, create_model

from pipeline.controls import (
    Conditioning,
    Sampling,
    SettingGroup,
    Shortcuts,
    find_types,
    flatten_settings,
    group_settings,
    sort_settings,
)
from pipeline.errors import PictureFileError, SettingError, StyleError
from pipeline.models.catalog import PROFILES
from pipeline.prompt_syntax import Prompt
from pipeline.sketch.image_file import DECODER_ERRORS
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.values import NUMBER_FORMAT, EdgeMap, GenerationRequest, Reading, Style, StyleMix

MAX_SIDE = 2048  # px
MAX_STYLES = 16

Side = Annotated[int, Field(ge=8, le=MAX_SIDE)]
Slug = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]  # never a path
Name = Annotated[str, Field(max_length=100)]


class EdgesPart(StrictModel):
    """EdgesPart holds the edge map in a recipe."""

    reading: Reading
    png: Annotated[str, Field(max_length=1_000_000)]  # base64 of a PNG with one bit a pixel


class StylePart(StrictModel):
    """StylePart holds one style of the mix in a recipe."""

    id: Slug
    sha256: Annotated[str, Field(max_length=100)]
    weight: Annotated[float, Field(ge=0, le=1)]
    template: Annotated[str, Field(max_length=2_000)]


class RecipeHead(StrictModel):
    """RecipeHead holds what stands before the settings in a recipe."""

    format: Literal["croquis"] = "croquis"
    version: Literal[1, 2] = 2
    engine: Slug
    prompt: str
    negative_prompt: str
    edges: EdgesPart
    styles: Annotated[list[StylePart], Field(min_length=1, max_length=MAX_STYLES)]
    width: Side
    height: Side


def derive_fields(*groups: type[SettingGroup]) -> dict[str, Any]:
    """Derive a model's fields from those of the groups, in SETTING_ORDER; ranges are the groups' own to check."""
    kinds = {name: kind for group in groups for name, kind in find_types(group).items()}
    usual = {each.name: each.default for group in groups for each in fields(group) if each.default is not MISSING}
    return {name: (Name if kinds[name] is str else kinds[name], usual.get(name, ...)) for name in sort_settings(kinds)}


ShortcutsPart = create_model("ShortcutsPart", __base__=StrictModel, **derive_fields(Shortcuts))
Recipe: Any = create_model(  # Version 1 knew no sampler, style focus or shortcuts: what it left out is as it was then.
    "Recipe",
    __base__=RecipeHead,
    **derive_fields(Sampling, Conditioning),
    levers=(ShortcutsPart, ShortcutsPart()),
    revisions=(Annotated[dict[Name, Annotated[str, Field(max_length=500)]], Field(max_length=50)], ...),
)


def write_recipe(request: GenerationRequest, revisions: Mapping[str, str]) -> str:
    """Write the recipe as ASCII JSON, equal for equal requests. Raises SettingError for what could not be read back."""
    try:
        recipe: StrictModel = Recipe(
            engine=request.engine,
            prompt=request.prompt.text,
            negative_prompt=request.negative_prompt.text,
            edges=EdgesPart(reading=request.edges.reading, png=pack_edges(request.edges)),
            styles=[
                StylePart(id=style.id, sha256=style.sha256, weight=weight, template=style.template)
                for style, weight in request.styles.parts
            ],
            width=request.width,
            height=request.height,
            **flatten_settings(request),
            levers=ShortcutsPart(**asdict(request.shortcuts)),
            revisions=dict(sorted(revisions.items())),
        )
        return recipe.model_dump_json(ensure_ascii=True)
    except ValidationError as error:
        raise SettingError(
            f"This picture's settings cannot be kept in its file: {describe_first_fault(error)}."
        ) from error


def read_recipe(text: bytes, find_style: Callable[[str], Style]) -> Reopened:
    """Read the request that was written, and the revisions of the weights that drew it.

    Raises PictureFileError, or StyleError where its styles are gone or others now.
    """
    try:
        recipe = Recipe.model_validate_json(text)
    except ValidationError as error:
        fault = describe_first_fault(error)
        newer = " It may come from a newer Croquis." if fault.startswith("version:") else ""
        raise PictureFileError(f"This picture's recipe cannot be read: {fault}.{newer}") from error
    written = recipe.model_dump()
    sampling, conditioning = group_settings(written)
    request = GenerationRequest(
        engine=recipe.engine,
        prompt=read_prompt("prompt", recipe.prompt),
        negative_prompt=read_prompt("negative_prompt", recipe.negative_prompt),
        edges=unpack_edges(recipe),
        styles=StyleMix(tuple((restore_style(part, find_style), part.weight) for part in recipe.styles)),
        width=recipe.width,
        height=recipe.height,
        sampling=sampling,
        conditioning=conditioning,
        shortcuts=Shortcuts(**written["levers"]),
    )
    return Reopened(request, written["revisions"])


def read_prompt(key: str, text: str) -> Prompt:
    """Read the words that stand under `key`. Raises PictureFileError where they are none of ours."""
    try:
        return Prompt(text)
    except SettingError as error:
        raise PictureFileError(f"This picture's recipe cannot be read: {key}: {error}") from error


def restore_style(part: StylePart, find_style: Callable[[str], Style]) -> Style:
    """Return the library's style as it was then, with the recipe's template, whose words decide the picture too.

    Raises StyleError where its reference picture is another one now.
    """
    style = find_style(part.id)
    if style.sha256 != part.sha256:
        raise StyleError(
            f"The style {style.name!r} ({part.id}) has another reference picture now than when this "
            "picture was drawn, so it cannot be drawn again as it was."
        )
    return style if style.template == part.template else replace(style, template=part.template)


def pack_edges(edges: EdgeMap) -> str:
    """Return an edge map as base64 of a PNG with one bit a pixel; unpack_edges is its inverse."""
    file = io.BytesIO()
    Image.fromarray(edges.pixels > 0).save(file, "PNG", compress_level=9)
    return base64.b64encode(file.getvalue()).decode("ascii")


def unpack_edges(recipe: RecipeHead) -> EdgeMap:
    """Read the recipe's edge map. Raises PictureFileError where it is damaged or of another size."""
    try:
        image = Image.open(io.BytesIO(base64.b64decode(recipe.edges.png, validate=True)), formats=("PNG",))
        if image.mode != "1" or image.size != (recipe.width, recipe.height):
            raise PictureFileError(
                f"This picture's edge map is {image.width} x {image.height} of kind {image.mode}; "
                f"its recipe says {recipe.width} x {recipe.height}, black and white."
            )
        pixels = np.asarray(image.convert("L"))
    except (*DECODER_ERRORS, Image.DecompressionBombWarning) as error:
        raise PictureFileError("This picture's edge map is damaged.") from error
    return EdgeMap(pixels, recipe.edges.reading)


@dataclass(frozen=True)
class Reopened:
    """Reopened holds what a picture file carries."""

    request: GenerationRequest
    revisions: Mapping[str, str]  # model part -> revision or hash that drew it


def explain_difference(reopened: Reopened, engine: str, revisions: Mapping[str, str]) -> str | None:
    """Say why drawing it again with this engine and these revisions gives another picture; None where it does not."""
    then, drawn_by = reopened.revisions, reopened.request.engine
    if drawn_by != engine:
        before = PROFILES[drawn_by].title if drawn_by in PROFILES else f"the engine {drawn_by!r}"
        now = _lower_article(PROFILES[engine].title)
        return f"It was drawn by {_lower_article(before)}; {now} draws now and makes another picture."
    others = sorted(
        part for part in (then.keys() | revisions.keys()) - {NUMBER_FORMAT} if then.get(part) != revisions.get(part)
    )
    if others:
        return (
            f"It was drawn with other weights than are here now ({', '.join(others)}): drawn again it will be "
            "another picture, in the same spirit."
        )
    if then.get(NUMBER_FORMAT) != revisions.get(NUMBER_FORMAT):
        return (
            f"It was computed in {then.get(NUMBER_FORMAT, 'the usual numbers')}, here it will be in "
            f"{revisions.get(NUMBER_FORMAT, 'the usual ones')}: drawn again it will be nearly the same."
        )
    return None


def _lower_article(title: str) -> str:
    """Write a title for the middle of a sentence: "the pocket model", but "Stable Diffusion 1.5"."""
    return title[:1].lower() + title[1:] if title.startswith("The ") else title
