"""Check names and passwords, so many wrong ones of each address in a time, and of one address one at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextvars import ContextVar

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from pipeline.store.logins import NAME, Logins

WRONG_OF_NAME = parse("10/minute")  # passwords of one name from one address
WRONG_OF_ADDRESS = parse("60/minute")  # of whatever names: a school's class has one address, and types wrongly, too
MOST_LETTERS = 1_000  # of a password: each takes time
MOST_WAITING = 64  # tries of one address until the one before is checked
MOST_WAITING_ALL = 512
AT_ONCE = 2  # tries that are checked: each takes some 50 ms of a core and 16 MB
SENDER: ContextVar[str] = ContextVar("SENDER", default="")  # whose request this is, which Gradio's login does not say


class LoginTries:
    """LoginTries checks logins. Called from one event loop only.

    Another address is never held up by wrong tries of this one: who knows a name locks nobody else out of it.
    """

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._wrong = FixedWindowRateLimiter(MemoryStorage())
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # of each address that tries now
        self._waiting: defaultdict[str, int] = defaultdict(int)
        self._checks = asyncio.Semaphore(AT_ONCE)

    async def check(self, name: str, password: str) -> bool:
        """Return whether a name and a password belong together; False, too, where too many were tried."""
        address = SENDER.get()
        is_full = self._waiting[address] >= MOST_WAITING or sum(self._waiting.values()) >= MOST_WAITING_ALL
        if is_full or not NAME.fullmatch(name) or len(password) > MOST_LETTERS:
            self._forget(address)
            return False
        self._waiting[address] += 1
        try:
            async with self._turns[address]:
                return await self._try(address, name, password)
        finally:
            self._waiting[address] -= 1
            self._forget(address)

    async def _try(self, address: str, name: str, password: str) -> bool:
        may_try = self._wrong.test(WRONG_OF_NAME, address, name) and self._wrong.test(WRONG_OF_ADDRESS, address)
        if not may_try:
            return False
        async with self._checks:
            is_right = await asyncio.to_thread(self._logins.check, name, password)
        if not is_right:
            self._wrong.hit(WRONG_OF_NAME, address, name)
            self._wrong.hit(WRONG_OF_ADDRESS, address)
        return is_right

    def _forget(self, address: str) -> None:
        """Keep nothing of an address of which nothing waits."""
        if not self._waiting[address]:
            del self._waiting[address]
            self._turns.pop(address, None)
