"""Read a person's words: prompts in one clean form, other programs' notations done or told, pasted data taken apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from pipeline.controls import CONTROL_BY_NAME, SEEDS, HiresFix, expect_choice, expect_number
from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt, expect_length
from pipeline.request.generation_data import PASTED_LIMIT, GenerationData, read_generation_data
from pipeline.request.notation import name_kind
from pipeline.request.pasted_syntax import take_out_syntax

UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: control, half a surrogate pair, line and paragraph ends
PROMPT, NEGATIVE = "The prompt", "The negative prompt"
PASTED = "The prompt was read as generation data"
SHOWN = 12  # entries that a notice lists


@dataclass(frozen=True)
class Words:
    """What a person wrote, and what there is to say of it."""

    prompt: Prompt
    negative_prompt: Prompt
    notices: tuple[str, ...] = ()
    data: GenerationData | None = None  # where the prompt was pasted generation data
    left_out: tuple[str, ...] = field(default=())  # what of that data is not used, so far


@dataclass(frozen=True)
class Offer:
    """What pasted settings are measured by."""

    usual: Mapping[str, object]  # the value of each setting that a person who chose nothing has; empty: take none
    samplers: Sequence[str]
    parse_size: Callable[[object, object], object]  # raises SettingError for a size that the engine does not draw
    side_step: int = 64  # px between two sides that it draws


def read_words(prompt: object, negative_prompt: object) -> Words:
    """Read both prompts. Pasted generation data gives the negative prompt too, unless the person wrote one.

    Raises SettingError as read_prompt does.
    """
    data = read_generation_data(prompt) if isinstance(prompt, str) and len(prompt) <= PASTED_LIMIT else None
    asked, notices = read_prompt(PROMPT, prompt if data is None else data.prompt)
    unwanted, more = read_prompt(NEGATIVE, negative_prompt)
    left_out: tuple[str, ...] = ()
    if data is not None and data.negative_prompt:
        if unwanted.text:
            left_out = ("its negative prompt",)
        else:
            unwanted, more = read_prompt(NEGATIVE, data.negative_prompt)
    return Words(asked, unwanted, tuple(dict.fromkeys(notices + more)), data, left_out)


def restore_words(data: GenerationData) -> Words:
    """Return the words that a text or a picture file brings back. Raises SettingError as read_prompt does."""
    asked, notices = read_prompt(PROMPT, data.prompt)
    unwanted, more = read_prompt(NEGATIVE, data.negative_prompt)
    return Words(asked, unwanted, tuple(dict.fromkeys(notices + more)), data)


def take_settings(
    words: Words, given: Mapping[str, object], offer: Offer, source: str = PASTED
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the settings with those of pasted data that fit and that the person has not set otherwise, and notices.

    `source` begins the sentence that says what was taken over.
    """
    settings = dict(given)
    if words.data is None:
        return settings, words.notices
    pasted = _grow_size(words.data.settings, given, offer)
    taken, left_out = [], list(words.left_out)
    if words.negative_prompt.text and not left_out:
        taken.append("negative prompt")
    size = (pasted.pop("width", None), pasted.pop("height", None))
    if size != (None, None):
        fits = (given.get("width"), given.get("height")) == (None, None) and _passes(partial(offer.parse_size, *size))
        (taken if fits else left_out).append(f"Size {size[0]} x {size[1]}")
        settings |= {"width": size[0], "height": size[1]} if fits else {}
    for name, value in pasted.items():
        fits = _is_open(name, given.get(name), offer) and _passes(partial(_expect_setting, name, value, offer))
        (taken if fits else left_out).append(_tell(name, value))
        settings |= {name: value} if fits else {}
    left_out += [f"{name} {value}"[:60] for name, value in words.data.others.items()]
    return settings, (f"{source}: {_describe(taken, left_out)}", *words.notices)


def parse_prompt(what: str, words: object) -> Prompt:
    """Read a prompt as read_prompt does; of generation data its prompt."""
    if isinstance(words, str) and len(words) <= PASTED_LIMIT and (data := read_generation_data(words)) is not None:
        words = data.prompt
    return read_prompt(what, words)[0]


def read_prompt(what: str, words: object) -> tuple[Prompt, tuple[str, ...]]:
    """Read a prompt, cleaned, and a notice for each notation in it that Croquis does not follow.

    None is an empty one, which is allowed: a drawing may speak for itself. Raises SettingError that begins with `what`
    for what is no text, too long, or weighed by what is no weight.
    """
    if words is None:
        return Prompt(""), ()
    if not isinstance(words, str):
        raise SettingError(f"{what} is text; {name_kind(words)} came.")
    expect_length(what, words)  # before megabytes are cleaned
    text, notices = take_out_syntax(clean_words(words))
    try:
        return Prompt(text), notices
    except SettingError as error:
        raise SettingError(f"{what}: {error}") from error


def clean_words(words: str) -> str:
    """Return `words` in one Unicode form (NFC), with one space between words and without control characters."""
    text = unicodedata.normalize("NFC", words)
    visible = "".join(" " if unicodedata.category(letter) in UNPRINTABLE else letter for letter in text)
    return " ".join(visible.split())


def _is_open(name: str, value: object, offer: Offer) -> bool:
    """Return whether a person left a setting as it was."""
    if name in SEEDS:
        return value in (None, -1)
    return name in offer.usual and value in (None, "", "auto", offer.usual[name])


def _grow_size(pasted: Mapping[str, object], given: Mapping[str, object], offer: Offer) -> dict[str, object]:
    """Return pasted settings with the picture's size in place of its first pass's.

    Without the second pass where it, or the size that it gives, is not drawn here, or the person has chosen one.
    """
    settings = dict(pasted)
    if "hires" not in settings or not _is_open("hires", given.get("hires"), offer):
        return settings
    if not _passes(partial(_expect_setting, "hires", settings["hires"], offer)):
        return settings
    scale, step = cast(Mapping[str, float], settings["hires"])["scale"], offer.side_step
    sides = {name: settings[name] for name in ("width", "height") if name in settings}
    grown = {name: step * round(int(str(side)) * scale / step) for name, side in sides.items()}
    if grown and not _passes(partial(offer.parse_size, *grown.values())):
        return {name: value for name, value in settings.items() if name != "hires"}
    return settings | grown


def _expect_setting(name: str, value: object, offer: Offer) -> None:
    if name == "controlnets":
        return  # read and checked by noted_controlnets.py
    if name == "hires":
        HiresFix(**cast(Mapping[str, Any], value))
    elif name in CONTROL_BY_NAME:
        expect_number(CONTROL_BY_NAME[name], value)
    else:
        expect_choice(name, value, offer.samplers)


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except SettingError:
        return False
    return True


def _tell(name: str, value: object) -> str:
    """Name a setting with its value, as a notice lists it."""
    if name == "controlnets":
        return f"ControlNet {', '.join(cast(Mapping[str, object], value))}"
    if name == "hires":
        return f"Hires upscale {cast(Mapping[str, object], value)['scale']}"
    return f"{'Sampler' if name == 'sampler' else CONTROL_BY_NAME[name].label} {value}"


def _describe(taken: list[str], left_out: list[str]) -> str:
    """Say in one sentence or two what became of pasted data."""
    said = f"{', '.join(['its prompt', *taken])} taken over."
    if not left_out:
        return said
    more = f" and {len(left_out) - SHOWN} more" if len(left_out) > SHOWN else ""
    return f"{said} Left out: {', '.join(left_out[:SHOWN])}{more}."
