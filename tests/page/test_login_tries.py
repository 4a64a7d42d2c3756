"""Wrong passwords are counted by address: of one name, and of all together; an address has one check at a time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pipeline.page.login_tries import AT_ONCE, MOST_WAITING, SENDER, LoginTries


class Known:
    """Known knows one login, and how many were checked, at most at once."""

    def __init__(self) -> None:
        self.checked = self.at_once = self.most = 0

    def check(self, name: str, password: str) -> bool:
        self.checked += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        time.sleep(0.005)
        self.at_once -= 1
        return (name, password) == ("Ann", "right")


def try_logins(tries: LoginTries, sent: list[tuple[str, str, str]]) -> list[bool]:
    """Try address, name and password of each at once."""

    async def try_one(address: str, name: str, password: str) -> bool:
        SENDER.set(address)
        return await tries.check(name, password)

    async def try_all() -> list[bool]:
        return list(await asyncio.gather(*(asyncio.create_task(try_one(*each)) for each in sent)))

    return asyncio.run(try_all())


def make_tries() -> tuple[LoginTries, Known]:
    known: Any = Known()
    return LoginTries(known), known


def test_ten_wrong_ones_of_a_name_sent_at_once_are_all_that_is_checked() -> None:
    tries, known = make_tries()
    assert not any(try_logins(tries, [("a", "Ann", "wrong")] * 40)) and known.checked == 10 and known.most == 1
    assert try_logins(tries, [("a", "Ann", "right"), ("b", "Ann", "right")]) == [False, True]


def test_unknown_names_are_counted_by_their_address() -> None:
    tries, known = make_tries()
    for first in range(0, 120, 40):
        try_logins(tries, [("a", f"n{first + number}", "x") for number in range(40)])
    assert known.checked == 60
    assert try_logins(tries, [("a", "Ann", "right"), ("b", "Ann", "right")]) == [False, True]


def test_so_many_wait_and_are_checked_at_once_and_nothing_is_kept_of_them() -> None:
    tries, known = make_tries()
    assert sum(try_logins(tries, [("a", "Ann", "right")] * (MOST_WAITING + 30))) == MOST_WAITING
    try_logins(tries, [(f"address {number}", "Ann", "wrong") for number in range(30)])
    assert known.most <= AT_ONCE and not tries._turns and not tries._waiting
    assert try_logins(tries, [("a", "A" * 65, "right"), ("a", "Ann", "x" * 2_000)]) == [False, False]
