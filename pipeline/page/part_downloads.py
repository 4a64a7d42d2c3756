"""Fetch the parts of an engine that its first download leaves out, when somebody asks for what needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import gradio as gr

from pipeline.models.download import Download, format_bytes
from pipeline.models.locate import PresentParts
from pipeline.page.download_words import describe_progress, name_start
from pipeline.page.host import is_host
from pipeline.page.model_panel import HOST_ONLY
from pipeline.studio.opening import find_model_folder
from pipeline.studio.studio import Studio

MISSING = "Not on this machine yet: {title} ({size}, licence: {licence})."


class PartDownloads:
    """PartDownloads holds one studio's downloads, one for each thing that was asked for, whichever visitor did."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._downloads: dict[str, tuple[tuple[str, ...], Download]] = {}  # what for -> the roles, their download

    def describe(self, missing: Mapping[str, Iterable[str]], visitor: gr.Request) -> dict[str, Any]:
        """Describe the download of each thing whose parts are missing; `missing`: its name -> their roles."""
        return {name: self._describe_one(name, tuple(roles), visitor) for name, roles in missing.items() if roles}

    def start(self, name: str, roles: Iterable[str], visitor: gr.Request) -> None:
        """Start the download of what is missing of these parts, or continue it, if this visitor may."""
        missing = find_parts(self._studio).list_missing(roles)
        if missing and is_host(visitor, self._studio.settings):
            self._find_download(name, missing).start()

    def stop(self, name: str, visitor: gr.Request) -> None:
        """Stop the download for `name`, if this visitor may; what came stays."""
        if name in self._downloads and is_host(visitor, self._studio.settings):
            self._downloads[name][1].stop()

    def list_names(self) -> tuple[str, ...]:
        """List what downloads were asked for."""
        return tuple(self._downloads)

    def follow(self, visitor: gr.Request) -> tuple[dict[str, Any], bool]:
        """Describe the downloads whose parts are missing, and whether any of them moves."""
        files = find_parts(self._studio)
        asked = {name: files.list_missing(roles) for name, (roles, _) in tuple(self._downloads.items())}
        moves = any(download.state.stage == "running" for _, download in tuple(self._downloads.values()))
        return self.describe(asked, visitor), moves

    def _describe_one(self, name: str, roles: tuple[str, ...], visitor: gr.Request) -> dict[str, Any]:
        """Describe one thing's missing parts: what they are, how far they came, and what this visitor may do."""
        state = self._find_download(name, roles).state
        may_fetch, running = is_host(visitor, self._studio.settings), state.stage == "running"
        parts = [self._studio.profile.parts[role] for role in roles]
        told = [
            *(MISSING.format(title=part.title, size=format_bytes(part.size), licence=part.licence) for part in parts),
            describe_progress(state),
            "" if may_fetch else HOST_ONLY,
        ]
        return {
            "told": [words for words in told if words],
            "fraction": state.present / state.size if running or state.stage == "stopped" else None,
            "running": running,
            "start": name_start(state) if may_fetch and not running else "",
            "may_stop": may_fetch and running,
        }

    def _find_download(self, name: str, roles: tuple[str, ...]) -> Download:
        """Find the download for `name`; a new one where other parts are missing than it was made for."""
        known = self._downloads.get(name)
        if known is not None and (known[1].state.stage == "running" or known[0] == roles):
            known[1].refresh()  # a damaged file is removed when it is read
            return known[1]
        self._downloads[name] = roles, Download(self._studio.profile, roles=roles)
        return self._downloads[name][1]


def find_parts(studio: Studio) -> PresentParts:
    """Find the parts of the engine that draws that are on this machine."""
    return PresentParts(studio.profile, find_model_folder(studio.settings))
