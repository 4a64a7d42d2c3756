"""Describe the inputs of a drawing as JSON Schema, for OpenAPI and for MCP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pipeline.controls import BATCH, CONTROL_BY_NAME, Control
from pipeline.request.inputs import DRAW_INPUTS, Input


def describe_inputs(file_schema: Mapping[str, Any], *, as_form: bool = False) -> dict[str, Any]:
    """Return the schema of an object with all inputs; `file_schema` says how an image file is sent.

    In a form, JSON objects are their text.
    """
    return {
        "type": "object",
        "properties": {each.name: describe_input(each, file_schema, as_form=as_form) for each in DRAW_INPUTS},
        "additionalProperties": False,
    }


def describe_input(each: Input, file_schema: Mapping[str, Any], *, as_form: bool) -> dict[str, Any]:
    """Return the schema of one input, with its meaning and its default where it has one."""
    described = {**describe_kind(each, file_schema, as_form=as_form), "description": each.meaning}
    return described if each.default is None else {**described, "default": each.default}


def describe_kind(each: Input, file_schema: Mapping[str, Any], *, as_form: bool) -> dict[str, Any]:
    """Return what values an input takes."""
    if each.is_file:
        return dict(file_schema)
    if each.is_object:
        return {"type": "string"} if as_form else {"type": ["object", "string"]}
    if get_origin(each.kind) is Literal:
        return {"type": "string", "enum": list(get_args(each.kind))}
    if each.number is None:
        return {"type": "string"}
    return {"type": "integer" if each.number is int else "number", **describe_limits(each.name)}


def describe_limits(name: str) -> dict[str, float]:
    """Return the limits of a number that has the same for every engine; sizes have not."""
    control: Control | None = BATCH if name == BATCH.name else CONTROL_BY_NAME.get(name)
    return {} if control is None else {"minimum": control.minimum, "maximum": control.maximum}
