"""Count how often a program asks its PostgreSQL and waits for the answer."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

ASKED = re.compile(rb"\tF\t\d+\t(?:Query|Sync)\b")  # libpq's trace: the messages that the server answers at once


@contextmanager
def count_round_trips(engine: Engine) -> Iterator[Callable[[], int]]:
    """Yield what returns the round trips of an engine's connections, each from its first use within on."""
    with tempfile.NamedTemporaryFile() as trace:

        def follow(connection: Any, *_: object) -> None:
            connection.pgconn.trace(trace.fileno())

        event.listen(engine, "checkout", follow)
        try:
            yield lambda: len(ASKED.findall(Path(trace.name).read_bytes()))
        finally:
            event.remove(engine, "checkout", follow)
            engine.dispose()  # connections write into the file as long as they live
