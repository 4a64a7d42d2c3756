"""Who added which style, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from pipeline.store.tables import AddedStyle
from tests.conftest import OpenHistory


def test_a_style_is_its_adders_until_they_let_it_go(open_history: OpenHistory) -> None:
    history = open_history()
    owners = history.style_owners
    for visitor in ("one", "two"):
        owners.claim("felt-lent-0123456789", visitor, is_shared=False)
    owners.claim("felt-lent-0123456789", "one", is_shared=False)
    owners.claim("wool", "one", is_shared=True)
    assert owners.list_owned(["one", "else"]) == {"felt-lent-0123456789", "wool"}
    assert owners.list_owned(["three"]) == owners.list_owned([]) == set()
    assert owners.drop("felt-lent-0123456789", ["three"]) == 2
    assert owners.drop("felt-lent-0123456789", ["one"]) == 1
    assert owners.list_owned(["one"]) == {"wool"} and owners.drop("wool") == 0
    with history.database.read() as session:
        assert "two" not in {row.visitor for row in session.scalars(select(AddedStyle))}


def test_who_has_everything_forgotten_leaves_the_styles_of_others(open_history: OpenHistory) -> None:
    owners = open_history().style_owners
    for id, visitor, is_shared in (("a", "one", False), ("b", "one", False), ("b", "two", False), ("c", "one", True)):
        owners.claim(id, visitor, is_shared)
    assert owners.forget(["one"]) == ["a"]
    assert owners.list_owned(["one"]) == set() and owners.list_owned(["two"]) == {"b"}


def test_old_rows_of_visitors_own_styles_go(open_history: OpenHistory) -> None:
    owners = open_history().style_owners
    owners.claim("a", "one", is_shared=False)
    owners.claim("b", "one", is_shared=True)
    owners.prune(datetime.now(UTC) - timedelta(days=1))
    assert owners.list_owned(["one"]) == {"a", "b"}
    owners.prune(datetime.now(UTC) + timedelta(days=1))
    assert owners.list_owned(["one"]) == {"b"}
