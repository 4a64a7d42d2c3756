"""A job costs PostgreSQL one round trip for each change, and a server that was started anew is no fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from pipeline.store.database import Database, open_server
from pipeline.store.jobs import RUNNING, Jobs
from tests.tools.round_trips import count_round_trips

WARM = 10  # jobs, after which the driver has prepared its statements
END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE backend_type = 'client backend'"


@pytest.fixture
def database(empty_postgres: str) -> Iterator[Database]:
    database = open_server(empty_postgres)
    yield database
    database.close()


def end_connections(url: str) -> None:
    """End all connections, as a server does that is started anew."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text(f"{END} AND pid <> pg_backend_pid()"))
    engine.dispose()


def draw_job(jobs: Jobs) -> None:
    id = jobs.accept("one", "f" * 32)
    jobs.begin(id, "pocket", "f" * 64)
    jobs.end(id)


def test_each_change_of_a_job_is_one_round_trip(database: Database) -> None:
    jobs = Jobs(database, str)
    with count_round_trips(database.engine) as count:
        for _ in range(WARM):
            draw_job(jobs)
        before = count()
        draw_job(jobs)
        assert count() - before == 3


def test_a_server_that_was_started_anew_is_no_fault(database: Database, empty_postgres: str) -> None:
    jobs = Jobs(database, str)
    id = jobs.accept("one", "f" * 32)
    end_connections(empty_postgres)
    jobs.begin(id, "pocket", "f" * 64)
    end_connections(empty_postgres)
    assert [each.id for each in jobs.list_in(RUNNING)] == [id]
    end_connections(empty_postgres)
    assert jobs.bury_left(lambda _: True) == 1
    end_connections(empty_postgres)
    with database.write() as session:
        session.execute(text("SELECT 1"))
