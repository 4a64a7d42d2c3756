"""Measure searches among many rows: python -m tests.benchmarks.history_rows [--json] [--count N] [--visitors N].

It writes N rows (100,000 without it) without files into a new SQLite and a new PostgreSQL, of as many visitors (2),
with words of the style prompts, and times each kind of search as the page asks for it, and the list of styles.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.kept_files import FolderFiles
from pipeline.store.database import Database, open_database, open_server
from pipeline.store.history import History, make_row
from pipeline.store.limits import Limits
from pipeline.store.search import Wanted
from tests.benchmarks.history import read_prompts, time_calls
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.store.conftest import DESK, make_facts
from tests.tools.postgres import run_postgres

AT_ONCE = 5_000  # rows of one transaction
STYLES = 46
STAR_EVERY = 10
LIMITS = Limits(10**6, 10**12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--visitors", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, run_postgres() as url:
        print_rows(make_rows(Path(temporary), url, asked.count, asked.visitors), asked.json)


def make_rows(folder: Path, url: str, count: int, visitors: int) -> Iterator[Row]:
    for kind, database in (("SQLite", open_database(folder / "h.sqlite3")[0]), ("PostgreSQL", open_server(url))):
        with closing(History(FolderFiles(folder / kind), database, LIMITS)) as history:
            fill_rows(history, count, visitors)
            for row in measure_searches(history, count):
                yield {"database": kind, **row}


def fill_rows(history: History, count: int, visitors: int = 1) -> None:
    """Write rows of pictures, in turn of each visitor, the first of them DESK."""
    prompts, began = read_prompts(), datetime.now(UTC) - timedelta(days=365)
    for start in range(0, count, AT_ONCE):
        with history.database.write() as session:
            session.add_all(
                _make(number, prompts, began, visitors) for number in range(start, min(count, start + AT_ONCE))
            )
        print_progress(f"{min(count, start + AT_ONCE)} rows written")
    settle(history.database)


def settle(database: Database) -> None:
    """Let the database count what it holds, as PostgreSQL does by itself within a minute."""
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _make(number: int, prompts: list[str], began: datetime, visitors: int) -> object:
    facts = make_facts(f"{prompts[number % len(prompts)]} number {number}", f"style-{number % STYLES}")
    visitor = DESK if number % visitors == 0 else f"{number % visitors:032x}"
    row = make_row(f"{number:032x}", f"{number:064x}", 1, facts, visitor, began + timedelta(seconds=number))
    row.favourite = number % STAR_EVERY == 0
    return row


def measure_searches(history: History, count: int) -> Iterator[Row]:
    words = [text.split()[-1] for text in read_prompts()]
    wanted = {
        "first page": lambda n: Wanted(),
        "a page deep inside": lambda n: Wanted(before=60 + n * count // 120),
        "by a word": lambda n: Wanted(words=words[n % len(words)]),
        "by the beginnings of two": lambda n: Wanted(words=f"{words[n % len(words)][:2]} {words[n % len(words)][:3]}"),
        "by word and style": lambda n: Wanted(words="a", style=f"style-{n % STYLES}"),
        "by one letter": lambda n: Wanted(words="a"),
        "by star": lambda n: Wanted(favourites=True),
        "one of all": lambda n: Wanted(words=f"number {n * 97 % count}"),
        "nothing": lambda n: Wanted(words=f"zz{n}"),
    }
    for what, build in wanted.items():
        yield time_calls(what, lambda n, build=build: history.find(DESK, build(n)))  # type: ignore[misc]
    yield time_calls("styles counted", lambda n: history.count_styles(DESK))


if __name__ == "__main__":
    main()
