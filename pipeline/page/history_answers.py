"""Read what the page's search asks for, and write the pictures found as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import SettingError

if TYPE_CHECKING:
    from pipeline.store.search import Found, StyleCount, Wanted
    from pipeline.store.tables import Picture


def read_wanted(named: Mapping[str, str]) -> Wanted:
    """Read a search from a request's query. Raises SettingError."""
    from pipeline.store.search import Wanted

    numbers = {name: _read_number(name, named[name]) for name in ("before", "count") if named.get(name)}
    return Wanted(
        words=named.get("words", ""),
        style=named.get("style", ""),
        favourites=named.get("favourites") == "1",
        **numbers,
    )


def describe_found(found: Found) -> dict[str, Any]:
    """Return a page of pictures as JSON; `before` is the key of the next page."""
    pictures = [describe_picture(picture) for picture in found.pictures]
    return {"pictures": pictures, "before": found.before, "total": found.total, "is_more": found.is_more}


def describe_picture(picture: Picture) -> dict[str, Any]:
    """Return what is known of a picture as JSON."""
    return {
        "id": picture.id,
        "created_at": picture.created_at.isoformat(),
        "favourite": picture.favourite,
        "words": picture.words,
        "negative_words": picture.negative_words,
        "styles": [{"id": worn.style, "name": worn.name, "weight": worn.weight} for worn in picture.styles],
        "engine": picture.engine,
        "seed": picture.seed,
        "width": picture.width,
        "height": picture.height,
    }


def describe_style_count(each: StyleCount) -> dict[str, Any]:
    """Return a style and the number of its pictures as JSON."""
    return {"id": each.style, "name": each.name, "count": each.count}


def _read_number(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 20:
        raise SettingError(f"{name} is a whole number; {text[:40]!r} came.")
    return int(text)
