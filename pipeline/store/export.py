"""Let a visitor take pictures along: one zip, streamed file by file, so that thousands need no memory and no disk."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from pipeline.kept_files import KeptFiles
from pipeline.store.files import name_picture
from pipeline.store.history import DAMAGED_PICTURE, History
from pipeline.store.tables import Picture

DAMAGED = "damaged.txt"
WORDS_LIMIT = 60  # characters of the words in a file's name


@dataclass(frozen=True)
class Packed:
    """Packed is one picture of a zip."""

    name: str  # in the zip
    file: str  # its name among the kept files
    sha256: str  # of the file as it was kept


def list_files(history: History, visitor: str, ids: Sequence[str] | None) -> list[Packed]:
    """List a visitor's pictures, oldest first; all of them where `ids` is None."""
    wanted = select(Picture).where(Picture.visitor == visitor, Picture.deleted_at.is_(None)).order_by(Picture.number)
    if ids is not None:
        wanted = wanted.where(Picture.id.in_(ids))
    with history.database.read() as session:
        return [Packed(name_file(row), name_picture(visitor, row.id), row.sha256) for row in session.scalars(wanted)]


def name_file(picture: Picture) -> str:
    """Name a picture's file by its time, its words and its id, in letters that every system takes."""
    words = re.sub(r"[^\w-]+", "-", picture.words)[:WORDS_LIMIT].strip("-_")
    return "-".join(filter(None, (f"{picture.created_at:%Y%m%d-%H%M%S}", words, picture.id[:6]))) + ".png"


def zip_files(kept: KeptFiles, files: Iterable[Packed]) -> Iterator[bytes]:
    """Yield the bytes of a zip of these files; one that is gone meanwhile is left out.

    One whose bytes have changed since it was kept comes as it is, and a text at the end says so.
    """
    stream, damaged = _Outlet(), list[str]()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # a PNG is packed already
        for each in files:
            try:
                data = kept.read(each.file)
            except FileNotFoundError:
                continue
            archive.writestr(each.name, data)
            if hashlib.sha256(data).hexdigest() != each.sha256:
                damaged.append(f"{each.name}: {DAMAGED_PICTURE}\n")
            yield stream.take()
        if damaged:
            archive.writestr(DAMAGED, "".join(damaged))
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
