"""Write and read the recipe that a picture file carries: a complete GenerationRequest as JSON.

Strict: a key too many, a wrong type, NaN or a number out of range is refused with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, create_model

from pipeline.controls import (
    Conditioning,
    HiresFix,
    Sampling,
    SettingGroup,
    Shortcuts,
    find_types,
    group_settings,
    sort_settings,
)
from pipeline.errors import PictureFileError, SettingError
from pipeline.hires import is_drawn_twice
from pipeline.models.catalog import PROFILES
from pipeline.own_weights import MOST_EMBEDDINGS, MOST_LORAS
from pipeline.picture.brushed_parts import (
    RepaintPart,
    StartPart,
    pack_repaint,
    pack_start,
    read_prompt,
    restore_repaint,
    restore_start,
)
from pipeline.picture.hint_part import MOST_HINTS, HintPart, pack_hints, restore_hints
from pipeline.picture.old_recipes import upgrade_recipe
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.picture.recipe_styles import (
    FindStyle,
    LendStyle,
    MaskPart,
    PackedPixels,
    Slug,
    Styles,
    lend_none,
    list_styles,
    pack_mask,
    restore_mask,
    restore_mix,
)
from pipeline.picture.recipe_weights import FindWeights, WeightsPart, list_weights, miss_weights, restore_weights
from pipeline.picture.setting_text import flatten_settings
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.values import (
    CHECKPOINT,
    NUMBER_FORMAT,
    Drawing,
    EdgeMap,
    GenerationRequest,
    Reading,
    Style,
)

MAX_SIDE = 2048  # px
ON_DEMAND = (
    "controlnet_",
    "ip_adapter_",
    "ip_adapter:",
)  # how the roles of parts begin that are read when a picture asks for them
MOST_REPAINTS = 16
MOST_WEIGHTS = MOST_LORAS + MOST_EMBEDDINGS + 1  # and an IP-Adapter

Side = Annotated[int, Field(ge=8, le=MAX_SIDE)]
Name = Annotated[str, Field(max_length=100)]


class EdgesPart(StrictModel):
    """EdgesPart holds the edge map in a recipe."""

    reading: Reading
    png: Annotated[str, Field(max_length=1_000_000)]  # base64 of a PNG with one bit a pixel


class ColourPart(StrictModel):
    """ColourPart holds one colour to paint in of a recipe."""

    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    share: Annotated[float, Field(ge=0, le=1)]


class RecipeHead(StrictModel):
    """RecipeHead holds what stands before the settings in a recipe."""

    format: Literal["croquis"] = "croquis"
    version: Literal[1, 2, 3] = 3
    engine: Slug
    prompt: str
    negative_prompt: str
    edges: EdgesPart
    colours: PackedPixels | None = None  # the drawing with its ink and colours; version 3
    greys: PackedPixels | None = None  # where it was painted white, grey or black; version 3
    is_start: bool = False  # it is a picture that another one starts from; version 3, written where it is true
    styles: Styles
    mask: MaskPart | None = None  # version 3
    palette: Annotated[tuple[ColourPart, ...], Field(max_length=8)] = ()  # version 3
    repaints: Annotated[tuple[RepaintPart, ...], Field(max_length=MOST_REPAINTS)] = ()  # version 3
    start: StartPart | None = None  # version 3
    enlargement: Literal[1, 2, 4] = 1  # version 3
    hints: Annotated[tuple[HintPart, ...], Field(max_length=MOST_HINTS)] = ()  # version 3
    own_weights: Annotated[tuple[WeightsPart, ...], Field(max_length=MOST_WEIGHTS)] = ()  # version 3
    width: Side
    height: Side


def derive_fields(*groups: type[SettingGroup]) -> dict[str, Any]:
    """Derive a model's fields from those of the groups, in SETTING_ORDER; ranges are the groups' own to check."""
    kinds = {name: kind for group in groups for name, kind in find_types(group).items()}
    usual = {each.name: each.default for group in groups for each in fields(group) if each.default is not MISSING}
    return {name: (Name if kinds[name] is str else kinds[name], usual.get(name, ...)) for name in sort_settings(kinds)}


HiresPart: Any = create_model("HiresPart", __base__=StrictModel, **derive_fields(HiresFix))
ShortcutsPart = create_model("ShortcutsPart", __base__=StrictModel, **derive_fields(Shortcuts))
Recipe: Any = create_model(  # Version 1 knew no sampler, style focus or shortcuts: what it left out is as it was then.
    "Recipe",
    __base__=RecipeHead,
    **derive_fields(Sampling, Conditioning),
    levers=(ShortcutsPart, ShortcutsPart()),
    hires=(HiresPart | None, None),  # version 3; of two passes only, so that other files stay as they were
    revisions=(Annotated[dict[Name, Annotated[str, Field(max_length=500)]], Field(max_length=50)], ...),
)


def write_recipe(request: GenerationRequest, revisions: Mapping[str, str]) -> str:
    """Write the recipe as ASCII JSON, equal for equal requests. Raises SettingError for what could not be read back."""
    is_start = request.colours is not None and request.colours.is_start
    try:
        recipe: StrictModel = Recipe(
            engine=request.engine,
            prompt=request.prompt.text,
            negative_prompt=request.negative_prompt.text,
            edges=EdgesPart(reading=request.edges.reading, png=pack_pixels(request.edges.pixels, "1")),
            colours=None if request.colours is None else pack_pixels(request.colours.pixels, "RGB"),
            greys=None if (greys := getattr(request.colours, "greys", None)) is None else pack_pixels(greys, "L"),
            is_start=is_start,
            styles=list_styles(request.styles),
            mask=None if request.mask is None else pack_mask(request.mask),
            palette=tuple(ColourPart(colour=colour, share=share) for colour, share in request.palette),
            repaints=tuple(pack_repaint(each) for each in request.repaints),
            start=pack_start(request.start),
            enlargement=request.enlargement,
            hints=pack_hints(request.hints),
            own_weights=list_weights(request),
            width=request.width,
            height=request.height,
            **flatten_settings(request),
            levers=ShortcutsPart(**asdict(request.shortcuts)),
            hires=HiresPart(**asdict(request.hires)) if is_drawn_twice(request) else None,
            revisions=dict(sorted(revisions.items())),
        )
        unwritten = {*(() if is_drawn_twice(request) else ("hires",)), *(() if is_start else ("is_start",))}
        return recipe.model_dump_json(ensure_ascii=True, exclude=unwritten)
    except ValidationError as error:
        raise SettingError(
            f"This picture's settings cannot be kept in its file: {describe_first_fault(error)}."
        ) from error


def read_recipe(
    text: bytes, find_style: FindStyle, lend_style: LendStyle = lend_none, find_weights: FindWeights = miss_weights
) -> Reopened:
    """Read the request that was written, and the revisions of the weights that drew it.

    `lend_style` returns a style as the file itself carries it, or None, where the library has it no more;
    `find_weights` finds a LoRA or textual inversion, or raises SettingError.
    Raises PictureFileError, or StyleError where its styles are gone or others now.
    """
    try:
        recipe = Recipe.model_validate_json(text)
    except ValidationError as error:
        fault = describe_first_fault(error)
        newer = " It may come from a newer Croquis." if fault.startswith("version:") else ""
        raise PictureFileError(f"This picture's recipe cannot be read: {fault}.{newer}") from error
    written = upgrade_recipe(recipe.model_dump())
    size = recipe.width, recipe.height
    own = restore_weights(recipe.own_weights, find_weights)
    hints, lost = restore_hints(recipe.hints, size, find_weights)
    sampling, conditioning = group_settings(written)
    if conditioning.ip_adapter and any(part.kind == "ip_adapter" for part in recipe.own_weights):
        conditioning = replace(conditioning, ip_adapter=own.adapter.name if own.adapter else "")
    request = GenerationRequest(
        engine=recipe.engine,
        prompt=read_prompt("prompt", recipe.prompt),
        negative_prompt=read_prompt("negative_prompt", recipe.negative_prompt),
        edges=EdgeMap(unpack_pixels(recipe.edges.png, "edge map", size, "1"), recipe.edges.reading),
        styles=restore_mix(recipe.styles, find_style, lend_style),
        width=recipe.width,
        height=recipe.height,
        sampling=sampling,
        conditioning=conditioning,
        shortcuts=Shortcuts(**written["levers"]),
        hires=HiresFix(**(written["hires"] or {})),
        colours=restore_drawing(recipe, size),
        mask=None if recipe.mask is None else restore_mask(recipe.mask, size, find_style, lend_style),
        palette=tuple((part.colour, part.share) for part in recipe.palette),
        repaints=tuple(restore_repaint(part, size) for part in recipe.repaints),
        start=restore_start(recipe.start, size),
        enlargement=recipe.enlargement,
        loras=own.loras,
        embeddings=own.embeddings,
        hints=hints,
        own_adapter=own.adapter,
    )
    return Reopened(request, written["revisions"], missing=own.missing + lost)


def restore_drawing(recipe: RecipeHead, size: tuple[int, int]) -> Drawing | None:
    """Return the drawing that a recipe holds; None where it holds none. Raises PictureFileError."""
    if recipe.colours is None:
        return None
    greys = None if recipe.greys is None else unpack_pixels(recipe.greys, "painted greys", size, "L")
    return Drawing(unpack_pixels(recipe.colours, "drawing", size, "RGB"), greys, recipe.is_start)


@dataclass(frozen=True)
class Reopened:
    """Reopened holds what a picture file carries."""

    request: GenerationRequest
    revisions: Mapping[str, str]  # model part -> revision or hash that drew it
    canvas: str | None = None  # the vector strokes that it was drawn from, as JSON; None where it carries none
    lent: tuple[Style, ...] = ()  # styles that the library lacks, worn as the file carries them
    missing: tuple[str, ...] = ()  # a sentence for each LoRA and textual inversion that is not here


def explain_difference(reopened: Reopened, engine: str, revisions: Mapping[str, str]) -> str | None:
    """Say why drawing it again with this engine and these revisions gives another picture; None where it does not."""
    then, drawn_by = reopened.revisions, reopened.request.engine
    if drawn_by != engine:
        before = PROFILES[drawn_by].title if drawn_by in PROFILES else f"the engine {drawn_by!r}"
        now = _lower_article(PROFILES[engine].title)
        return f"It was drawn by {_lower_article(before)}; {now} draws now and makes another picture."
    if (name := then.get(CHECKPOINT)) != (here := revisions.get(CHECKPOINT)):
        return (
            f"It was drawn with the model {name or PROFILES[engine].title}, and {here or PROFILES[engine].title} draws "
            "now: drawn again it will be another picture, in the same spirit."
        )
    others = sorted(
        part
        for part in (then.keys() | revisions.keys()) - {NUMBER_FORMAT}
        if then.get(part) != revisions.get(part)
        and (not part.startswith(ON_DEMAND) or (part in then and part in revisions))  # read when a picture asks
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
