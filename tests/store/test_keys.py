"""API keys work until they are revoked, and the store does not hold them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from pipeline.errors import StoreError
from pipeline.store.keys import KEY
from tests.conftest import OpenHistory


def test_a_key_works_until_it_is_revoked_and_is_nowhere_in_the_store(open_history: OpenHistory) -> None:
    history = open_history()
    key, other = history.keys.make("class 4b"), history.keys.make("studio")
    assert KEY.fullmatch(key) and key != other
    assert (history.keys.find(key), history.keys.find(other)) == ("class 4b", "studio")
    with history.database.read() as session:
        rows = session.execute(text("SELECT * FROM api_keys")).all()
    assert len(rows) == 2 and key not in str(rows) and key.removeprefix("croquis_") not in str(rows)
    history.keys.revoke("class 4b")
    assert open_history().keys.find(key) is None and history.keys.find(other) == "studio"
    again = history.keys.make("class 4b")
    assert history.keys.find(key) is None and history.keys.find(again) == "class 4b"
    assert [(each.name, each.revoked_at is None) for each in history.keys.list_all()] == [
        ("class 4b", False),
        ("studio", True),
        ("class 4b", True),
    ]


def test_what_is_no_key_finds_nobody(open_history: OpenHistory) -> None:
    keys = open_history().keys
    key = keys.make("one")
    for wrong in ("", "croquis_", key[:-1], f"{key}a", key.swapcase(), "croquis_" + "a" * 43, key.encode().hex()):
        assert keys.find(wrong) is None


def test_a_name_is_given_once_and_is_a_word(open_history: OpenHistory) -> None:
    keys = open_history().keys
    keys.make("one")
    with pytest.raises(StoreError, match="There is a key called 'one'"):
        keys.make("one")
    for wrong in ("", " a", "a\nb", "x" * 41, "a;b"):
        with pytest.raises(StoreError, match="1 to 40 letters"):
            keys.make(wrong)
    with pytest.raises(StoreError, match="No key that works is called 'two'"):
        keys.revoke("two")
