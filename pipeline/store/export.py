"""Let a visitor take pictures along: one zip, streamed file by file, so that thousands need no memory and no disk."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import select

from pipeline.store.history import History
from pipeline.store.tables import Picture

WORDS_LIMIT = 60  # characters of the words in a file's name


def list_files(history: History, visitor: str, ids: Sequence[str] | None) -> list[tuple[str, Path]]:
    """List (name in the zip, file) of a visitor's pictures, oldest first; all of them where `ids` is None."""
    wanted = select(Picture).where(Picture.visitor == visitor, Picture.deleted_at.is_(None)).order_by(Picture.number)
    if ids is not None:
        wanted = wanted.where(Picture.id.in_(ids))
    with history.database.read() as session:
        return [(name_file(row), history.files.locate_picture(visitor, row.id)) for row in session.scalars(wanted)]


def name_file(picture: Picture) -> str:
    """Name a picture's file by its time, its words and its id, in letters that every system takes."""
    words = re.sub(r"[^\w-]+", "-", picture.words)[:WORDS_LIMIT].strip("-_")
    return "-".join(filter(None, (f"{picture.created_at:%Y%m%d-%H%M%S}", words, picture.id[:6]))) + ".png"


def zip_files(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield the bytes of a zip of these files; one that is gone meanwhile is left out."""
    stream = _Outlet()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # a PNG is packed already
        for name, file in files:
            try:
                data = file.read_bytes()
            except FileNotFoundError:
                continue
            archive.writestr(name, data)
            yield stream.take()
    yield stream.take()


class _Outlet:
    """_Outlet is a stream that is only written to, and emptied between two files."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nothing behind this stream."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
