"""Draw each style's thumbnail: the pocket model's own picture of one and the same drawing, so that it promises what
comes.

Those of the styles that come with Croquis ship beside their references; a style that a person added gets its own from
the engine that runs, in the background.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from pipeline.errors import CroquisError
from pipeline.models.catalog import POCKET
from pipeline.sealed_file import seal, unseal
from pipeline.studio.shown_drawing import make_order
from pipeline.values import Style
from pipeline.whole_file import write_whole

if TYPE_CHECKING:
    from pipeline.studio.studio import Studio

log = logging.getLogger(__name__)

FILE = "thumbnail.webp"  # beside a style's reference
SIDE = 160  # px
QUALITY = 62  # of WebP


def draw_thumbnail(studio: Studio, style: Style) -> Image.Image:
    """Draw a style's thumbnail with the studio's engine, RGB, SIDE x SIDE px. Raises as Studio.draw does."""
    picture = studio.draw(make_order(studio.profile, studio.settings.assets, style.id)).image
    return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def encode_thumbnail(image: Image.Image) -> bytes:
    """Return a thumbnail as the bytes of its WebP file."""
    stored = io.BytesIO()
    image.save(stored, "WEBP", quality=QUALITY, method=6)
    return stored.getvalue()


def save_thumbnail(image: Image.Image, file: Path) -> None:
    """Write a thumbnail's file, whole or not at all. Raises OSError."""
    write_whole(file, encode_thumbnail(image))


class Thumbnails:
    """Thumbnails finds each style's thumbnail, and draws those that are missing. Safe to use from many threads."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._drawing = threading.Lock()  # one at a time: whoever draws a picture goes first in between

    @property
    def folder(self) -> Path:
        """Return the folder of the thumbnails of added styles."""
        return self._studio.settings.caches / "thumbnails"

    def find(self, style: Style) -> Path | None:
        """Return the file of a style's thumbnail; None where there is none yet, or a byte of it was changed."""
        if (shipped := style.image.with_name(FILE)).is_file():
            return shipped
        file = self._name_file(style)
        return file if file is not None and is_whole(file) else None

    def is_coming(self, style: Style) -> bool:
        """Return whether a thumbnail will be drawn for a style that has none."""
        return self.draws and self.find(style) is None

    def draw_missing(self, styles: Iterable[Style]) -> None:
        """Draw the thumbnails that are missing, once the engine is loaded. A style that cannot be drawn is logged."""
        if not self.draws:
            return
        self._studio.engine_or_none()
        with self._drawing:
            for style in styles:
                if self.is_coming(style) and (file := self._name_file(style)) is not None:
                    self._draw_one(style, file)

    def draw_in_background(self, styles: Iterable[Style]) -> threading.Thread:
        """Begin `draw_missing` in a thread of its own, and return that."""
        thread = threading.Thread(
            target=self.draw_missing, args=(tuple(styles),), name="croquis-thumbnails", daemon=True
        )
        thread.start()
        return thread

    @property
    def draws(self) -> bool:
        """Return whether missing ones are drawn: by the pocket model, quick enough and what they promise."""
        return self._studio.profile.name == POCKET.name

    def _draw_one(self, style: Style, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, seal(encode_thumbnail(draw_thumbnail(self._studio, style))))
        except (CroquisError, OSError) as error:
            log.warning("The style %r has no thumbnail: %s", style.id, error)

    def _name_file(self, style: Style) -> Path | None:
        """Return where a style's thumbnail is kept: named by its picture and the weights that draw it; None before the
        engine is loaded.
        """
        if not self._studio.loading.ready:
            return None
        drawn_by = hash_revisions(self._studio.engine.revisions)
        learnt = "" if style.taught is None else f"-{style.taught.sha256[:12]}"
        return self.folder / f"{style.sha256[:24]}{learnt}-{drawn_by}.webp"


def is_whole(file: Path) -> bool:
    """Return whether a sealed file is there with every byte as it was written."""
    try:
        return unseal(file.read_bytes()) is not None
    except OSError:
        return False


def hash_revisions(revisions: Mapping[str, str]) -> str:
    """Return twelve hexadecimal characters that change with any part's revision."""
    return hashlib.sha256(json.dumps(sorted(revisions.items())).encode()).hexdigest()[:12]
