"""Recognise generation data pasted as a prompt, and take it apart: AUTOMATIC1111's text, which many programs write.

a red house
Negative prompt: blurry
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512, Model: dreamshaper_8
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.request.noted_controlnets import take_controlnets

PASTED_LIMIT = 20_000  # characters of a whole text; each prompt in it has its own limit
NEGATIVE = re.compile(r"\s*\bNegative prompt:\s*", re.IGNORECASE)
SETTINGS = re.compile(r"(?:^|[\s,.])(Steps:\s*\d+\s*,\s*[A-Za-z][\w \-/]*:.*)$", re.IGNORECASE | re.DOTALL)
ENTRY = re.compile(r'\s*([A-Za-z][\w \-/]*):\s*("(?:\\.|[^\\"])*"|[^,\n]*)(?:,|\n|$)')
NAMES = MappingProxyType(
    {
        "steps": "num_inference_steps",
        "cfg scale": "guidance_scale",
        "seed": "seed",
        "sampler": "sampler",
        "variation seed": "variation_seed",
        "variation seed strength": "variation_strength",
    }
)
HIRES = MappingProxyType(  # entry -> setting of HiresFix; the size that stands beside them is the first pass's
    {"Hires upscale": "scale", "Denoising strength": "strength", "Hires steps": "num_inference_steps"}
)
UPSCALERS = MappingProxyType({"latent": "Latent", "lanczos": "Lanczos", "nearest": "Lanczos", "none": "Lanczos"})
SIZE = re.compile(r"(\d{1,6})\s*[x×]\s*(\d{1,6})")
WHOLE = re.compile(r"-?\d{1,25}")
FRACTION = re.compile(r"-?\d{1,25}(?:\.\d{1,25})?")


@dataclass(frozen=True)
class GenerationData:
    """What a pasted text holds, unchecked."""

    prompt: str
    negative_prompt: str
    settings: Mapping[str, object]  # by the names of settings, `width`, `height`, `hires`, `controlnets` among them
    others: Mapping[str, str]  # entries that Croquis has no setting for, by the names they came with


def read_generation_data(text: str) -> GenerationData | None:
    """Return the parts of a pasted text; None where it is a plain prompt."""
    found = SETTINGS.search(text)
    written = text[: found.start()] if found else text
    parts = NEGATIVE.split(written, maxsplit=1)
    if found is None and len(parts) == 1:
        return None
    settings, others = _read_entries(found.group(1) if found else "")
    return GenerationData(parts[0].strip(" ,\r\n"), "".join(parts[1:]).strip(" ,\r\n"), settings, others)


def _read_entries(written: str) -> tuple[dict[str, object], dict[str, str]]:
    settings: dict[str, object] = {}
    others: dict[str, str] = {}
    for name, value in ENTRY.findall(written):
        key, plain = name.strip().lower(), value.strip()
        if key == "size" and (size := SIZE.fullmatch(plain)):
            settings["width"], settings["height"] = int(size.group(1)), int(size.group(2))
        elif key == "clip skip" and WHOLE.fullmatch(plain):
            settings["clip_skip"] = int(plain) - 1  # which counts the last layer as 1
        elif key in NAMES:
            settings[NAMES[key]] = _read_value(plain)
        elif plain:
            others[name.strip()] = plain
    if hires := _take_hires(others):
        settings["hires"] = hires
    if controlnets := take_controlnets(others):
        settings["controlnets"] = controlnets
    if others.get("Schedule type") == "Karras" and settings.get("sampler") == "DPM++ 2M":
        settings["sampler"] = f"{settings['sampler']} {others.pop('Schedule type')}"
    return settings, others


def _take_hires(others: dict[str, str]) -> dict[str, object]:
    """Take a second pass out of `others` and return it by the names of HiresFix's settings; empty without one.

    Croquis enlarges finished pictures too and notes that alike, but never with the steps of a second pass.
    """
    is_ours = others.get("Version") == "Croquis"
    if not {"Hires upscale", "Denoising strength"} <= others.keys() or (is_ours and "Hires steps" not in others):
        return {}
    taken = {setting: _read_value(others.pop(name)) for name, setting in HIRES.items() if name in others}
    written = others.get("Hires upscaler", "")
    upscaler = next((known for word, known in UPSCALERS.items() if written.lower().startswith(word)), "waifu2x")
    if upscaler.lower() == written.lower():  # any other is told as left out: ours takes its place
        del others["Hires upscaler"]
    return {**taken, "upscaler": upscaler}


def _read_value(written: str) -> object:
    if WHOLE.fullmatch(written):
        return int(written)
    return float(written) if FRACTION.fullmatch(written) else written
