"""Make the small pictures of a person's own model files that the page shows beside their names.

They lie beside files that were downloaded from anywhere: each is read as a drawing is, every limit checked before a
pixel is decoded, and only what was painted anew from its pixels is sent. One that cannot be read is none.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageOps

from pipeline.errors import SketchError
from pipeline.models.own_files import OwnFile, Stamp, read_stamp
from pipeline.models.thumbnails import read_embedded_thumbnail
from pipeline.page.view import make_data_url
from pipeline.sketch.image_file import convert_to_rgb, open_image

log = logging.getLogger(__name__)

SIDE = 88  # px, twice its size on the page
MOST = 200  # pictures of some 3 kB each that the page is sent

Key = tuple[Path, Path | None, Stamp]


class ModelPictures:
    """ModelPictures keeps the picture of each file until the file or what lies beside it changes. Safe to call from
    many threads.
    """

    def __init__(self) -> None:
        self._made: dict[Key, str] = {}
        self._lock = threading.Lock()

    def find(self, file: OwnFile) -> str:
        """Return a file's picture as a data URL; "" where it has none, or none was made yet."""
        try:
            return self._made.get(name_picture(file), "")
        except OSError:  # gone since the folder was read
            return ""

    def make(self, files: Iterable[OwnFile]) -> bool:
        """Make the pictures of the first MOST files that are missing, and forget those of other files. Returns whether
        any is new.
        """
        with self._lock:
            before, made = self._made, dict[Key, str]()
            for file in list(files)[:MOST]:
                try:
                    key = name_picture(file)
                    made[key] = before[key] if key in before else make_picture(file)
                except OSError:
                    continue
            self._made = made
            return any(picture and key not in before for key, picture in made.items())


def name_picture(file: OwnFile) -> Key:
    """Return what a picture is kept by. Raises OSError for a file that is gone."""
    return file.path, file.thumbnail, read_stamp(file.thumbnail or file.path)


def make_picture(file: OwnFile) -> str:
    """Return the data URL of a small square of the picture beside a model file, or of the one within it; "" where there
    is none that can be read.
    """
    stored = file.thumbnail or read_embedded_thumbnail(file.path)
    if stored is None:
        return ""
    try:
        whole = Image.fromarray(convert_to_rgb(open_image(stored, "picture")))
    except SketchError as error:
        log.info("The picture of %s is not shown: %s", file.path.name, error)
        return ""
    return make_data_url(ImageOps.fit(whole, (SIDE, SIDE), Image.Resampling.LANCZOS, centering=(0.5, 0.3)), "webp")
