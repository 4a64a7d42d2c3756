"""Keep what a visitor adds their own, unless the host of this Croquis lets them add styles for everybody.

A style of one's own is in no list and no search, as one that came with a picture file: it is found by its id alone,
which nobody can guess who does not have its picture. Who added a style can take it away, and the host can.
"""

from __future__ import annotations

import hashlib
import io
import logging
from typing import Any

from gradio.context import LocalContext
from PIL import Image
from starlette.requests import cookie_parser

from pipeline.errors import SettingError
from pipeline.page.host import TOKEN, Visitor, has_host_token, is_at_machine, may_share_styles
from pipeline.page.visitors import find_owner
from pipeline.settings import Settings
from pipeline.studio.callers import read_user
from pipeline.studio.studio import Studio
from pipeline.styles.lent import IS_ID
from pipeline.styles.style_file import StyleFile
from pipeline.styles.style_words import clean_words
from pipeline.styles.taught_files import LOOK
from pipeline.taught import read_look
from pipeline.values import Style

log = logging.getLogger(__name__)

COOKIE = "croquis_styles"  # assets/own-style.js gives a browser that adds a style one
NOT_SHARED = "Here only the host changes the styles that everybody sees; CROQUIS_SHARING=on lets all visitors do so."
NOT_YOURS = "Only who added this style, and the host, can change it or take it away."


def shares_styles(settings: Settings) -> bool:
    """Return whether who sent the request that is being answered adds styles for everybody; True where nobody did."""
    caller = LocalContext.request.get(None)
    return caller is None or may_share_styles(caller, settings)


def expect_sharing(settings: Settings) -> None:
    """Raise SettingError for a visitor who may not change the styles that everybody sees."""
    if not shares_styles(settings):
        raise SettingError(NOT_SHARED)


def list_names(visitor: Visitor, settings: Settings, event: str | None = None) -> tuple[str, ...]:
    """List by what somebody who adds styles is known again, the best first: a key or a login, the history's cookie, the
    styles' own, a client's session. Gradio makes a session up for a call that comes without one, called as its `event`.
    """
    token = cookie_parser(visitor.headers.get("cookie", "")).get(COOKIE, "")
    session = getattr(visitor, "session_hash", None)
    names = (
        read_user(visitor),
        find_owner(visitor, settings),
        f"styles {hashlib.sha256(token.encode()).hexdigest()}" if TOKEN.fullmatch(token) else None,
        f"session {session}" if session and session != event else None,
    )
    return tuple(name for name in names if name)


def find_names(settings: Settings) -> tuple[str, ...]:
    """List the names of who sent the request that is being answered."""
    caller = LocalContext.request.get(None)
    return () if caller is None else list_names(caller, settings, LocalContext.event_id.get(None))


def is_in_charge(settings: Settings) -> bool:
    """Return whether who sent the request is the host; True where nobody did."""
    caller: Any = LocalContext.request.get(None)
    return caller is None or is_at_machine(caller) or has_host_token(caller, settings)


def list_own(studio: Studio) -> set[str] | None:
    """Return the ids of the styles that who sent the request may change; None: all that were added."""
    if is_in_charge(studio.settings):
        return None
    names, history = find_names(studio.settings), studio.keeper.find_open()
    return set() if history is None or not names else history.style_owners.list_owned(names)


def expect_own(studio: Studio, id: str) -> None:
    """Raise SettingError for a style that is not the visitor's to change, StoreError where nobody can tell."""
    names = find_names(studio.settings)
    if not is_in_charge(studio.settings) and id not in studio.keeper.open().style_owners.list_owned(names):
        raise SettingError(NOT_YOURS)


def add_style(studio: Studio, image: Image.Image, name: str, words: str = "") -> Style:
    """Keep a picture as a style: everybody's, or the visitor's own. Raises StyleError."""
    if shares_styles(studio.settings):
        return _claim(studio, studio.add_style(image, name, words))
    return _claim(studio, studio.lent.lend(image, name, clean_words(words)))


def adopt_style(studio: Studio, read: StyleFile) -> Style:
    """Keep a style that came as a file: everybody's, or the visitor's own. Raises StyleError."""
    if shares_styles(studio.settings):
        return _claim(studio, studio.library.adopt(read.picture, read.name, read.words, read.beside))
    taught = read_look(read.beside[LOOK], LOOK).make_taught(None) if LOOK in read.beside else None
    with Image.open(io.BytesIO(read.picture), formats=("WEBP",)) as image:
        return _claim(studio, studio.lent.lend(image.convert("RGB"), read.name, clean_words(read.words), taught))


def remove_style(studio: Studio, id: str) -> None:
    """Remove a style of everybody's, or of the visitor's own unless others added the same.

    Raises SettingError where the visitor may not, StyleError as `Studio.remove_style` does.
    """
    is_own = bool(IS_ID(id))
    if not is_own:
        expect_sharing(studio.settings)
    expect_own(studio, id)
    if not is_own:
        studio.remove_style(id)
    everybody = is_in_charge(studio.settings)
    try:
        others = studio.keeper.open().style_owners.drop(id, None if everybody else find_names(studio.settings))
    except Exception as error:
        if not everybody:
            raise
        studio.keeper.report(error)
        others = 0
    if is_own and not others:
        studio.lent.remove(id)


def forget_styles(studio: Studio, visitor: Visitor) -> None:
    """Delete the styles of a visitor's own. Raises as StyleOwners and LentStyles.remove do."""
    for id in studio.keeper.open().style_owners.forget(list_names(visitor, studio.settings)):
        studio.lent.remove(id)


def _claim(studio: Studio, style: Style) -> Style:
    """Note whose a new style is, and return it. Where that cannot be written, the host alone can take it away."""
    names = find_names(studio.settings)
    if names and not style.builtin:
        try:
            studio.keeper.open().style_owners.claim(style.id, names[0], not IS_ID(style.id))
        except Exception as error:
            studio.keeper.report(error)
    return style
