"""Who may change the engine, and what a run does that a change overtook."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import EngineChanged
from pipeline.page.host import is_host
from pipeline.settings import Settings
from pipeline.studio.calls import retry_on_engine_change


def visitor(address: str | None, **headers: str) -> Any:
    client = None if address is None else SimpleNamespace(host=address)
    return SimpleNamespace(client=client, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("who", "local"),
    [
        (visitor("127.0.0.1"), True),
        (visitor("::1"), True),
        (visitor("127.0.0.1", x_forwarded_for="203.0.113.9"), False),  # a Space, or any proxy on this machine
        (visitor("127.0.0.1", forwarded="for=203.0.113.9"), False),
        *((visitor("127.0.0.1", **{name: "x"}), False) for name in ("via", "x_client_ip", "cf_connecting_ip")),
        (visitor("192.168.1.20"), False),
        (visitor("10.4.0.1", x_forwarded_for="127.0.0.1"), False),
        (visitor("testclient"), False),
        (visitor(None), False),
    ],
)
def test_by_itself_only_who_sits_at_the_machine(who: Any, local: bool) -> None:
    assert is_host(who, Settings()) is local
    assert is_host(who, Settings(hosts="anyone")) and not is_host(who, Settings(hosts="nobody"))


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
