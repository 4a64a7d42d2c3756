"""Which workers Ray Serve asks for a picture."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def make_workers(*names: str) -> list[Any]:
    return [SimpleNamespace(replica_id=SimpleNamespace(unique_id=name)) for name in names]


def name_all(ranks: list[list[Any]]) -> list[set[str]]:
    return [{each.replica_id.unique_id for each in rank} for rank in ranks]


def test_two_at_random_are_asked_for_a_first_try() -> None:
    from pipeline.serve.routing import rank_workers

    workers = make_workers("a", "b", "c", "d")
    asked = [name_all(rank_workers(workers, "")) for _ in range(200)]
    assert all(len(ranks) == 1 and len(ranks[0]) == 2 for ranks in asked)
    assert set().union(*(ranks[0] for ranks in asked)) == {"a", "b", "c", "d"}


def test_all_others_are_asked_before_the_worker_to_be_avoided() -> None:
    from pipeline.serve.routing import rank_workers, read_avoided

    avoided = read_avoided({"avoided": "b"})
    assert name_all(rank_workers(make_workers("a", "b", "c", "d"), avoided)) == [{"a", "c", "d"}, {"b"}]
    assert name_all(rank_workers(make_workers("b"), avoided)) == [set(), {"b"}]
    assert name_all(rank_workers(make_workers("a", "c"), avoided)) == [{"a", "c"}]  # it died
    assert read_avoided({"avoided": object()}) == read_avoided({}) == ""
