"""Keep the library of styles: folders of a style.json and a reference image, built in or added by a person."""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles.reference import check_reference, crop_reference, encode_reference
from pipeline.styles.style_words import NAME_LIMIT, RESERVED, clean_name, clean_words, make_slug
from pipeline.styles.taught_files import LOOK, check_travelled, read_taught
from pipeline.taught import read_look
from pipeline.values import Style

log = logging.getLogger(__name__)

STYLE_LIMIT = 10_000
FILE_LIMIT = 64_000  # bytes of a style.json

DATA, REFERENCE = "style.json", "reference.webp"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KEYS = ("id", "name", "words", "template", "licence", "credit")


class StyleLibrary:
    """The styles by id. Safe to use from many threads.

    A broken built-in folder raises StyleError; a broken added one is left out and described in `problems`.
    """

    def __init__(self, builtin: Path, added: Path) -> None:
        self._added = added
        self._lock = threading.Lock()
        self.problems: tuple[str, ...] = ()
        styles = {folder.name: read_style(folder, builtin=True) for folder in _list_folders(builtin)}
        if not styles:
            raise StyleError(f"There are no styles in {builtin}.")
        self._publish(styles | self._read_added(styles))

    def all(self) -> tuple[Style, ...]:
        """Return all styles, built-in ones first, each group by id: the same object until one is added or removed."""
        return self._sorted

    def get(self, id: str) -> Style:
        """Return the style with this id. Raises StyleError that names the nearest ids."""
        style = self._styles.get(id) if isinstance(id, str) else None
        if style is None:
            raise StyleError(f"There is no style {_shorten(id)}.{self._suggest(id)}")
        return style

    def name_style(self, id: str) -> str:
        """Return the name of a style, or its id where there is none any more."""
        return self._styles[id].name if id in self._styles else id

    def add(self, image: Image.Image, name: str, words: str = "") -> Style:
        """Keep a square of `image` as a style that survives a restart.

        `words` are phrases with commas between them. Raises StyleError for a name that is missing, taken or too
        long, words too long, an image too small or broken, or a full library.
        """
        return self._keep(encode_reference(crop_reference(image)), clean_name(name), clean_words(words))

    def teach(self, image: Image.Image, name: str, beside: Mapping[str, bytes]) -> Style:
        """Keep a style that several pictures taught; `beside` is as taught_files.pack_taught makes it.

        Raises StyleError as `add` does.
        """
        return self._keep(encode_reference(crop_reference(image)), clean_name(name), (), beside)

    def expect_free_name(self, name: str) -> str:
        """Return a new style's name, cleaned. Raises StyleError where there is one called so, or it is no name."""
        cleaned = clean_name(name)
        self._refuse_duplicate(cleaned)
        return cleaned

    def adopt(self, picture: bytes, name: str, words: str = "", beside: Mapping[str, bytes] | None = None) -> Style:
        """Keep a style of another library, its picture as it is: equal bytes paint equally.

        `picture` is as a style's folder holds one, `beside` what its pictures taught it. A style with this picture that
        learnt the same and is here already is returned; a name that is taken gets a number. Raises StyleError as `add`
        does.
        """
        check_reference(picture, "The style's picture")
        check_travelled(beside or {})
        name, phrases = clean_name(name), clean_words(words)
        sha256 = hashlib.sha256(picture).hexdigest()
        taught = read_look(beside[LOOK], "Its look").make_taught(None) if beside else None
        same = next((each for each in self._sorted if (each.sha256, each.taught) == (sha256, taught)), None)
        return same or self._keep(picture, self.find_free_name(name), phrases, beside)

    def find_lora(self, sha256: str) -> Path | None:
        """Return the file of the LoRA with this hash, whichever style it belongs to; None where it is not here."""
        taught = (style.taught for style in self._sorted if style.taught is not None)
        return next((each.lora for each in taught if each.lora is not None and each.lora_sha256 == sha256), None)

    def find_free_name(self, name: str) -> str:
        """Return `name`, or where a style is called so, the first of "name 2", "name 3", ... that is free."""
        taken = {style.name.casefold() for style in self._sorted}
        numbered = (f"{name[: NAME_LIMIT - 6].rstrip()} {number}" for number in range(2, STYLE_LIMIT + 3))
        return next(each for each in (name, *numbered) if each.casefold() not in taken)

    def rename(self, id: str, name: str, words: str) -> Style:
        """Give an added style another name and other words, its id and picture stay. Raises StyleError as `add`."""
        cleaned, phrases = clean_name(name), clean_words(words)
        with self._lock:
            style = self._expect_added(id, "be renamed")
            if cleaned.casefold() != style.name.casefold():
                self._refuse_duplicate(cleaned)
            folder = style.image.parent
            write_data(folder, _make_data(id, cleaned, phrases))
            changed = read_style(folder, builtin=False)
            self._publish({**self._styles, id: changed})
        return changed

    def remove(self, id: str) -> None:
        """Delete an added style. Raises StyleError for one that is unknown or built in."""
        with self._lock:
            style = self._expect_added(id, "go")
            self._publish({key: kept for key, kept in self._styles.items() if key != style.id})
            doomed = Path(tempfile.mkdtemp(dir=self._added, prefix=".removed-"))
            os.replace(style.image.parent, doomed / style.id)  # at once, so that a crash leaves no half style
            shutil.rmtree(doomed, ignore_errors=True)

    def _keep(
        self, picture: bytes, name: str, phrases: tuple[str, ...], beside: Mapping[str, bytes] | None = None
    ) -> Style:
        """Write a new style and list it. Raises StyleError where the name is taken or the library full."""
        with self._lock:
            self._refuse_duplicate(name)
            folder = self._write_folder(
                _make_data(self._free_id(name), name, phrases), {REFERENCE: picture, **(beside or {})}
            )
            style = read_style(folder, builtin=False)
            self._publish({**self._styles, style.id: style})
        return style

    def _expect_added(self, id: str, what: str) -> Style:
        """Return the style with this id. Raises StyleError for one that is unknown or came with Croquis."""
        style = self.get(id)
        if style.builtin:
            raise StyleError(f"{style.name} belongs to the program and stays. Only styles you added can {what}.")
        return style

    def _publish(self, styles: dict[str, Style]) -> None:
        self._styles = styles
        self._sorted = tuple(sorted(styles.values(), key=lambda style: (not style.builtin, style.id)))

    def _read_added(self, builtin: dict[str, Style]) -> dict[str, Style]:
        read: dict[str, Style] = {}
        for folder in _list_folders(self._added):
            try:
                if folder.name in builtin:
                    raise StyleError(f"{folder}: a built-in style has the id {folder.name!r} already.")
                read[folder.name] = read_style(folder, builtin=False)
            except StyleError as error:
                log.warning("An added style was left out. %s", error)
                self.problems += (str(error),)
        return read

    def _suggest(self, id: object) -> str:
        by_name = {style.name.lower(): style.id for style in self._sorted}
        asked = str(id)[:NAME_LIMIT].lower()
        near = difflib.get_close_matches(asked, [*self._styles, *by_name], n=5, cutoff=0.5)
        ids = list(dict.fromkeys(by_name.get(word, word) for word in near))[:3]
        return f" Did you mean {' or '.join(ids)}?" if ids else " See the list of styles for those there are."

    def _refuse_duplicate(self, name: str) -> None:
        if len(self._styles) >= STYLE_LIMIT:
            raise StyleError(f"The library holds at most {STYLE_LIMIT:,} styles. Remove one first.")
        if any(style.name.casefold() == name.casefold() for style in self._sorted):
            raise StyleError(f"There is a style called {name!r} already. Give this one another name.")

    def _free_id(self, name: str) -> str:
        """Return an id that is free: names that differ may share a slug ("Café", "Cafe"), and a broken folder may."""
        stem = make_slug(name)
        for number in range(1, STYLE_LIMIT + 2):
            id = stem if number == 1 else f"{stem}-{number}"
            if id not in self._styles and not (self._added / id).exists():
                return id
        raise StyleError(f"Too many styles are called like {name!r}.")

    def _write_folder(self, data: dict[str, Any], files: Mapping[str, bytes]) -> Path:
        """Write the whole folder or nothing."""
        target = self._added / str(data["id"])
        try:
            self._added.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self._added, prefix=".new-"))
            try:
                write_data(temporary, data)
                for file, content in files.items():
                    (temporary / file).write_bytes(content)
                os.replace(temporary, target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise StyleError(f"The style could not be kept in {self._added}: {error}") from error
        return target


def write_data(folder: Path, data: dict[str, Any]) -> None:
    """Write a style's name, words and the rest into its folder, whole or not at all. Raises StyleError."""
    temporary = folder / f".{DATA}"
    try:
        temporary.write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
        os.replace(temporary, folder / DATA)
    except OSError as error:
        raise StyleError(f"The style could not be kept in {folder}: {error}") from error


def read_style(folder: Path, *, builtin: bool) -> Style:
    """Read one style's folder. Raises StyleError that names the file and what is wrong in it."""
    data = _read_data(folder / DATA)
    if data["id"] != folder.name:
        raise StyleError(f"{folder / DATA}: id is {data['id']!r}, but the folder is {folder.name!r}.")
    sha256 = _read_reference(folder / REFERENCE)
    try:
        said = {**data, "words": tuple(data["words"])}
        taught = read_taught(folder)
        return Style(**said, sha256=sha256, image=folder / REFERENCE, builtin=builtin, taught=taught)
    except StyleError as error:
        raise StyleError(f"{folder / DATA}: {error}") from error


def _make_data(id: str, name: str, phrases: tuple[str, ...]) -> dict[str, Any]:
    look = name.replace("{", "(").replace("}", ")")  # braces would make it a template of its own
    return {
        "id": id,
        "name": name,
        "words": list(phrases),
        "template": f"{{prompt}}, {look} style",
        "licence": "the adder's own",
        "credit": "added on this machine",
    }


def _list_folders(parent: Path) -> Iterator[Path]:
    """List folders, sorted; those that start with a dot or an underscore are work in progress."""
    if parent.is_dir():
        yield from sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))


def _read_data(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > FILE_LIMIT:
            raise StyleError(f"{file} is larger than {FILE_LIMIT:,} bytes.")
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StyleError(f"{file} is missing or cannot be read: {error}") from error
    _check_data(file, data)
    return dict(data)


def _check_data(file: Path, data: object) -> None:
    if not isinstance(data, dict):
        raise StyleError(f"{file} holds {type(data).__name__}, not an object with {', '.join(KEYS)}.")
    if unknown := sorted(set(data) - set(KEYS)):
        raise StyleError(f"{file}: unknown key {unknown[0]!r}. A style has {', '.join(KEYS)}.")
    if missing := [key for key in KEYS if key not in data]:
        raise StyleError(f"{file}: the key {missing[0]!r} is missing.")
    for key in KEYS:
        if key != "words" and not (isinstance(data[key], str) and data[key].strip()):
            raise StyleError(f"{file}: {key} is {_shorten(data[key])}, not a text.")
    words = data["words"]
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise StyleError(f"{file}: words is {_shorten(words)}, not a list of texts.")
    if not ID.fullmatch(data["id"]) or data["id"] in RESERVED:
        raise StyleError(f"{file}: id is {_shorten(data['id'])}; it is made of a-z, 0-9 and single dashes.")


def _read_reference(file: Path) -> str:
    """Return the SHA-256 of a reference image. Raises StyleError where it is of another kind or size."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StyleError(f"{file} is missing or not an image: {error}") from error
    check_reference(content, str(file))
    return hashlib.sha256(content).hexdigest()


def _shorten(value: object) -> str:
    text = repr(value[: NAME_LIMIT + 1] if isinstance(value, str) else value)
    return text if len(text) <= NAME_LIMIT else text[:NAME_LIMIT] + "..."
