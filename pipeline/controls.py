"""Declare the settings of a picture, in groups as the field has them: sampling, conditioning, shortcuts.

A setting is one field of a group. Page, order, request, recipe, details and A1111's text are derived from it: whoever
adds one adds its field here, its parameter in page/api.py, and what it does in engine/.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pipeline.errors import SettingError

SEED_LIMIT = 2**32 - 1  # exact in JavaScript and JSON too

ControlHalf = Literal["both", "shared", "conditional"]
Decoder = Literal["full", "small"]
Upscaler = Literal["waifu2x", "Lanczos", "Latent"]
LARGEST_SCALE = 4.0  # how many times smaller the first of two passes may be


@dataclass(frozen=True)
class Control:
    """Control describes one number that a person may set."""

    name: str
    label: str
    info: str  # one line: what it does to the picture
    minimum: float
    maximum: float
    step: float
    whole: bool = False
    usual: float | None = None  # where an engine's profile says nothing else; None: the profile has to


def declare_number(
    label: str, info: str, minimum: float, maximum: float, step: float, text: str, *, whole: bool = False, **more: Any
) -> Any:
    """Declare a number's field; `text` is its name in A1111's text, `more` may hold `default`, `unit`, and `offset`,
    by which A1111 counts it higher.
    """
    written = {"text": text, "unit": more.pop("unit", ""), "offset": more.pop("offset", 0)}
    limits = {"label": label, "info": info, "minimum": minimum, "maximum": maximum, "step": step, "whole": whole}
    return field(metadata={"control": limits, **written}, **more)


def declare_word(text: str, default: str, *, always: bool = False) -> Any:
    """Declare a word's field; it stands in A1111's text where it is not the usual one, or `always`."""
    return field(default=default, metadata={"text": text, "always": always})


@dataclass(frozen=True)
class SettingGroup:
    """SettingGroup holds settings that belong together; it checks each against what its field declares."""

    def __post_init__(self) -> None:
        hints = find_types(type(self))
        for each in fields(self):
            expect_setting(each, hints[each.name], getattr(self, each.name))


@dataclass(frozen=True, kw_only=True)
class Sampling(SettingGroup):
    """Sampling says how noise becomes a picture."""

    num_inference_steps: int = declare_number(
        "Steps", "More steps take longer and settle more detail.", 1, 50, 1, "Steps", whole=True
    )
    sampler: str = declare_word("Sampler", "DPM++ 2M", always=True)  # a name of samplers.SAMPLERS
    guidance_scale: float = declare_number(
        "Follow the words", "Higher holds closer to what you wrote.", 1, 15, 0.1, "CFG scale"
    )
    seed: int = declare_number(
        "Seed", "-1 draws a new one each time; the one used is shown.", -1, SEED_LIMIT, 1, "Seed", whole=True
    )
    variation_seed: int = declare_number(
        *("Variation seed", "Which of the near pictures; -1 draws a new one.", -1, SEED_LIMIT, 1, "Variation seed"),
        whole=True,
        default=0,
    )
    variation_strength: float = declare_number(
        *("Variation", "How far the picture may go from the one of its seed: 0 not at all, 1 all the way.", 0, 1, 0.01),
        "Variation seed strength",
        default=0.0,
    )
    strength: float = declare_number(
        *("Away from your colours", "How far the picture goes from the colours it starts from: 1 leaves none.", 0, 1),
        *(0.05, "Denoising strength"),
        default=1.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seed < 0 or self.variation_seed < 0:
            raise SettingError("A request carries the seeds it uses, not -1.")


@dataclass(frozen=True, kw_only=True)
class Conditioning(SettingGroup):
    """Conditioning says how strongly style and drawing steer the picture."""

    ip_adapter_scale: float = declare_number(
        "Style strength", "How strongly the picture wears the style.", 0, 1.5, 0.05, "IP-Adapter scale"
    )
    controlnet_conditioning_scale: float = declare_number(
        "Follow the drawing", "How closely the picture keeps to your lines.", 0, 2, 0.05, "ControlNet scale"
    )
    lines: float = declare_number(
        *("Your lines", "How much of your pen stays on the picture: 0 none, 0.5 soft, 1 as you drew it.", 0, 1, 0.05),
        "Lines",
        default=0.0,
    )
    colour_strength: float = declare_number(
        *("Keep your colours", "How much of the colours that you painted stays: 0 none, 1 all.", 0, 1, 0.05),
        "Colour strength",
        default=1.0,
    )
    style_focus: str = declare_word("Style focus", "whole")  # the menu's name of the blocks that wear the style
    clip_skip: int = declare_number(
        *(
            "Clip skip",
            "Last layers that read your words, left out. Elsewhere “Clip skip 2” is 1 here.",
            0,
            11,
            1,
        ),
        "Clip skip",
        whole=True,
        default=0,
        offset=1,
    )
    ip_adapter: str = declare_word("IP-Adapter", "")  # the menu's name, or a file's; "": the engine's own


@dataclass(frozen=True)
class Shortcuts(SettingGroup):
    """Shortcuts say what a picture may leave out to be ready sooner. By default nothing is left out.

    A step lies in an interval when all of it does: step i of n (from 0) for start <= i / n and (i + 1) / n <= end, as
    diffusers computes `control_guidance_start` and `_end`. Outside of its interval ControlNet does not run at all. With
    guidance it runs on both halves, on the conditional one for both ("shared"), or on that one for itself alone
    ("conditional").
    """

    guidance_start: float = declare_number(
        "Words from", "Share of the steps after which the words are pressed.", 0, 1, 0.05, "CFG interval", default=0.0
    )
    guidance_end: float = declare_number(
        *("Words until", "Share of the steps after which they are not pressed any more.", 0, 1, 0.05, "CFG interval"),
        default=1.0,
    )
    control_guidance_start: float = declare_number(
        *("Lines from", "Share of the steps after which your lines are followed.", 0, 1, 0.05, "ControlNet interval"),
        default=0.0,
    )
    control_guidance_end: float = declare_number(
        *("Lines until", "Share of the steps after which the rest is free.", 0, 1, 0.05, "ControlNet interval"),
        default=1.0,
    )
    controlnet_half: ControlHalf = declare_word("ControlNet half", "both")  # noqa: RUF009 - a field
    controlnet_every: int = declare_number(
        *("Read the lines every", "Steps that one reading of your lines serves.", 1, 8, 1, "ControlNet every"),
        whole=True,
        default=1,
        unit="steps",
    )
    cache_interval: int = declare_number(
        *("Compute all layers every", "Steps that the deep layers serve; only the shallow ones run in between.", 1, 8),
        *(1, "DeepCache interval"),
        whole=True,
        default=1,
        unit="steps",
    )
    few_steps: str = declare_word("Few-step LoRA", "")  # the menu's name of the weights that are added
    # "small": a lighter autoencoder paints the picture
    decoder: Decoder = declare_word("VAE", "full")  # noqa: RUF009 - a field

    def __post_init__(self) -> None:
        super().__post_init__()
        for first, last in (("guidance_start", "guidance_end"), ("control_guidance_start", "control_guidance_end")):
            if getattr(self, first) > getattr(self, last):
                raise SettingError(
                    f"{first} may not lie above {last}; {getattr(self, first):g} and {getattr(self, last):g} came."
                )


@dataclass(frozen=True, kw_only=True)
class HiresFix(SettingGroup):
    """HiresFix says how much smaller the first pass is, and how the second one redraws it; scale 1 has no second."""

    scale: float = declare_number(
        *("Draw smaller first", "How many times smaller the picture is drawn before it is enlarged and redrawn.", 1),
        *(LARGEST_SCALE, 0.05, "Hires upscale"),
        default=1.0,
    )
    strength: float = declare_number(
        *("Redraw", "How far the second pass goes from the enlarged picture: more adds more of its own.", 0.05, 1),
        *(0.05, "Denoising strength"),
        default=0.45,
    )
    num_inference_steps: int = declare_number(
        *("Steps of the second pass", "0 takes as many as the first pass has.", 0, 50, 1, "Hires steps"),
        whole=True,
        default=0,
    )
    # by our network for drawings, between pixels, or between latents (bilinear, as A1111 does it)
    upscaler: Upscaler = declare_word("Hires upscaler", "waifu2x")  # noqa: RUF009 - a field


def find_types(group: type[SettingGroup]) -> Mapping[str, Any]:
    """Return the types of a group's fields by name."""
    return get_type_hints(group)


def make_control(each: Field[Any]) -> Control:
    """Return the control that a number's field declares."""
    usual = None if each.default is MISSING else each.default
    return Control(name=each.name, usual=usual, **each.metadata["control"])


def list_controls(group: type[SettingGroup]) -> tuple[Control, ...]:
    """Return the controls of a group's numbers, in the fields' order."""
    return tuple(make_control(each) for each in fields(group) if "control" in each.metadata)


def group_settings(flat: Mapping[str, Any]) -> tuple[Sampling, Conditioning]:
    """Put settings by name into their groups. Raises SettingError for a wrong one."""
    sampling, conditioning = (
        {each.name: flat[each.name] for each in fields(group) if each.name in flat}
        for group in (Sampling, Conditioning)
    )
    return Sampling(**sampling), Conditioning(**conditioning)


def sort_settings(names: Iterable[str]) -> list[str]:
    """Sort names of settings as page, API and recipes list them; those that came later stand behind."""
    return sorted(names, key=lambda name: SETTING_ORDER.index(name) if name in SETTING_ORDER else len(SETTING_ORDER))


def expect_setting(each: Field[Any], kind: Any, value: object) -> None:
    """Raise SettingError unless `value` is what the field declares."""
    if "control" in each.metadata:
        expect_number(make_control(each), value)
    elif get_origin(kind) is Literal:
        expect_choice(each.name, value, get_args(kind))
    elif not isinstance(value, str):
        raise SettingError(f"{each.name} is a name; {type(value).__name__} came.")


def expect_number(control: Control, value: object) -> None:
    """Raise SettingError unless `value` is a finite number of the right kind within the control's range."""
    wanted = (
        f"{control.label} ({control.name}) is a {'whole ' if control.whole else ''}number "
        f"from {write_limit(control.minimum)} to {write_limit(control.maximum)}"
    )
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"{wanted}; {type(value).__name__} came.")
    if isinstance(value, float) and (not math.isfinite(value) or (control.whole and value != int(value))):
        raise SettingError(f"{wanted}; {value!r} came.")
    if not control.minimum <= value <= control.maximum:
        # Python refuses to print whole numbers of thousands of digits, and isfinite() to look at them
        came = "one of too many digits" if abs(value) > 1e40 else repr(value)
        raise SettingError(f"{wanted}; {came} came.")


def write_limit(value: float) -> str:
    """Return a limit as people write it: whole numbers in full with commas, others to six digits."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def expect_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Raise SettingError that lists the choices unless `value` is one of them."""
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        came = repr(value)[:40] if isinstance(value, str) else type(value).__name__
        raise SettingError(f"{name} is one of {', '.join(known)}; {came} came.")


SETTING_ORDER = (
    *("num_inference_steps", "guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale", "lines"),
    *("colour_strength", "strength", "clip_skip"),
    *("canny_low", "canny_high", "variation_seed", "variation_strength", "seed", "sampler", "style_focus"),
)
CANNY = (  # of the reading of a drawing; they decide the edge map, not the picture
    Control("canny_low", "Faint edges", "Lower finds fainter edges in a photo or shaded drawing.", 0, 255, 1, True),
    Control("canny_high", "Clear edges", "Lower starts an edge at weaker contrast.", 0, 255, 1, True),
)
CONTROL_BY_NAME: Mapping[str, Control] = {
    control.name: control for control in (*list_controls(Sampling), *list_controls(Conditioning), *CANNY)
}
# what the page has a slider for, and the API a name
CONTROLS = tuple(CONTROL_BY_NAME[name] for name in sort_settings(CONTROL_BY_NAME))
SHORTCUT_NUMBERS = list_controls(Shortcuts)
SEEDS = ("seed", "variation_seed")  # of chance: -1 stands for a fresh one
BATCH = Control("count", "Pictures", "How many to draw at once, each from the next seed.", 1, 4, 1, True)
