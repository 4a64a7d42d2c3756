"""Keep the files of the history's pictures: a PNG and a small WebP under one id, written whole or not at all."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from PIL import Image

from pipeline.sealed_file import seal
from pipeline.whole_file import UNFINISHED, write_whole

THUMBNAIL_SIDE = 320  # px of the longer side: sharp at 160 on a screen with two dots a px
THUMBNAIL_QUALITY = 80
UNFINISHED_SECONDS = 600.0  # no writing takes so long


class PictureFiles:
    """PictureFiles holds one folder of pictures and one of thumbnails for each visitor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate_picture(self, visitor: str, id: str) -> Path:
        """Return where a picture's file lies."""
        return self.folder / "pictures" / visitor / f"{id}.png"

    def locate_thumbnail(self, visitor: str, id: str) -> Path:
        """Return where a picture's thumbnail lies."""
        return self.folder / "thumbnails" / visitor / f"{id}.webp"

    def write(self, visitor: str, id: str, data: bytes) -> int:
        """Write a picture's file and its thumbnail; return the bytes of both. Raises OSError."""
        small = seal(make_thumbnail(data))
        place_whole(self.locate_thumbnail(visitor, id), small)
        place_whole(self.locate_picture(visitor, id), data)  # last: its being there says that all of it is there
        return len(data) + len(small)

    def delete(self, visitor: str, id: str) -> None:
        """Delete a picture's files; what is gone already is no error."""
        self.locate_picture(visitor, id).unlink(missing_ok=True)
        self.locate_thumbnail(visitor, id).unlink(missing_ok=True)

    def list_pictures(self) -> Iterator[tuple[str, str]]:
        """Yield (visitor, id) of every picture that lies here."""
        for file in (self.folder / "pictures").glob("*/*.png"):
            yield file.parent.name, file.stem

    def delete_unfinished(self) -> None:
        """Delete what a killed program left half written, and not what another one is writing now."""
        for file in self.folder.glob(f"*/*/*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                if abs(time.time() - file.stat().st_mtime) > UNFINISHED_SECONDS:
                    file.unlink()


def place_whole(file: Path, data: bytes) -> None:
    """Write a file, whole and on the disk, into a folder that is made where it is missing. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, data, is_synced=True)


def make_thumbnail(data: bytes) -> bytes:
    """Make a small WebP of a picture's file, whole and in its own proportions."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=THUMBNAIL_QUALITY)
    return stream.getvalue()
