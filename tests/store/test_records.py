"""What is written down beside the pictures, on SQLite and on PostgreSQL: audit and reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import StoreError
from pipeline.store.jobs import WAITING
from pipeline.store.tables import Entry
from tests.conftest import OpenHistory

ADDRESS = "203.0.113.7"


def test_the_audit_knows_who_by_a_salted_hash_alone(open_history: OpenHistory) -> None:
    history = open_history()
    for seconds in (1.5, 2.5):
        history.records.note_drawing(ADDRESS, "r" * 64, "pocket", "shown", seconds)
    history.records.note_drawing("another", "r" * 64, "pocket", "withheld", 1)
    other, newer, older = history.records.list_drawings()
    assert (newer.seconds, older.seconds, older.verdict, other.verdict) == (2.5, 1.5, "shown", "withheld")
    assert newer.visitor == older.visitor != other.visitor
    assert ADDRESS not in "".join(str(getattr(older, each.key)) for each in Entry.__mapper__.attrs)
    again = open_history()
    assert again.records.hash_visitor(ADDRESS) == older.visitor, "another program of this store has another salt"


def test_a_report_is_open_until_it_is_closed(open_history: OpenHistory) -> None:
    records = open_history().records
    first = records.add_report(ADDRESS, "a" * 64, "harmful", "it shows\n'; DROP TABLE reports; --")
    second = records.add_report(ADDRESS, "b" * 64, "person")
    assert [report.number for report in records.list_reports()] == [second, first]
    assert records.list_reports()[1].words == "it shows\n'; DROP TABLE reports; --"
    records.close_report(first)
    assert [report.number for report in records.list_reports()] == [second]
    assert len(records.list_reports(is_open=False)) == 2
    with pytest.raises(StoreError, match="no such entry"):
        records.close_report(99)


def test_what_is_a_visitors_own_goes_and_the_audit_stays(open_history: OpenHistory) -> None:
    history = open_history()
    records = history.records
    for visitor in ("one", "two"):
        history.jobs.accept(visitor)
        records.add_report(visitor, "a" * 64, "harmful")
        records.note_drawing(visitor, "r" * 64, "pocket", "shown", 1)
    history.forget("one")
    left = {each.visitor for each in [*history.jobs.list_in(WAITING), *records.list_reports()]}
    assert left == {records.hash_visitor("two")} and len(records.list_drawings()) == 2


def test_what_is_older_than_the_host_keeps_goes(open_history: OpenHistory) -> None:
    records = open_history().records
    records.note_drawing("one", "r" * 64, "pocket", "shown", 1)
    number = records.add_report("one", "a" * 64, "harmful")
    records.prune(datetime.now(UTC) - timedelta(minutes=1))
    assert len(records.list_drawings()) == 1
    records.prune(datetime.now(UTC) + timedelta(minutes=1))
    assert not records.list_drawings()
    assert [report.number for report in records.list_reports()] == [number], "an open report was thrown away"
