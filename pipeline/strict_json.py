"""Read JSON from outside strictly: no unknown key, no converted type, no NaN; the first fault in one line."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

QUOTE = ord('"')
NO_MARKS = bytes(set(range(256)) - {QUOTE, ord(",")})
PIECE = 4_000_000  # bytes that are looked at at once


class StrictModel(BaseModel):
    """The base of whatever is read from outside JSON."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def describe_first_fault(error: ValidationError) -> str:
    """Say where the first fault is and what was expected there, not what came, which may be megabytes."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in fault["loc"])[:80]
    message = fault["msg"].removeprefix("Value error, ")[:160]
    return f"{where}: {message}" if where else message


def holds_more_values(text: bytes, most: int) -> bool:
    """Return whether JSON has more than `most` commas, and so more values, without parsing it.

    40 MB of empty lists are 13 million objects once they are parsed: seconds, and a gigabyte. What is nested without a
    comma stays: parsers refuse that by its depth at once. No 40 MB take longer than 0.4 s of a core (AMD EPYC).
    """
    if text.count(b",") <= most:  # those of strings count, too
        return False
    if b"\\" in text:  # what is left of a quote that stands in a string would end it
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(None, NO_MARKS)
    count, is_inside = 0, False
    for first in range(0, len(marks), PIECE):
        more, is_inside = count_commas(marks[first : first + PIECE], is_inside)
        count += more
        if count > most:
            return True
    return False


def count_commas(marks: bytes, is_inside: bool) -> tuple[int, bool]:
    """Count the commas outside strings in quotes and commas alone, of which the first may stand in a string; return
    whether the end does, too.
    """
    import numpy as np

    is_quote = np.frombuffer(marks, np.uint8) == QUOTE
    inside = np.logical_xor.accumulate(is_quote) ^ is_inside
    return int(np.count_nonzero(~(inside | is_quote))), bool(inside[-1])
