"""Keep styles that came with a picture file and are not in the library: each is found by its id alone.

They are in no list and in no search, and they end with the program: a picture is worn as it travelled, and nobody
else's library grows by opening it. Who wants to keep one adds it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles.library import DATA, REFERENCE, StyleLibrary, read_style
from pipeline.styles.reference import crop_reference, encode_reference
from pipeline.styles.style_file import read_style_file, write_style_file
from pipeline.styles.style_words import clean_name, clean_words, make_slug
from pipeline.styles.taught_files import LOOK
from pipeline.taught import Taught, write_look
from pipeline.values import Style

LENT_KEPT = 64  # the styles lent last
CREDIT = "came with a picture file"


class LentStyles:
    """LentStyles holds the styles lent last, in a temporary folder. Safe to use from many threads."""

    def __init__(self, find_lora: Callable[[str], Path | None] = lambda sha256: None) -> None:
        """Take what finds a LoRA that is here by its hash: those of taught styles do not travel with pictures."""
        self._find_lora = find_lora
        self._lock = threading.Lock()
        self._styles: dict[str, Style] = {}

    @cached_property
    def _folder(self) -> Path:
        self._temporary = tempfile.TemporaryDirectory(prefix="croquis-styles-")
        return Path(self._temporary.name)

    def find(self, id: object) -> Style | None:
        """Return the lent style of this id; None where none is."""
        return self._styles.get(id) if isinstance(id, str) else None

    def lend(self, image: Image.Image, name: str, words: Sequence[str], taught: Taught | None = None) -> Style:
        """Return a style made of a picture that travelled, and of what several taught it, the same one for the same
        picture. Raises StyleError.
        """
        name, phrases = clean_name(name), clean_words(", ".join(words))
        learnt = "" if taught is None else taught.sha256
        digest = hashlib.sha256(image.tobytes() + name.encode() + learnt.encode()).hexdigest()[:10]
        id = f"{make_slug(name)}-lent-{digest}"
        with self._lock:
            style = self._styles.pop(id, None) or self._write(id, name, phrases, crop_reference(image), taught)
            self._styles[id] = style
            for oldest in list(self._styles)[:-LENT_KEPT]:
                del self._styles[oldest]
        return style

    def _write(
        self, id: str, name: str, phrases: tuple[str, ...], reference: Image.Image, taught: Taught | None
    ) -> Style:
        folder = self._folder / id
        look = name.replace("{", "(").replace("}", ")")  # braces would make it a template of its own
        data = {"id": id, "name": name, "words": list(phrases), "template": f"{{prompt}}, {look} style"}
        try:
            folder.mkdir(exist_ok=True)
            (folder / DATA).write_text(json.dumps({**data, "licence": "the adder's own", "credit": CREDIT}), "utf-8")
            (folder / REFERENCE).write_bytes(encode_reference(reference))
            if taught is not None:
                (folder / LOOK).write_text(write_look(taught), "utf-8")
        except OSError as error:
            raise StyleError(f"The style {name!r} that came with the picture could not be kept: {error}") from error
        style = read_style(folder, builtin=False)
        if taught is None or not taught.lora_sha256:
            return style
        return replace(style, taught=replace(taught, lora=self._find_lora(taught.lora_sha256)))


def keep_style(library: StyleLibrary, lent: Style) -> Style:
    """Add a lent style to the library, with what it learnt. Raises StyleError as StyleLibrary.add does."""
    if lent.taught is not None:
        read = read_style_file(write_style_file(lent))
        return library.adopt(read.picture, read.name, read.words, read.beside)
    with Image.open(lent.image) as image:
        return library.add(image.convert("RGB"), lent.name, ", ".join(lent.words))
