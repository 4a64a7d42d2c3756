"""Have every admitted call in the store from its beginning to its end, so that none is lost without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import CroquisError
from pipeline.places import HOST, Place, get_place
from pipeline.store.keeper import Keeper
from pipeline.store.request_hash import hash_request

if TYPE_CHECKING:
    from pipeline.store.jobs import Jobs
    from pipeline.values import GenerationRequest

T = TypeVar("T")
_job: ContextVar[str | None] = ContextVar("job", default=None)  # that this thread draws; None: it is not in the store


class AcceptedJobs:
    """AcceptedJobs writes jobs from the threads that draw them, and nothing where the keeper was not started.

    Where the store fails, drawing goes on, and the keeper tells the fault.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._held: dict[Place, str | None] = {}  # the jobs that are in the store already

    @contextmanager
    def hold(self, place: Place) -> Iterator[None]:
        """Have the job of a place in the store from now on, whichever threads draw it.

        It is over once it was drawn, or ended in words for the person; a job that ended in a fault of ours stays there.
        """
        program = self._keeper.program
        id = self._held[place] = self._try(lambda jobs: jobs.accept(place.person, program))
        try:
            yield
        except CroquisError:
            raise
        except Exception as error:
            if id is not None:
                fault = f"it failed: {type(error).__name__}"
                self._try(lambda jobs: jobs.bury(id, fault))
            raise
        finally:
            del self._held[place]
            if id is not None:
                self._try(lambda jobs: jobs.end(id))

    @contextmanager
    def follow(self, place: Place) -> Iterator[None]:
        """Let this thread draw the job of a place, which is in the store for that long unless it is held already."""
        with nullcontext() if place in self._held else self.hold(place):
            token = _job.set(self._held.get(place))
            try:
                yield
            finally:
                _job.reset(token)

    def begin(self, request: GenerationRequest) -> None:
        """Note what this thread's job draws now, by its hash."""
        if (id := _job.get()) is not None:
            self._try(lambda jobs: jobs.begin(id, request.engine, hash_request(request)))

    def bury(self, fault: str, request: GenerationRequest | None = None) -> None:
        """Note that this thread's job failed for good; one that was not in the store comes into it."""
        place, id = get_place(), _job.get()

        def write(jobs: Jobs) -> None:
            made = (request.engine, hash_request(request)) if request is not None else ("", "")
            jobs.bury(id or jobs.accept(HOST if place is None else place.person, self._keeper.program, *made), fault)

        self._try(write)

    def _try(self, write: Callable[[Jobs], T]) -> T | None:
        """Write to the store; return None where it is not open or fails."""
        try:
            history = self._keeper.find_open()
            return None if history is None else write(history.jobs)
        except Exception as error:  # noqa: BLE001 - whatever the database says, drawing goes on
            self._keeper.report(error)
            return None
