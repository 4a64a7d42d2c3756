"""Keep what no worker drew in the store, and show it to the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.engine.remote_engine import DeadLetter
from pipeline.places import HOST, get_place
from pipeline.store.keeper import Keeper
from pipeline.store.records import DEAD
from pipeline.store.request_hash import hash_request

BETWEEN = " | "  # of why each try ended


def keep_letter(keeper: Keeper, letter: DeadLetter) -> None:
    """Write a letter down as a job that failed for good, without what was asked.

    Raises StoreError or SQLAlchemy's DatabaseError.
    """
    place, request = get_place(), letter.request
    records = keeper.open().records
    job = records.add_job(HOST if place is None else place.visitor, request.engine, hash_request(request), b"")
    records.bury_job(job, BETWEEN.join(letter.whys))


def list_letters(keeper: Keeper) -> Iterator[dict[str, Any]]:
    """Yield the letters, the oldest first: when, which engine, a hash of the request, why. Raises as keep_letter."""
    for job in keeper.open().records.list_jobs(DEAD):
        when = job.made_at.isoformat(timespec="seconds")
        yield {"when": when, "engine": job.engine, "request": job.request, "why": job.fault.split(BETWEEN)}
