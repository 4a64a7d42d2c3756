"""Check what a person sent and make a complete GenerationRequest of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.controls import (
    CONTROL_BY_NAME,
    SEED_LIMIT,
    SEEDS,
    Conditioning,
    Control,
    HiresFix,
    Sampling,
    Shortcuts,
    expect_number,
    group_settings,
    sort_settings,
)
from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt
from pipeline.request.controlnets import Chosen, parse_controlnets
from pipeline.request.faithfulness import read_faithfulness
from pipeline.request.hires import parse_hires
from pipeline.request.margins import Margins, fit_within, parse_margins, tell_margins
from pipeline.request.notation import AUTO, name_kind, parse_palette, parse_shortcuts, parse_style
from pipeline.request.own_loras import LoraWish, join_wishes, parse_loras, take_tags
from pipeline.request.parts import BrushedPart, MaskedStyle, parse_enlargement, parse_mask
from pipeline.request.presets import Menu, get_menu
from pipeline.request.sizes import choose_size
from pipeline.request.starting import parse_start, read_strength
from pipeline.request.words import Offer, read_words, take_settings
from pipeline.values import ReadingChoice, Sketch, StartPicture

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile


@dataclass(frozen=True, eq=False)
class Order:
    """Order holds one person's wish, every raw input checked; the styles may be left to the search."""

    engine: str  # whose settings these are: another engine's would draw something else from them
    sketch: Sketch
    prompt: Prompt
    negative_prompt: Prompt
    style: tuple[tuple[str, float], ...]  # ids and weights that sum to 1; empty lets the search choose
    reading: ReadingChoice
    canny_low: int
    canny_high: int
    width: int  # px
    height: int  # px
    sampling: Sampling
    conditioning: Conditioning
    shortcuts: Shortcuts
    notices: tuple[str, ...] = ()  # what was left out of the words, for the page
    mask: MaskedStyle | None = None  # a part of the picture that wears other styles
    palette: tuple[tuple[str, float], ...] = ()  # colours "#rrggbb" to paint in, with shares that sum to 1
    repaint: BrushedPart | None = None  # a part that gets other colours once it is drawn
    enlargement: int = 1  # times width and height
    loras: tuple[LoraWish, ...] = ()
    start: StartPicture | None = None  # of any size, stretched as the drawing is
    controlnets: Chosen = ()  # what reads the drawing; empty lets Croquis choose
    controlnets_noted: bool = False  # by another program, in pasted words: a model of theirs may not be here
    hires: HiresFix = HiresFix()  # noqa: RUF009 - frozen
    margins: Margins = Margins()  # noqa: RUF009 - frozen; what comes to the picture, beside width and height


def parse_order(
    profile: ModelProfile,
    *,
    sketch: Sketch,
    prompt: object = "",
    negative_prompt: object = "",
    style: object = AUTO,
    reading: object = AUTO,
    preset: object = None,
    width: object = None,
    height: object = None,
    levers: object = None,
    mask: NDArray[np.uint8] | None = None,
    mask_style: object = None,
    palette: object = None,
    mask_image: NDArray[np.uint8] | None = None,
    mask_prompt: object = None,
    image: NDArray[np.uint8] | None = None,
    enlargement: object = None,
    faithfulness: object = None,
    loras: object = None,
    controlnets: object = None,
    hires: object = None,
    margins: object = None,
    **settings: object,
) -> Order:
    """Check all inputs of a drawing, before any model runs. None, and "auto" for words, stand for what the preset sets
    or the profile's default.

    `settings` are those of CONTROLS, `sampler` and `style_focus`. Raises SettingError that names the input, what it
    takes and what came, and TypeError for an input that there is not.
    """
    menu = get_menu(profile.name)
    chosen = menu.find_preset(parse_name("preset", preset) or menu.preset)
    usual = {**profile.defaults, **chosen.numbers, "sampler": chosen.sampler}
    shortcuts = parse_shortcuts(levers, chosen.shortcuts)
    if shortcuts.few_steps != chosen.shortcuts.few_steps and shortcuts.few_steps in menu.few_steps:
        usual |= menu.few_steps[shortcuts.few_steps].usual
    usual |= read_faithfulness(profile.name, usual, faithfulness)
    prompt, tagged = take_tags(prompt) if menu.own_weights else (prompt, ())
    words = read_words(prompt, negative_prompt)
    more = parse_margins(margins)
    start, repaint = parse_start(profile, menu, sketch.pixels, image, mask_image, mask_prompt, grows=bool(more))
    hires = {"scale": 1} if start is not None and hires in (None, "", AUTO) else hires
    given = settings | {"width": width, "height": height, "hires": hires, "controlnets": controlnets}
    offer = make_offer(profile) if chosen.name == menu.preset else replace(make_offer(profile), usual={})
    given, notices = take_settings(words, given, offer)
    width, height, hires, nets = (given.pop(name) for name in ("width", "height", "hires", "controlnets"))
    given = read_strength(menu, start, given, usual, grows=bool(more))
    sampling, conditioning = parse_settings(given, usual)
    menu.expect_offered(sampling, conditioning, shortcuts)
    menu.expect_start(start is not None, sampling)
    low, high = parse_thresholds(given.get("canny_low"), given.get("canny_high"), profile.defaults)
    read_size, picture = partial(parse_size, profile, menu), (sketch if start is None else start).pixels
    size = (
        fit_within(more, picture, (width, height), read_size) if more else read_size(width, height, find_sheet(sketch))
    )
    return Order(
        engine=profile.name,
        sketch=replace(sketch, canvas=None) if more else sketch,  # its strokes lie on another sheet then
        prompt=words.prompt,
        negative_prompt=words.negative_prompt,
        style=parse_style(style),
        reading=parse_reading(reading),
        canny_low=low,
        canny_high=high,
        width=size[0],
        height=size[1],
        sampling=sampling,
        conditioning=conditioning,
        shortcuts=shortcuts,
        notices=notices + tell_unworn(profile, menu, loras) + tell_margins(profile, menu, more),
        mask=parse_mask(mask, mask_style),
        palette=parse_colours(profile, menu, palette),
        repaint=repaint,
        enlargement=parse_enlargement(enlargement, *more.widen(size)),
        loras=join_wishes(read_loras(menu, loras), tagged),
        start=start,
        controlnets=parse_controlnets(profile, menu, nets, conditioning, shortcuts),
        controlnets_noted=nets is not controlnets,
        hires=parse_hires(profile, menu, hires, size, start is not None),
        margins=more,
    )


def read_loras(menu: Menu, loras: object) -> tuple[LoraWish, ...]:
    """Read the LoRAs that were asked for; none for an engine that takes none."""
    asked = parse_loras(loras)
    return asked if menu.own_weights else ()


def tell_unworn(profile: ModelProfile, menu: Menu, loras: object) -> tuple[str, ...]:
    """Return a notice where LoRAs were asked for and the engine takes none."""
    if menu.own_weights or not (asked := parse_loras(loras)):
        return ()
    names = ", ".join(f"“{each.name[:40]}”" for each in asked)
    return (f"{profile.title} takes no LoRAs: {names} left out.",)


def make_offer(profile: ModelProfile) -> Offer:
    """Return what the settings of pasted data and of foreign pictures are measured by: the usual preset."""
    menu = get_menu(profile.name)
    chosen = menu.find_preset(menu.preset)
    usual = {**profile.defaults, **chosen.numbers, "sampler": chosen.sampler}
    if not menu.skips_layers:
        del usual["clip_skip"]
    if menu.hires_from:
        usual["hires"] = ""
    if menu.controlnets:
        usual["controlnets"] = ""
    return Offer(usual, menu.samplers, partial(parse_size, profile, menu), menu.side_step)


def parse_colours(profile: ModelProfile, menu: Menu, palette: object) -> tuple[tuple[str, float], ...]:
    """Read the colours to paint in. Raises SettingError where the engine takes none."""
    colours = parse_palette(palette)
    if colours and not menu.palettes:
        raise SettingError(f"{profile.title} takes its colours from words and drawing; a palette came.")
    return colours


def parse_settings(given: Mapping[str, object], usual: Mapping[str, Any]) -> tuple[Sampling, Conditioning]:
    """Read the settings by their names; what is left open is as `usual`, or as the setting's own field says.

    A seed of -1 becomes a fresh one. Raises TypeError for a name that no setting has.
    """
    known = [each.name for group in (Sampling, Conditioning) for each in fields(group)]
    for name in given:
        if name not in known and name not in CONTROL_BY_NAME:
            raise TypeError(f"There is no setting {name!r}.")
    flat: dict[str, Any] = {}
    for name in sort_settings(known):
        if name in CONTROL_BY_NAME:
            flat[name] = parse_number(name, given.get(name), usual)
        elif (chosen := parse_name(name, given.get(name)) or usual.get(name)) is not None:
            flat[name] = chosen
    varied = resolve_seed(flat["variation_seed"]) if flat["variation_strength"] else 0  # or it decides nothing
    return group_settings(flat | {"seed": resolve_seed(flat["seed"]), "variation_seed": varied})


def resolve_seed(seed: int) -> int:
    """Return `seed` itself, or a fresh one in [0, SEED_LIMIT] for -1."""
    return secrets.randbelow(SEED_LIMIT + 1) if seed == -1 else seed


def parse_number(name: str, value: object, defaults: Mapping[str, float]) -> float:
    """Read the control's number; None is its default. A numeric string is refused: a client that sends one has a bug.

    Whole controls come back as int, so that 20 and 20.0 make equal requests; -0.0 comes back as 0.0.
    """
    control = CONTROL_BY_NAME[name]
    chosen = _get_default(control, defaults) if value is None else value
    expect_number(control, chosen)
    number = cast(float, chosen)
    return int(number) if control.whole else float(number) + 0.0


def parse_thresholds(canny_low: object, canny_high: object, defaults: Mapping[str, float]) -> tuple[int, int]:
    """Read the two thresholds, in [0, 255] and in their order. Raises SettingError."""
    low = int(parse_number("canny_low", canny_low, defaults))
    high = int(parse_number("canny_high", canny_high, defaults))
    if low > high:
        raise SettingError(
            f"Faint edges (canny_low) may not lie above Clear edges (canny_high); {low} and {high} came."
        )
    return low, high


def parse_name(what: str, name: object) -> str | None:
    """Read the name of one of several things; None stands for the usual one."""
    if name is None or name in ("", AUTO):
        return None
    if not isinstance(name, str):
        raise SettingError(f'{what} is chosen by its name, or "auto"; {name_kind(name)} came.')
    return name


def find_sheet(sketch: Sketch) -> tuple[int, int] | None:
    """Return width and height of the canvas that a sketch was drawn on; None for an image file."""
    return None if sketch.canvas is None else (sketch.pixels.shape[1], sketch.pixels.shape[0])


def parse_size(
    profile: ModelProfile, menu: Menu, width: object, height: object, sheet: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Read width and height (px); where neither came, they follow the `sheet`, width and height, if there is one.

    Raises SettingError unless the engine draws that size.
    """
    follows = sheet is not None and width is None and height is None
    usual = choose_size(profile, menu, sheet) if sheet is not None and follows else profile.size
    least, step = menu.least_side, menu.side_step
    across, down = (
        usual[axis] if side is None else parse_count(name, side, least, profile.max_side)
        for axis, (name, side) in enumerate((("width", width), ("height", height)))
    )
    for side in (across, down):
        if side % step:
            raise SettingError(
                f"{profile.title} draws sides of {least} to {profile.max_side} px in steps of {step}; "
                f"{across} x {down} was asked for."
            )
    profile.check_size(across, down)
    return across, down


def parse_reading(reading: object) -> ReadingChoice:
    """Read how the drawing's lines are to be found. Raises SettingError that lists the ways."""
    choices = get_args(ReadingChoice)
    if reading not in choices:
        came = repr(reading)[:40] if isinstance(reading, str) else name_kind(reading)
        raise SettingError(f"A drawing is read as one of {', '.join(choices)}; {came} came.")
    return cast(ReadingChoice, reading)


def parse_count(what: str, value: object, minimum: int, maximum: int) -> int:
    """Read a whole number in [minimum, maximum] that is no control, such as how many styles to find."""
    expect_number(Control(what, what.capitalize(), "", minimum, maximum, 1, whole=True), value)
    return int(cast(float, value))


def _get_default(control: Control, defaults: Mapping[str, float]) -> float:
    """Return the control's number where none came; a seed's is -1, a fresh one."""
    return -1 if control.name in SEEDS else defaults[control.name]
