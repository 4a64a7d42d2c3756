"""Make requests as tests write them: flat, each setting by its name."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from pipeline.controls import group_settings
from pipeline.prompt_syntax import Prompt
from pipeline.values import GenerationRequest

FIELDS = {each.name for each in fields(GenerationRequest)}


def make_flat_request(**given: Any) -> GenerationRequest:
    """Make a request of settings by their names; prompts may be text."""
    own = {name: value for name, value in given.items() if name in FIELDS}
    own |= {name: Prompt(own[name]) for name in ("prompt", "negative_prompt") if isinstance(own[name], str)}
    settings = {name: value for name, value in given.items() if name not in FIELDS}
    sampling, conditioning = group_settings(settings)
    assert not settings.keys() - {each.name for group in (sampling, conditioning) for each in fields(group)}
    return GenerationRequest(sampling=sampling, conditioning=conditioning, **own)


def change_request(request: GenerationRequest, **changes: Any) -> GenerationRequest:
    """Return the request with other fields and settings, each by its name; prompts may be text."""
    own = {name: value for name, value in changes.items() if name in FIELDS}
    own |= {name: Prompt(value) for name, value in own.items() if isinstance(value, str) and "prompt" in name}
    return replace(request, **own).with_settings(**{name: changes[name] for name in changes if name not in FIELDS})
