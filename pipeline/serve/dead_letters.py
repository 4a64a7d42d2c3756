"""Keep what no worker drew in the store."""

from __future__ import annotations

from pipeline.engine.remote_engine import DeadLetter
from pipeline.store.jobs import BETWEEN
from pipeline.studio.jobs import AcceptedJobs


def keep_letter(jobs: AcceptedJobs, letter: DeadLetter) -> None:
    """Write a letter down as a job that failed for good, without what was asked."""
    jobs.bury(BETWEEN.join(letter.whys), letter.request)
