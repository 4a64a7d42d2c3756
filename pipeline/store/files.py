"""Name the files of the history's pictures, a PNG and a small WebP under one id, and write and delete both."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from PIL import Image

from pipeline.kept_files import KeptFiles
from pipeline.sealed_file import seal

PICTURES = "pictures"
THUMBNAIL_SIDE = 320  # px of the longer side: sharp at 160 on a screen with two dots a px
THUMBNAIL_QUALITY = 80


class PictureFiles:
    """PictureFiles holds one folder of pictures and one of thumbnails for each visitor."""

    def __init__(self, files: KeptFiles) -> None:
        self.files = files

    def write(self, visitor: str, id: str, data: bytes) -> int:
        """Write a picture's file and its thumbnail; return the bytes of both. Raises OSError."""
        small = self.write_thumbnail(visitor, id, data)
        self.files.write(name_picture(visitor, id), data)  # last: its being there says that all of it is there
        return len(data) + len(small)

    def write_thumbnail(self, visitor: str, id: str, data: bytes) -> bytes:
        """Write the thumbnail of a picture's file, sealed; return it. Raises OSError."""
        small = seal(make_thumbnail(data))
        self.files.write(name_thumbnail(visitor, id), small)
        return small

    def delete(self, owned: Iterable[tuple[str, str]]) -> None:
        """Delete the files of pictures, each a visitor's and of an id; what is gone already is no error."""
        self.files.delete([name(*each) for each in owned for name in (name_picture, name_thumbnail)])

    def list_pictures(self) -> Iterator[tuple[str, str]]:
        """Yield (visitor, id) of every picture that lies here."""
        for name in self.files.list_names(PICTURES):
            _, visitor, *file = name.split("/")
            if len(file) == 1 and file[0].endswith(".png"):
                yield visitor, file[0].removesuffix(".png")


def name_picture(visitor: str, id: str) -> str:
    """Name a picture's file."""
    return f"{PICTURES}/{visitor}/{id}.png"


def name_thumbnail(visitor: str, id: str) -> str:
    """Name a picture's thumbnail."""
    return f"thumbnails/{visitor}/{id}.webp"


def make_thumbnail(data: bytes) -> bytes:
    """Make a small WebP of a picture's file, whole and in its own proportions."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=THUMBNAIL_QUALITY)
    return stream.getvalue()
