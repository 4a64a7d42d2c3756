"""From what a person sent, unchecked, to a complete GenerationRequest."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast, get_args

from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt, expect_length
from pipeline.request.notation import AUTO, name_kind, parse_levers, parse_style
from pipeline.request.presets import WHOLE, Menu, menu_of
from pipeline.values import (
    CONTROLS,
    SEED_LIMIT,
    Control,
    EdgeMap,
    GenerationRequest,
    Levers,
    ReadingChoice,
    Sketch,
    StyleMix,
    expect_number,
)

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: control, half a surrogate pair, line and paragraph ends
CONTROL = {control.name: control for control in CONTROLS}


@dataclass(frozen=True, eq=False)
class Order:
    """One wish, every raw input checked; the seed may still be -1, and the styles may be left to the search."""

    sketch: Sketch
    prompt: Prompt
    negative_prompt: Prompt
    style: tuple[tuple[str, float], ...]  # ids and weights that sum to 1; empty lets the search choose
    reading: ReadingChoice
    canny_low: int
    canny_high: int
    num_inference_steps: int
    guidance_scale: float
    ip_adapter_scale: float
    controlnet_conditioning_scale: float
    seed: int  # -1: draw a new one
    width: int  # px
    height: int  # px
    sampler: str
    style_focus: str
    levers: Levers
    engine: str  # whose numbers these are: another engine's would draw something else from them


def parse_order(
    profile: ModelProfile,
    *,
    sketch: Sketch,
    prompt: object = "",
    negative_prompt: object = "",
    style: object = AUTO,
    reading: object = AUTO,
    canny_low: object = None,
    canny_high: object = None,
    num_inference_steps: object = None,
    guidance_scale: object = None,
    ip_adapter_scale: object = None,
    controlnet_conditioning_scale: object = None,
    seed: object = -1,
    preset: object = None,
    sampler: object = None,
    style_focus: object = None,
    width: object = None,
    height: object = None,
    levers: object = None,
) -> Order:
    """Check everything at once, before any model runs. None, and "auto" for words, stand for what the preset sets or
    the profile's default.

    Raises SettingError: it names the input, what it takes and what came.
    """
    menu = menu_of(profile.name)
    chosen = menu.find_preset(parse_name("preset", preset) or menu.preset)
    low, high = parse_thresholds(canny_low, canny_high, profile.defaults)
    across, down = parse_size(profile, menu, width, height)

    def number(name: str, value: object) -> float:
        return parse_number(name, value, {**profile.defaults, **chosen.numbers})

    return Order(
        sketch=sketch,
        prompt=parse_prompt("The prompt", prompt),
        negative_prompt=parse_prompt("The negative prompt", negative_prompt),
        style=parse_style(style),
        reading=parse_reading(reading),
        canny_low=low,
        canny_high=high,
        num_inference_steps=int(number("num_inference_steps", num_inference_steps)),
        guidance_scale=number("guidance_scale", guidance_scale),
        ip_adapter_scale=number("ip_adapter_scale", ip_adapter_scale),
        controlnet_conditioning_scale=number("controlnet_conditioning_scale", controlnet_conditioning_scale),
        seed=int(number("seed", seed)),
        width=across,
        height=down,
        engine=profile.name,
        **parse_choices(
            menu,
            parse_name("sampler", sampler) or chosen.sampler,
            parse_name("style_focus", style_focus) or WHOLE,
            parse_levers(levers, chosen.levers),
        ),
    )


def build_request(order: Order, edges: EdgeMap, mix: StyleMix, profile: ModelProfile, seed: int) -> GenerationRequest:
    """The complete request. Pure: equal arguments give equal requests."""
    height, width = edges.pixels.shape
    return GenerationRequest(
        engine=profile.name,
        prompt=order.prompt,
        negative_prompt=order.negative_prompt,
        edges=edges,
        styles=mix,
        width=width,
        height=height,
        num_inference_steps=order.num_inference_steps,
        guidance_scale=order.guidance_scale,
        ip_adapter_scale=order.ip_adapter_scale,
        controlnet_conditioning_scale=order.controlnet_conditioning_scale,
        seed=seed,
        sampler=order.sampler,
        style_focus=order.style_focus,
        levers=order.levers,
    )


def resolve_seed(seed: int) -> int:
    """`seed` itself, or a fresh one in [0, SEED_LIMIT] for -1."""
    return secrets.randbelow(SEED_LIMIT + 1) if seed == -1 else seed


def parse_number(name: str, value: object, defaults: Mapping[str, float]) -> float:
    """The control's number; None is its default. A numeric string is refused: a client that sends one has a bug.

    Whole controls come back as int, so that 20 and 20.0 make equal requests; -0.0 comes back as 0.0.
    """
    control = CONTROL[name]
    chosen = _default(control, defaults) if value is None else value
    expect_number(control, chosen)
    number = cast(float, chosen)
    return int(number) if control.whole else float(number) + 0.0


def parse_thresholds(canny_low: object, canny_high: object, defaults: Mapping[str, float]) -> tuple[int, int]:
    low = int(parse_number("canny_low", canny_low, defaults))
    high = int(parse_number("canny_high", canny_high, defaults))
    if low > high:
        raise SettingError(
            f"Faint edges (canny_low) may not lie above Clear edges (canny_high); {low} and {high} came."
        )
    return low, high


def parse_prompt(what: str, words: object) -> Prompt:
    """Read a prompt, cleaned; None is an empty one, which is allowed: a drawing may speak for itself.

    Raises SettingError that begins with `what` for what is no text, too long, or weighed by what is no weight.
    """
    if words is None:
        return Prompt("")
    if not isinstance(words, str):
        raise SettingError(f"{what} is text; {name_kind(words)} came.")
    expect_length(what, words)  # before megabytes are cleaned
    try:
        return Prompt(clean_words(words))
    except SettingError as error:
        raise SettingError(f"{what}: {error}") from error


def clean_words(words: str) -> str:
    """Return `words` in one Unicode form (NFC), with one space between words and without control characters."""
    text = unicodedata.normalize("NFC", words)
    visible = "".join(" " if unicodedata.category(letter) in UNSEEN else letter for letter in text)
    return " ".join(visible.split())


def parse_name(what: str, name: object) -> str | None:
    """The name of one of several things; None for the usual one."""
    if name is None or name in ("", AUTO):
        return None
    if not isinstance(name, str):
        raise SettingError(f'{what} is chosen by its name, or "auto"; {name_kind(name)} came.')
    return name


class Choices(TypedDict):
    sampler: str
    style_focus: str
    levers: Levers


def parse_choices(menu: Menu, sampler: str, style_focus: str, levers: Levers) -> Choices:
    menu.check(sampler, style_focus, levers)
    return {"sampler": sampler, "style_focus": style_focus, "levers": levers}


def parse_size(profile: ModelProfile, menu: Menu, width: object, height: object) -> tuple[int, int]:
    """Width and height (px). Raises SettingError unless the engine draws that size."""
    usual = profile.size
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
    choices = get_args(ReadingChoice)
    if reading not in choices:
        came = repr(reading)[:40] if isinstance(reading, str) else name_kind(reading)
        raise SettingError(f"A drawing is read as one of {', '.join(choices)}; {came} came.")
    return cast(ReadingChoice, reading)


def parse_count(what: str, value: object, minimum: int, maximum: int) -> int:
    """A whole number in [minimum, maximum] that is no control, such as how many styles to find."""
    expect_number(Control(what, what.capitalize(), "", minimum, maximum, 1, whole=True), value)
    return int(cast(float, value))


def _default(control: Control, defaults: Mapping[str, float]) -> float:
    return -1 if control.name == "seed" else defaults[control.name]
