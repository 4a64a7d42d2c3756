"""Read JSON from outside strictly: no unknown key, no converted type, no NaN; the first fault in one line."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, ValidationError

STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: no text makes it try twice


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
    comma stays: parsers refuse that by its depth at once.
    """
    if text.count(b",") <= most:  # those of strings count, too
        return False
    return STRING.sub(b"", text).count(b",") > most
