"""`python app.py access` makes, lists and revokes keys and logins."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.commands.access import run_access
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from pipeline.store.logins import Logins


def test_a_key_is_printed_once_and_works_until_it_is_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = {"CROQUIS_USER_DIR": str(tmp_path)}
    assert run_access(["add-key", "class 4b"], here) == 0
    told = capsys.readouterr()
    key = told.out.strip()
    assert key.startswith("croquis_") and "shown once" in told.err
    with closing(Keeper(Settings(user_dir=tmp_path), str)) as keeper:
        assert keeper.find_key(key) == "class 4b"
        assert run_access(["keys"], here) == 0
        assert run_access(["revoke-key", "class 4b"], here) == 0
        assert keeper.find_key(key) is None, "the running app takes a revoked key"
    assert run_access(["keys"], here) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("works") and "revoked" in second and key not in first + second
    assert run_access(["revoke-key", "class 4b"], here) == 3
    assert "No key that works" in capsys.readouterr().err


def test_a_login_is_kept_with_the_password_that_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"CROQUIS_USER_DIR": str(tmp_path)}
    monkeypatch.setattr("sys.stdin", io.StringIO("a long brown fox\n"))
    assert run_access(["add-login", "Ann"], here) == 0
    assert Logins(Settings(user_dir=tmp_path).logins_file).check("Ann", "a long brown fox")
    assert run_access(["logins"], here) == 0 and capsys.readouterr().out == "Ann\n"
    assert run_access(["remove-login", "Ann"], here) == 0
    assert run_access(["remove-login", "Ann"], here) == 3


@pytest.mark.parametrize("wrong", [[], ["nothing"], ["add-key"], ["keys", "--history", "perhaps"]])
def test_a_wrong_command_line_is_told(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_access(wrong, {"CROQUIS_USER_DIR": str(tmp_path)}) == 2
    assert capsys.readouterr().err.strip()
