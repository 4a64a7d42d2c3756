"""Bring back what a dropped picture or a pasted text of another program says: words, numbers, the picture itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.hints import HintSettings
from pipeline.models.own_files import OwnFiles
from pipeline.models.profile import ModelProfile
from pipeline.page import view
from pipeline.picture.png_chunks import SIGNATURE, read_texts
from pipeline.picture.png_file import KEYWORD, read_lone_strokes, read_notes
from pipeline.request.controlnets import write_controlnets
from pipeline.request.foreign_data import READERS, read_foreign_data
from pipeline.request.generation_data import PASTED_LIMIT, GenerationData, read_generation_data
from pipeline.request.order import make_offer
from pipeline.request.own_loras import LoraWish, take_data_tags, write_loras
from pipeline.request.presets import get_menu
from pipeline.request.words import PASTED, restore_words, take_settings
from pipeline.sketch.image_file import open_image
from pipeline.studio.own_controlnets import keep_known_models
from pipeline.studio.own_weights import find_weights

KEYWORDS = ("workflow", *(keyword for keyword, _, _ in READERS))
DRAWING_BACK = "The drawing is back, stroke by stroke."
UNREAD = "This picture notes how it was made, in a form that is not read here; it lies on the sheet."


@dataclass(frozen=True)
class Restored:
    """Restored holds what changes on the page."""

    settings: Mapping[str, Any] = field(default_factory=dict)  # by the names of SETTINGS; the others stay
    message: str = ""
    canvas: str | None = None  # None: the drawing stays


def is_own_picture(data: bytes) -> bool:
    """Return whether a file is a PNG that carries a recipe of Croquis. Raises PictureFileError for a damaged PNG."""
    return data.startswith(SIGNATURE) and KEYWORD in read_texts(data)


def restore_picture(profile: ModelProfile, data: bytes, files: OwnFiles | None = None) -> Restored:
    """Lay a picture file on the sheet, and bring back what its program noted; of a drawing of ours, its strokes.

    Raises SketchError, PictureFileError.
    """
    if data.startswith(SIGNATURE) and (strokes := read_lone_strokes(data)) is not None:
        return Restored(message=DRAWING_BACK, canvas=strokes)
    canvas = view.build_picture_canvas(open_image(data, "picture"))
    notes = read_notes(data, KEYWORDS) if data.startswith(SIGNATURE) else {}
    if (found := read_foreign_data(notes)) is None:
        return Restored(message=UNREAD if notes else "", canvas=canvas)
    program, noted = found
    settings, message = restore_data(profile, noted, f"This picture was made by {program}", files)
    return Restored(settings, message, canvas)


def restore_text(profile: ModelProfile, text: object, files: OwnFiles | None = None) -> Restored:
    """Bring back the words and numbers of pasted generation data; nothing where a text is a plain prompt."""
    if not isinstance(text, str) or len(text) > PASTED_LIMIT or (noted := read_generation_data(text)) is None:
        return Restored()
    return Restored(*restore_data(profile, noted, PASTED, files))


def restore_data(
    profile: ModelProfile, data: GenerationData, source: str, files: OwnFiles | None = None
) -> tuple[dict[str, Any], str]:
    """Return the page's settings that generation data gives, and what to say of it. Raises SettingError."""
    wishes: tuple[LoraWish, ...] = ()
    if get_menu(profile.name).own_weights:
        data, wishes = take_data_tags(data)
    own = find_weights(files or OwnFiles(()), profile.name, wishes, ())
    words = restore_words(data)
    settings, notices = take_settings(words, {}, make_offer(profile), source)
    asked = {"prompt": words.prompt.text, "negative_prompt": words.negative_prompt.text}
    loras = {"loras": write_loras(tuple((each.name, each.weight) for each in own.loras))}
    if "hires" in settings:
        settings["hires"] = json.dumps(settings["hires"])  # as the page keeps it
    if "controlnets" in settings:
        settings["controlnets"], told = restore_controlnets(settings["controlnets"], files or OwnFiles(()))
        notices += told
    return settings | asked | loras, " ".join((*notices, *own.notices))


def restore_controlnets(noted: Any, files: OwnFiles) -> tuple[str, tuple[str, ...]]:
    """Return the ControlNets that a text notes as the page keeps them, and what to say of those that are not here."""
    chosen = tuple((name, HintSettings(**settings)) for name, settings in noted.items())
    known, notices = keep_known_models(chosen, files)
    return json.dumps(write_controlnets(known)), notices
