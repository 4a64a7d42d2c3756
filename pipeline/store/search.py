"""Search one visitor's pictures: newest first, by words, by style, by star, a page at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, Select, and_, column, func, literal_column, select, table, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from pipeline.errors import SettingError
from pipeline.store.facts import WORD, normalise_text
from pipeline.store.tables import Picture, WornStyle

MOST_ON_A_PAGE = 200
MOST_COUNTED = 1_000  # pictures of a search: a letter finds nearly all, and each would have to be looked at
WORDS_LIMIT = 200  # characters of what is searched for
STYLE_LIMIT = 100  # characters of a style's id
WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")

FTS5 = table("picture_search", column("rowid", Integer))


@dataclass(frozen=True)
class Wanted:
    """Wanted says which pictures are searched for."""

    words: str = ""  # each of them begins a word of the picture's words or of its styles' names
    style: str = ""  # a style's id; "" for any
    favourites: bool = False  # those with a star alone
    before: int | None = None  # the key of the page before: numbers below it come next
    count: int = 60  # pictures on this page

    def __post_init__(self) -> None:
        if len(self.words) > WORDS_LIMIT or len(self.style) > STYLE_LIMIT:
            raise SettingError(f"A search has at most {WORDS_LIMIT} characters; {len(self.words)} came.")
        if not 1 <= self.count <= MOST_ON_A_PAGE:
            raise SettingError(f"count is a number from 1 to {MOST_ON_A_PAGE}; {self.count} came.")
        if self.before is not None and not 0 <= self.before < 2**63:
            raise SettingError(f"before is the key of the page before; {self.before} came.")


@dataclass(frozen=True)
class Found:
    """Found is one page of pictures."""

    pictures: tuple[Picture, ...]  # newest first
    before: int | None  # the key of the next page; None where this one is the last
    total: int  # pictures on all pages, of a search at most MOST_COUNTED
    is_more: bool = False  # there are more than were counted


@dataclass(frozen=True)
class StyleCount:
    """StyleCount says how many pictures wear a style."""

    style: str
    name: str
    count: int


def find_pictures(session: Session, visitor: str, wanted: Wanted, has_text_search: bool) -> Found:
    """Find a page of a visitor's pictures."""
    by = session.get_bind().dialect.name if has_text_search else ""
    conditions = [*_own(visitor), *_match(wanted, by)]
    by_words = by == "sqlite" and _goes_by_index(wanted.words)
    newest = (FTS5.c.rowid if by_words else Picture.number).desc()  # as the index over words is walked
    page = select(Picture).where(*conditions).order_by(newest).limit(wanted.count + 1)
    if wanted.before is not None:
        page = page.where(Picture.number < wanted.before)
    found = session.scalars(page).all()
    more = len(found) > wanted.count
    pictures = tuple(found[: wanted.count])
    is_all = wanted.before is None and not more
    total = (len(pictures), False) if is_all else _count(session, wanted, conditions)
    return Found(pictures, pictures[-1].number if more else None, *total)


def _count(session: Session, wanted: Wanted, conditions: list[ColumnElement[bool]]) -> tuple[int, bool]:
    """Return how many pictures there are, and whether counting ended before them. Without a search all are counted, by
    their index alone.
    """
    each = select(Picture.number).where(*conditions)
    most = MOST_COUNTED if wanted.words or wanted.style else None
    each = each.limit(None if most is None else most + 1)
    total = session.scalar(select(func.count()).select_from(each.subquery())) or 0
    return (total, False) if most is None or total <= most else (most, True)


def count_styles(session: Session, visitor: str) -> list[StyleCount]:
    """List the styles that a visitor's pictures wear, the most frequent first."""
    worn = (
        select(WornStyle.style, func.max(WornStyle.name), func.count().label("pictures"))
        .join(Picture, Picture.number == WornStyle.picture)
        .where(*_own(visitor))
        .group_by(WornStyle.style)
        .order_by(func.count().desc(), WornStyle.style)
    )
    return [StyleCount(style, name, count) for style, name, count in session.execute(worn)]


def _own(visitor: str) -> list[ColumnElement[bool]]:
    return [Picture.visitor == visitor, Picture.deleted_at.is_(None)]


def _match(wanted: Wanted, by: str) -> list[ColumnElement[bool]]:
    is_narrowed = bool(wanted.style) and by == "postgresql"  # else it makes a vector of each picture's words, to ask it
    conditions = [match_words(wanted.words, "" if is_narrowed else by)]
    if wanted.style:
        worn: Select[int] = select(WornStyle.picture).where(WornStyle.style == wanted.style)
        number = _walked_number() if by == "sqlite" and _goes_by_index(wanted.words) else Picture.number
        conditions.append(number.in_(worn))  # asked before a row is read where the index over words is walked
    if wanted.favourites:
        conditions.append(Picture.favourite.is_(True))
    return conditions


def match_words(words: str, by: str) -> ColumnElement[bool]:
    """Build the condition that every word begins one of the picture's, by the index over words of the database that
    `by` names, SQLite's FTS5 or PostgreSQL's; without one by LIKE.

    In scripts that put no spaces between words (Chinese, Japanese, Thai and others) a word may also lie inside.
    """
    wanted = WORD.findall(normalise_text(words))
    if not wanted:
        return true()
    if by and _goes_by_index(words):
        return _match_postgres(wanted) if by == "postgresql" else _match_fts5(wanted)
    return and_(*(Picture.search_text.contains(_start(word) + word, autoescape=True) for word in wanted))


def _goes_by_index(words: str) -> bool:
    """Return whether there are words, all of a script that puts spaces between them."""
    wanted = WORD.findall(normalise_text(words))
    return bool(wanted) and not any(WITHOUT_SPACES.search(word) for word in wanted)


def _match_fts5(wanted: list[str]) -> ColumnElement[bool]:
    query = " ".join(f'"{word}"*' for word in wanted)
    return and_(literal_column("picture_search").op("MATCH")(query), Picture.number == _walked_number())


def _walked_number() -> ColumnElement[int]:
    """Return a picture's number in FTS5's index; by its "+" the index is walked once, not asked for each number."""
    return UnaryExpression(FTS5.c.rowid, operator=custom_op("+"))


def _match_postgres(wanted: list[str]) -> ColumnElement[bool]:
    simple: ColumnElement[str] = literal_column(
        "'simple'::regconfig"
    )  # no word is left out and none is cut to its stem
    query = func.to_tsquery(simple, " & ".join(f"'{word}':*" for word in wanted))
    return func.to_tsvector(simple, Picture.search_text).bool_op("@@")(query)


def _start(word: str) -> str:
    """Return what stands before a word where one begins."""
    return "" if WITHOUT_SPACES.search(word) else " "
