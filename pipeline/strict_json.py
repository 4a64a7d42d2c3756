"""Read JSON from outside strictly: no unknown key, no converted type, no NaN; the first fault in one line."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class StrictModel(BaseModel):
    """The base of whatever is read from outside JSON."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def describe_first_fault(error: ValidationError) -> str:
    """Say where the first fault is and what was expected there, not what came, which may be megabytes."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in fault["loc"])[:80]
    message = fault["msg"].removeprefix("Value error, ")[:160]
    return f"{where}: {message}" if where else message
