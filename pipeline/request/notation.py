"""Parse the parts of an order that are written in a small notation: several styles, levers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from pipeline.controls import SHORTCUT_NUMBERS, Shortcuts
from pipeline.errors import SettingError

AUTO = "auto"  # stands for "choose for me"
STYLE_LIMIT = 100  # characters of a style's id; longer ones are refused before any look-up
MAX_STYLES = 8
MAX_COLOURS = 8
COLOUR = re.compile(r"#[0-9a-f]{6}")
LEVERS_LIMIT = 2_000  # characters
LEVERS_EXAMPLE = '{"guidance_end": 0.5}'
WHOLE_NUMBERS = {control.name: control.whole for control in SHORTCUT_NUMBERS}


def parse_style(style: object) -> tuple[tuple[str, float], ...]:
    """Read ids and weights of styles; empty for "auto". Whether the library holds them is the library's to say."""
    if style is None or style in ("", AUTO):
        return ()
    if not isinstance(style, str):
        raise SettingError(f'A style is chosen by its id, or "auto"; {name_kind(style)} came.')
    return parse_mix(style)


def parse_mix(written: str) -> tuple[tuple[str, float], ...]:
    """Read "ghibli" or "ghibli:0.6,comic:0.4" as ids and weights that sum to 1; write_mix is its inverse.

    A style without a weight weighs 1 before they are shared out; naming one twice adds its weights up. Raises
    SettingError for more than MAX_STYLES, for ids that are too long and for weights that are no positive numbers.
    """
    if len(written) > MAX_STYLES * (STYLE_LIMIT + 30):
        raise SettingError(f"A style's id has at most {STYLE_LIMIT} characters; {len(written):,} came.")
    weights: dict[str, float] = {}
    for part in written.split(","):
        id, _, weight = part.partition(":")
        id = _expect_id(id.strip(), written)
        weights[id] = weights.get(id, 0.0) + (_parse_weight(weight, "style", id) if weight.strip() else 1.0)
    if len(weights) > MAX_STYLES:
        raise SettingError(f"A picture wears at most {MAX_STYLES} styles; {len(weights)} came.")
    return share_out(weights)


def write_mix(parts: tuple[tuple[str, float], ...]) -> str:
    """Write ids and weights so that parse_mix reads the same back, to the last digit."""
    return parts[0][0] if len(parts) == 1 else ",".join(f"{id}:{weight!r}" for id, weight in parts)


def parse_palette(palette: object) -> tuple[tuple[str, float], ...]:
    """Read "#d9452f:0.6,#84c9ea:0.4" as colours and shares that sum to 1, in their order; empty for no palette.

    write_palette is its inverse. Raises SettingError for more than MAX_COLOURS and for what is no colour.
    """
    if palette is None or palette == "":
        return ()
    if not isinstance(palette, str):
        raise SettingError(f'A palette is written as "#d9452f,#84c9ea"; {name_kind(palette)} came.')
    parts = [part.strip().lower().partition(":") for part in palette[: MAX_COLOURS * 60].split(",")]
    if len(parts) > MAX_COLOURS or len(palette) > MAX_COLOURS * 60:
        raise SettingError(f"A palette holds at most {MAX_COLOURS} colours; more came.")
    for colour, _, _ in parts:
        if not COLOUR.fullmatch(colour):
            raise SettingError(f'A palette\'s colours are written as "#d9452f"; {colour[:40]!r} came.')
    shares: dict[str, float] = {}
    for colour, _, share in parts:
        given = _parse_weight(share, "colour", colour) if share.strip() else 1.0
        shares[colour] = shares.get(colour, 0.0) + given
    return share_out(shares)


def write_palette(palette: tuple[tuple[str, float], ...]) -> str:
    """Write colours and shares so that parse_palette reads the same back."""
    return ",".join(f"{colour}:{share!r}" for colour, share in palette)


def share_out(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the weights as shares that sum to 1."""
    total = math.fsum(weights.values())
    if math.isclose(total, 1.0, abs_tol=1e-9):  # as a recipe holds them: dividing would change their last digits
        return tuple(weights.items())
    return tuple((name, weight / total) for name, weight in weights.items())


def parse_shortcuts(given: object, usual: Shortcuts) -> Shortcuts:
    """Read `usual` with what an object, or the JSON text of one, sets otherwise; None and "" change nothing.

    Raises SettingError that names the key, what it takes and what came.
    """
    if given is None or given == "":
        return usual
    read = parse_json("levers", given, LEVERS_LIMIT, LEVERS_EXAMPLE) if isinstance(given, str) else given
    if not isinstance(read, Mapping):
        raise SettingError(f'levers is an object such as {{"guidance_end": 0.5}}; {type(read).__name__} came.')
    known = [field.name for field in fields(Shortcuts)]
    for name in read:
        if name not in known:
            raise SettingError(f"levers has the keys {', '.join(known)}; {str(name)[:40]!r} came.")
    return replace(usual, **{str(name): _normalise_number(str(name), value) for name, value in read.items()})


def _normalise_number(name: str, value: Any) -> Any:
    """Return 2.0 steps as 2 and a share of 1 as 1.0, so that equal orders are equal; leave the rest as it came."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9
    if name not in WHOLE_NUMBERS or not is_number:
        return value
    if WHOLE_NUMBERS[name]:
        return int(value) if value == int(value) else value
    return float(value) + 0.0


def parse_json(name: str, written: str, limit: int, example: str) -> Any:
    """Parse the JSON text of an input called `name`. Raises SettingError for over `limit` characters or no JSON."""
    if len(written) > limit:
        raise SettingError(f"{name} is at most {limit:,} characters of JSON; {len(written):,} came.")
    try:
        return json.loads(written)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{name} is an object such as {example}; what came is not JSON.") from error


def _expect_id(id: str, written: str) -> str:
    """Return the id of a style; raise SettingError where it is empty or too long."""
    if not id:
        raise SettingError(f'Styles are written as "ghibli" or "ghibli:0.6,comic:0.4"; {written[:60]!r} came.')
    if len(id) > STYLE_LIMIT:
        raise SettingError(f"A style's id has at most {STYLE_LIMIT} characters; {len(id):,} came.")
    return id


def _parse_weight(written: str, what: str, name: str) -> float:
    """Parse the weight of a style or colour called `name`, above 0 and at most 1000. Raises SettingError."""
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not 0 < weight <= 1000:
        raise SettingError(
            f"The weight of the {what} {name[:40]!r} is a number above 0, at most 1000; {written.strip()[:40]!r} came."
        )
    return weight


def name_kind(value: object) -> str:
    """Return what kind of value came, in words for a caller of the API."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
