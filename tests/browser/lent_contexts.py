"""Lend browser contexts to one test after another: what a page's scripts weigh is fetched and compiled once.

Opening a page in a context that was used before takes a third of the processor's time (0.9 in place of 3.0 s). What
Playwright changes for a whole context (its clock, its routes) stays there: such a test asks for a context of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Browser, BrowserContext


class LentContexts:
    """LentContexts keeps contexts by what they were made with; each is used by one borrower at a time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = defaultdict(list)
        self._kinds: dict[BrowserContext, str] = {}

    def borrow(self, scripts: Iterable[str], *, is_new: bool = False, **options: Any) -> BrowserContext:
        """Return a context with these options of Playwright's and scripts that run before a page's own; where `is_new`,
        one that nobody had.
        """
        scripts = list(scripts)
        kind = json.dumps([scripts, options], sort_keys=True)
        if self._free[kind] and not is_new:
            return self._free[kind].pop()
        context = self._browser.new_context(**options)
        for script in scripts:
            context.add_init_script(script)
        self._kinds[context] = kind
        return context

    def give_back(self, context: BrowserContext, origins: Iterable[str]) -> None:
        """Close the context's pages and have it forget what those of these origins stored there, all but its cache."""
        for page in context.pages:
            page.close()
        context.clear_cookies()
        context.clear_permissions()
        blank = context.new_page()
        session = blank.context.new_cdp_session(blank)
        for origin in origins:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        blank.close()
        self._free[self._kinds[context]].append(context)

    def drop(self, context: BrowserContext) -> None:
        """Close a context for good."""
        del self._kinds[context]
        context.close()
