"""Names and hashed passwords in a file: who is in it may log in, with that password alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.logins import Logins

PASSWORD = "a long brown fox"


def test_who_was_added_logs_in_by_that_password_alone(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "new" / "logins")
    assert not logins.check("Ann", PASSWORD) and logins.list_names() == []
    logins.add("Ann", PASSWORD)
    logins.add("Bob", PASSWORD)
    assert logins.check("Ann", PASSWORD) and logins.list_names() == ["Ann", "Bob"]
    assert not any(logins.check(name, word) for name, word in (("Ann", ""), ("Ann", "x"), ("ann", PASSWORD), ("", "")))
    stored = (tmp_path / "new" / "logins").read_text()
    hashes = {line.split(":")[2] for line in stored.splitlines()}
    assert PASSWORD not in stored and len(hashes) == 2, "equal passwords have equal hashes"
    assert (tmp_path / "new" / "logins").stat().st_mode & 0o077 == 0
    logins.add("Ann", "another password")
    assert not logins.check("Ann", PASSWORD) and logins.check("Ann", "another password")
    logins.remove("Ann")
    assert not logins.check("Ann", "another password") and logins.check("Bob", PASSWORD)


def test_what_cannot_be_a_login_is_refused_in_words(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "logins")
    for wrong in ("", "a:b", "a b", "x" * 65):
        with pytest.raises(StoreError, match="without spaces and colons"):
            logins.add(wrong, PASSWORD)
    with pytest.raises(StoreError, match="at least 8"):
        logins.add("Ann", "short")
    with pytest.raises(StoreError, match="is called 'Ann'"):
        logins.remove("Ann")
    (tmp_path / "logins").write_text("Ann\n")
    with pytest.raises(StoreError, match="line 1 of"):
        logins.check("Ann", PASSWORD)
