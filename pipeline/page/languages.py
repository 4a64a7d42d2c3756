"""Let the page speak the browser's language: English text is the key, assets/languages/ holds the translations.

The scripts translate what they show and what the server tells them (assets/words.js); here Gradio gets what it shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.i18n import I18nData

from pipeline.errors import CroquisError
from pipeline.models.catalog import PROFILES
from pipeline.models.profile import ModelProfile
from pipeline.page.left_out import OTHERWISE
from pipeline.page.quality import OWN_STRENGTH, list_limits

LANGUAGES = {"de": "de", "es": "es", "fr": "fr", "ja": "ja", "zh": "zh-CN"}  # the catalogue's name: Gradio's locale
TEXTS = ("label", "info", "placeholder")  # attributes of components that a person reads


def read_catalogue(assets: Path, language: str) -> dict[str, str]:
    """Read a language's catalogue: English text -> its translation. Raises CroquisError where it is broken."""
    file = assets / "languages" / f"{language}.json"
    try:
        read = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CroquisError(f"{file} cannot be read: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(text, str) for text in read.values()):
        raise CroquisError(f"{file} is an object of texts; something else is in it.")
    return read


def mark_page(page: gr.Blocks) -> None:
    """Mark every text that the page's components show, so that Gradio's script translates it."""
    for block in list_components(page):
        for name, text in list_attributes(block):
            setattr(block, name, I18nData(text))


def mark_texts(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's changes, as gr.update takes them, with its texts marked to be translated."""
    return {name: I18nData(value) if name in TEXTS and value else value for name, value in changes.items()}


def make_translations(page: gr.Blocks, assets: Path) -> gr.I18n:
    """Make Gradio's translations of every text that the page's components show."""
    shown = {OTHERWISE, OWN_STRENGTH, *list_texts(page)}.union(*map(list_profile_texts, PROFILES.values()))
    catalogues = {locale: read_catalogue(assets, language) for language, locale in LANGUAGES.items()}
    translated = {locale: {text: known[text] for text in shown & known.keys()} for locale, known in catalogues.items()}
    return gr.I18n(en={}, **translated)


def list_texts(page: gr.Blocks) -> Iterator[str]:
    """List the texts that the page's components show, their choices included."""
    for block in list_components(page):
        yield from (str(text) for _, text in list_attributes(block))
        yield from map(read_choice, getattr(block, "choices", None) or ())


def list_profile_texts(profile: ModelProfile) -> set[str]:
    """List the texts that components show once this profile's engine draws."""
    offered = list_limits(profile).values()
    texts = {limits[name] for limits in offered for name in TEXTS if name in limits}
    return texts | {read_choice(choice) for limits in offered for choice in limits.get("choices", ())}


def read_choice(choice: object) -> str:
    """Return what is shown of a choice: the first of a pair, or the choice itself."""
    return str(choice[0] if isinstance(choice, tuple | list) else choice)


def list_components(block: Any) -> Iterator[Any]:
    """List the components that stand on the page; those of the API's endpoints do not."""
    for child in getattr(block, "children", ()):
        if isinstance(child, Api):
            continue
        yield child
        yield from list_components(child)


def list_attributes(block: Any) -> Iterator[tuple[str, Any]]:
    """List the attributes of a component that hold a text to be read; a hidden one has none."""
    if getattr(block, "visible", True) == "hidden":
        return
    names = (*TEXTS, "value") if isinstance(block, gr.Button) else TEXTS
    for name in names:
        text = getattr(block, name, None)
        if isinstance(text, str | I18nData) and str(text).strip():
            yield name, getattr(text, "key", text)
