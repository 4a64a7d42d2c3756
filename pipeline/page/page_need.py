"""Read what the page's picture would load, as it is chosen there, for the memory plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.controls import Shortcuts, group_settings
from pipeline.models.profile import ModelProfile
from pipeline.page.memory_need import MemoryNeed, count_file_bytes, plan_need
from pipeline.page.quality import adapt_settings
from pipeline.request.controlnets import parse_controlnets
from pipeline.request.hires import parse_hires
from pipeline.request.notation import parse_shortcuts, parse_style
from pipeline.request.order import parse_name, read_loras
from pipeline.request.own_loras import take_tags
from pipeline.request.presets import Menu, get_menu
from pipeline.sketch.canvas import read_canvas
from pipeline.studio.own_weights import find_weights
from pipeline.studio.studio import Studio


def read_page_need(studio: Studio, size: tuple[int, int], settings: Mapping[str, Any], canvas: str) -> MemoryNeed:
    """Read what the page's picture would load at a size (width, height in px), drawn by the engine that draws now.

    `settings` are the page's, by the names of page_order.SETTINGS. Raises SettingError, StyleError and SketchError.
    """
    profile = studio.profile
    menu, chosen = get_menu(profile.name), adapt_settings(settings, profile)
    shortcuts = parse_shortcuts(chosen["levers"], menu.find_preset(chosen["preset"]).shortcuts)
    starts = menu.starts_from_pictures and bool(canvas) and read_canvas(canvas).strength is not None
    need = plan_need(
        studio,
        profile.name,
        controlnet_count=plan_controlnets(profile, menu, chosen["controlnets"], shortcuts),
        loras=chosen["loras"] if menu.own_weights else "",
        style=chosen["style"],
        few_steps=shortcuts.few_steps,
        ip_adapter=chosen["ip_adapter"],
        starts=starts,
        new_style=looks_at_style(studio, chosen),
    )
    hires = chosen["hires"] if menu.hires_from and not starts else ""
    engine = studio.find_engine()
    fills = engine is not None and engine.fills_parts
    is_twice = parse_hires(profile, menu, hires, size, starts).scale > 1
    tagged = count_tagged_bytes(studio, profile, menu, chosen)
    return replace(need, loras=need.loras + tagged, encodes=starts or is_twice or fills)


def looks_at_style(studio: Studio, chosen: Mapping[str, Any]) -> bool:
    """Return whether the image encoder looks at what is worn first: any style of the library where Croquis chooses."""
    engine = studio.find_engine()
    if engine is None or not chosen["ip_adapter_scale"]:
        return False
    worn = [studio.find_style(id) for id, _ in parse_style(chosen["style"])] or studio.library.all()
    return not engine.knows_styles(worn, parse_name("ip_adapter", chosen["ip_adapter"]) or "")


def plan_controlnets(profile: ModelProfile, menu: Menu, controlnets: object, shortcuts: Shortcuts) -> int:
    """Count the ControlNets that are chosen and steer; 1 where Croquis chooses. Raises SettingError."""
    if not menu.controlnets:
        return 1
    _, conditioning = group_settings({**profile.defaults, "seed": 0, "variation_seed": 0})
    chosen = parse_controlnets(profile, menu, controlnets, conditioning, shortcuts)
    return sum(settings.controlnet_conditioning_scale > 0 for _, settings in chosen) or 1


def count_tagged_bytes(studio: Studio, profile: ModelProfile, menu: Menu, chosen: Mapping[str, Any]) -> int:
    """Count the bytes in 16 bits of the LoRAs that tags in the page's words name beside the chosen ones."""
    if not menu.own_weights:
        return 0
    asked = {wish.name for wish in read_loras(menu, chosen["loras"])}
    wishes = [wish for wish in take_tags(chosen["prompt"])[1] if wish.name not in asked]
    return count_file_bytes(each.file for each in find_weights(studio.own_files, profile.name, wishes, ()).loras)
