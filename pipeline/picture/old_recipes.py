"""Read recipes of earlier versions as this version's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.models.catalog import POCKET
from pipeline.request.presets import WHOLE_STYLE, get_menu

ANOTHER_MODEL = ("num_inference_steps", "guidance_scale", "lines")  # meant something else to it, or nothing


def upgrade_recipe(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's values as version 3 has them.

    Versions 1 and 2 of the pocket engine were drawn by a diffusion model with samplers and shortcuts of its own:
    today's model takes its usual ones in their place. Everything else carries over.
    """
    if written["version"] >= 3 or written["engine"] != POCKET.name:
        return dict(written)
    menu = get_menu(POCKET.name)
    usual = {**POCKET.defaults, **menu.find_preset(menu.preset).numbers}
    changed = {name: usual[name] for name in ANOTHER_MODEL}
    sampler = menu.find_preset(menu.preset).sampler
    return {**written, **changed, "sampler": sampler, "style_focus": WHOLE_STYLE, "levers": {}}
