"""How many workers there are to be, by how many pictures wait."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.serve.application import limit_workers
from pipeline.serve.scaling import WAITING, Scaling
from pipeline.settings import read_settings

RULE = Scaling(up=50, down=10)


@pytest.mark.parametrize(
    ("workers", "waiting", "drawing", "expected"),
    [
        (5, 51, 5, 7),  # many wait
        (1, 51, 1, 2),
        (5, 50, 5, 5),  # neither many nor few
        (5, 10, 2, 5),
        (20, 9, 20, 20),  # few wait, and all are busy
        (20, 0, 3.2, 4),
        (20, 0, 0, 0),  # Ray keeps the least
    ],
)
def test_workers_follow_those_who_wait(workers: int, waiting: float, drawing: float, expected: int) -> None:
    assert RULE.choose(workers, waiting, drawing) == expected


def test_what_waits_in_the_studios_and_with_ray_counts_together() -> None:
    def ask(reported: dict[str, float], queued: float) -> int:
        context = SimpleNamespace(
            aggregated_metrics={WAITING: reported},
            total_queued_requests=queued,
            target_num_replicas=4,
            total_num_requests=4.0,
        )
        return RULE(context)[0]  # type: ignore[arg-type]

    assert ask({"one": 30.0, "two": 45.0}, 6.0) == 6
    assert ask({"one": 30.0, "two": 44.0}, 6.0) == 4
    assert ask({}, 0.0) == 4


@pytest.mark.parametrize(("cores", "least"), [(2, 2), (5, 5), (64, 5), (0, 1)])
def test_no_more_workers_start_than_there_are_cores(tmp_path: Path, cores: int, least: int) -> None:
    settings = read_settings([], {"CROQUIS_USER_DIR": str(tmp_path), "CROQUIS_WORKERS_LEAST": "5"})
    limited = limit_workers(settings, cores)
    assert limited.workers_least == least and limited.workers_most == settings.workers_most
