"""Keep which pictures were accepted to be drawn, and how each ended; tell those that a program left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pipeline.store.database import Database
from pipeline.store.tables import Job

WAITING, RUNNING, DONE, DEAD = STATES = ("waiting", "running", "done", "dead")
INTERRUPTED = "Croquis ended before it was drawn"
BETWEEN = " | "  # of why each try ended
FAULT_LIMIT = 2_000  # characters
DONE_TIME = timedelta(days=1)  # that a job which ended well is kept
TOLD_TIME = timedelta(days=1)  # that its visitor is told of one that was interrupted
UNHEARD_TIME = timedelta(hours=1)  # after which a job of another machine's program counts as left


class Jobs:
    """Jobs writes to one database, from many threads and machines. A job knows nothing of what was asked.

    Each method raises SQLAlchemy's DatabaseError where the database fails.
    """

    def __init__(self, database: Database, hash_visitor: Callable[[str], str]) -> None:
        self._database, self._hash_visitor = database, hash_visitor

    def accept(self, visitor: str, program: str = "", engine: str = "", request: str = "") -> str:
        """Accept a job of a visitor for a program (`pipeline/store/programs.py`); return its id.

        Once this returns, no end of a program loses it.
        """
        id, now = uuid4().hex, datetime.now(UTC)
        job = insert(Job).values(id=id, visitor=self._hash_visitor(visitor), program=program, state=WAITING)
        with suppress(IntegrityError):  # it was written, and the connection broke before that was told
            self._database.execute(job.values(engine=engine, request=request, made_at=now, changed_at=now))
        return id

    def begin(self, id: str, engine: str, request: str) -> None:
        """Note which engine draws a job, and the hash of what."""
        self._change(id, (WAITING, RUNNING), state=RUNNING, engine=engine, request=request)

    def end(self, id: str) -> None:
        """Note that a job ended in a picture, or in words to the visitor; one that failed for good stays as told."""
        self._change(id, (WAITING, RUNNING), state=DONE)

    def bury(self, id: str, fault: str) -> None:
        """Note that a job failed for good, and what it ended in."""
        self._change(id, STATES, state=DEAD, fault=fault[:FAULT_LIMIT])

    def bury_left(self, has_ended: Callable[[str], bool | None]) -> int:
        """Bury the jobs of programs that ended in the middle of them; return how many.

        `has_ended` tells of a program whether it ended; None: not known here, and its jobs are left after UNHEARD_TIME.
        """
        is_open, unheard = Job.state.in_((WAITING, RUNNING)), datetime.now(UTC) - UNHEARD_TIME
        drawing = select(Job.program).where(is_open).distinct()
        with self._database.read() as session:
            programs = {name: has_ended(name) for name in session.scalars(drawing)}
        ended = [name for name, is_over in programs.items() if is_over]
        unknown = [name for name, is_over in programs.items() if is_over is None]
        if not (ended or unknown):
            return 0
        is_left = or_(Job.program.in_(ended), Job.program.in_(unknown) & (Job.changed_at < unheard))
        buried = update(Job).where(is_open, is_left)
        with self._database.write() as session:
            done = session.execute(buried.values(state=DEAD, fault=INTERRUPTED, changed_at=datetime.now(UTC)))
            return int(getattr(done, "rowcount", 0))

    def list_in(self, state: str, count: int = 100) -> Sequence[Job]:
        """List the jobs in a state, oldest first; DEAD lists those that failed for good."""
        with self._database.read() as session:
            return session.scalars(select(Job).where(Job.state == state).order_by(Job.made_at).limit(count)).all()

    def list_dead(self) -> Iterator[dict[str, Any]]:
        """Yield the jobs that failed for good, oldest first: when, which engine, a hash of the request, why."""
        for job in self.list_in(DEAD):
            when = job.made_at.isoformat(timespec="seconds")
            yield {"when": when, "engine": job.engine, "request": job.request, "why": job.fault.split(BETWEEN)}

    def find_interrupted(self, visitor: str) -> datetime | None:
        """Return when the latest job of a visitor came that was interrupted within TOLD_TIME; None where none was."""
        own = select(Job.made_at).where(Job.visitor == self._hash_visitor(visitor), Job.state == DEAD)
        lately = own.where(Job.fault == INTERRUPTED, Job.changed_at > datetime.now(UTC) - TOLD_TIME)
        with self._database.read() as session:
            return session.scalars(lately.order_by(Job.made_at.desc()).limit(1)).first()

    def prune(self, before: datetime) -> None:
        """Delete the jobs that ended and are older, those that ended well after DONE_TIME."""
        with self._database.write() as session:
            well = max(before, datetime.now(UTC) - DONE_TIME)
            session.execute(delete(Job).where(Job.state == DONE, Job.changed_at < well))
            session.execute(delete(Job).where(Job.state == DEAD, Job.changed_at < before))

    def _change(self, id: str, states: Sequence[str], **values: str) -> None:
        change = update(Job).where(Job.id == id, Job.state.in_(states))
        self._database.execute(change.values(changed_at=datetime.now(UTC), **values))


def forget_jobs(session: Session, hashed: str) -> None:
    """Delete the jobs of a visitor, known by their hash, within a session that writes."""
    session.execute(delete(Job).where(Job.visitor == hashed))
