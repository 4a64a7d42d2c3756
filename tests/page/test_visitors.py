"""Whose history a request belongs to: nobody comes into another's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.page.host import is_at_machine
from pipeline.page.visitors import (
    COOKIE,
    DESK,
    choose_mode,
    find_owner,
    make_cookie,
    make_token,
    read_owner,
)
from pipeline.settings import Settings

HERE = {"host": "127.0.0.1:7860"}


def make_visitor(
    headers: dict[str, str] = HERE, client: str = "127.0.0.1", url: str = "http://127.0.0.1:7860/"
) -> SimpleNamespace:
    return SimpleNamespace(headers=headers, client=SimpleNamespace(host=client), url=url)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "localhost", "[::1]:7860", "LOCALHOST:7860"])
def test_who_sits_at_the_machine_is_at_the_desk(host: str) -> None:
    assert is_at_machine(make_visitor({"host": host}))
    assert find_owner(make_visitor({"host": host}), Settings()) == DESK


@pytest.mark.parametrize(
    "visitor",
    [
        make_visitor({"host": "rebound.example:7860"}),
        make_visitor({"host": "192.168.1.4:7860"}),
        make_visitor({"host": "[::1"}),
        make_visitor({}),
        make_visitor(client="192.168.1.7"),
        make_visitor(client="testclient"),
        *(make_visitor({**HERE, name: "x"}) for name in ("x-forwarded-for", "forwarded", "via", "cf-connecting-ip")),
    ],
)
def test_anybody_else_is_not(visitor: SimpleNamespace) -> None:
    assert not is_at_machine(visitor)
    assert choose_mode(visitor, Settings()) == "ask" and find_owner(visitor, Settings()) is None


def test_on_a_space_nobody_is_at_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/croquis")
    assert not is_at_machine(make_visitor()) and choose_mode(make_visitor(), Settings()) == "ask"


@pytest.mark.parametrize(
    ("history", "hosts", "mode", "owner"),
    [
        ("auto", "local", "on", DESK),
        ("auto", "anyone", "ask", None),
        ("auto", "nobody", "ask", None),
        ("on", "anyone", "on", DESK),
        ("ask", "local", "ask", None),
        ("off", "local", "off", None),
    ],
)
def test_the_host_decides_what_is_kept(history: str, hosts: str, mode: str, owner: str | None) -> None:
    settings = Settings(history=history, hosts=hosts)  # type: ignore[arg-type]
    assert choose_mode(make_visitor(), settings) == mode
    assert find_owner(make_visitor(), settings) == owner


def test_a_cookie_stands_for_an_owner_that_does_not_betray_it() -> None:
    token = make_token()
    owner = read_owner(make_visitor({"cookie": f"a=b; {COOKIE}={token}"}))
    assert owner is not None and len(owner) == 32 and token not in owner and owner != DESK
    assert find_owner(make_visitor({"cookie": f"{COOKIE}={token}"}), Settings(history="ask")) == owner
    assert find_owner(make_visitor({"cookie": f"{COOKIE}={token}"}), Settings(history="off")) is None
    assert len({make_token() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("token", ["", "desk", "../..", "a" * 42, "a" * 44, "a" * 42 + "/", "\u00e9" * 43])
def test_a_made_up_cookie_stands_for_nobody(token: str) -> None:
    assert read_owner(make_visitor({"cookie": f"{COOKIE}={token}"})) is None


def test_the_cookie_reaches_a_spaces_frame_and_no_script() -> None:
    plain = make_cookie(make_visitor(), "t")
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    for visitor in (make_visitor(url="https://x.hf.space/"), make_visitor({**HERE, "x-forwarded-proto": "https"})):
        assert "HttpOnly; SameSite=None; Secure; Partitioned" in make_cookie(visitor, "t")
    assert "Max-Age=0" in make_cookie(make_visitor(), "")
