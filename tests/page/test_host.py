"""Who may change the engine, and what a run does that a change overtook."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import EngineChanged
from pipeline.page.host import TOKEN_FILE, is_at_machine, is_host, may_teach, name_host_cookie, read_host_token
from pipeline.settings import Settings
from pipeline.studio.calls import retry_on_engine_change

SENT_BY_PROXIES = (
    *("forwarded", "x_forwarded_for", "x_real_ip", "x_forwarded_host", "x_forwarded_proto", "via"),
    *("x_client_ip", "cf_connecting_ip", "true_client_ip", "x_cluster_client_ip", "fly_client_ip"),
)


def visitor(address: str | None, **headers: str) -> Any:
    client = None if address is None else SimpleNamespace(host=address)
    given = {"host": "127.0.0.1:7860", **headers}
    return SimpleNamespace(client=client, headers={name.replace("_", "-"): value for name, value in given.items()})


@pytest.mark.parametrize(
    ("who", "local"),
    [
        (visitor("127.0.0.1"), True),
        (visitor("::1"), True),
        # a Space, or any proxy on this machine
        *((visitor("127.0.0.1", **{name: "203.0.113.9"}), False) for name in SENT_BY_PROXIES),
        (visitor("192.168.1.20"), False),
        (visitor("10.4.0.1", x_forwarded_for="127.0.0.1"), False),
        (visitor("127.0.0.1", host="rebound.example"), False),
        (visitor("testclient"), False),
        (visitor(None), False),
    ],
)
def test_by_itself_only_who_sits_at_the_machine_teaches_and_nobody_is_the_host_by_an_address(
    who: Any, local: bool, tmp_path: Path
) -> None:
    assert is_at_machine(who) is may_teach(who, Settings()) is local
    assert not is_host(who, Settings(user_dir=tmp_path))
    assert is_host(who, Settings(hosts="anyone")) and not is_host(who, Settings(hosts="nobody"))


def test_the_host_is_who_has_the_token_wherever_they_sit(tmp_path: Path) -> None:
    settings = Settings(user_dir=tmp_path)
    token = read_host_token(tmp_path)
    name = name_host_cookie(token)
    others = f"{name_host_cookie('t' * 43)}={'t' * 43}"  # of another Croquis on this machine
    assert is_host(visitor("203.0.113.9", cookie=f"{others}; {name}={token}"), settings)
    assert not is_host(visitor("203.0.113.9", cookie=others), settings)
    assert not is_host(visitor("127.0.0.1", cookie=f"{name}={token}"), Settings(hosts="nobody"))
    for wrong in ("", token[:-1], token + "a", "ü" * 43, "a" * 43):
        assert not is_host(visitor("127.0.0.1", cookie=f"{name}={wrong}"), settings)


def test_the_token_outlasts_a_restart_and_is_its_owners_alone(tmp_path: Path) -> None:
    token = read_host_token(tmp_path)
    read_host_token.cache_clear()  # as a restart does
    assert read_host_token(tmp_path) == token and len(token) == 43
    assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("held", [b"", b"short", b"\xff" * 43, b"a" * 5_000])
def test_a_damaged_token_lets_nobody_in_who_knows_it(tmp_path: Path, held: bytes) -> None:
    (tmp_path / TOKEN_FILE).write_bytes(held)
    token = read_host_token(tmp_path)
    assert len(token) == 43 and token.encode() not in held and token == read_host_token(tmp_path)


def test_where_nothing_can_be_kept_the_token_is_that_of_this_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "folder"
    assert read_host_token(folder) == read_host_token(folder)
    (tmp_path / TOKEN_FILE).mkdir()
    assert len(read_host_token(tmp_path)) == 43


def test_a_run_that_was_overtaken_is_made_once_more_and_not_for_ever() -> None:
    made = []

    def overtaken(times: int) -> str:
        made.append(times)
        if len(made) <= times:
            raise EngineChanged("again")
        return "drawn"

    assert retry_on_engine_change(lambda: overtaken(1)) == "drawn" and len(made) == 2
    made.clear()
    with pytest.raises(EngineChanged):
        retry_on_engine_change(lambda: overtaken(9))
    assert len(made) == 2
