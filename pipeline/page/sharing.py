"""Keep what a visitor adds their own, unless the host of this Croquis lets them add styles for everybody.

A style of one's own is in no list and no search, as one that came with a picture file: it is found by its id alone,
which nobody can guess who does not have its picture.
"""

from __future__ import annotations

import io

from gradio.context import LocalContext
from PIL import Image

from pipeline.errors import SettingError
from pipeline.page.host import may_share_styles
from pipeline.settings import Settings
from pipeline.studio.studio import Studio
from pipeline.styles.lent import IS_ID
from pipeline.styles.style_file import StyleFile
from pipeline.styles.style_words import clean_words
from pipeline.styles.taught_files import LOOK
from pipeline.taught import read_look
from pipeline.values import Style

NOT_SHARED = "Here only the host changes the styles that everybody sees; CROQUIS_SHARING=on lets all visitors do so."


def shares_styles(settings: Settings) -> bool:
    """Return whether who sent the request that is being answered adds styles for everybody; True where nobody did."""
    caller = LocalContext.request.get(None)
    return caller is None or may_share_styles(caller, settings)


def expect_sharing(settings: Settings) -> None:
    """Raise SettingError for a visitor who may not change the styles that everybody sees."""
    if not shares_styles(settings):
        raise SettingError(NOT_SHARED)


def add_style(studio: Studio, image: Image.Image, name: str, words: str = "") -> Style:
    """Keep a picture as a style: everybody's, or the visitor's own. Raises StyleError."""
    if shares_styles(studio.settings):
        return studio.add_style(image, name, words)
    return studio.lent.lend(image, name, clean_words(words))


def adopt_style(studio: Studio, read: StyleFile) -> Style:
    """Keep a style that came as a file: everybody's, or the visitor's own. Raises StyleError."""
    if shares_styles(studio.settings):
        return studio.library.adopt(read.picture, read.name, read.words, read.beside)
    taught = read_look(read.beside[LOOK], LOOK).make_taught(None) if LOOK in read.beside else None
    with Image.open(io.BytesIO(read.picture), formats=("WEBP",)) as image:
        return studio.lent.lend(image.convert("RGB"), read.name, clean_words(read.words), taught)


def remove_style(studio: Studio, id: str) -> None:
    """Remove a style of everybody's; one of the visitor's own is let be: nobody else sees it, and it goes by itself.

    Raises SettingError where the visitor may not, StyleError as `Studio.remove_style` does.
    """
    if shares_styles(studio.settings):
        studio.remove_style(id)
    elif not IS_ID(id):
        expect_sharing(studio.settings)
