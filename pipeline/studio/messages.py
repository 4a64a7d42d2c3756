"""Turn an error into words for a person; nothing else does."""

from __future__ import annotations

import logging
from traceback import clear_frames

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import (
    Cancelled,
    CroquisError,
    EngineChanged,
    FileTooLarge,
    LineFull,
    ModelError,
    NotSigned,
    OutOfMemory,
    WorkerLost,
)

log = logging.getLogger(__name__)

UNEXPECTED_ERROR = "Something went wrong on our side; the log has the details. Your drawing is still here: try again."
STATUSES: tuple[tuple[type[Exception], int], ...] = (  # the first that fits; any other error is ours
    (FileTooLarge, 413),
    (EngineChanged, 503),
    (LineFull, 429),
    (ModelError, 503),
    (NotSigned, 503),
    (OutOfMemory, 503),
    (WorkerLost, 503),
    (CroquisError, 422),
)


def explain_error(error: BaseException) -> str:
    """Return what the person drawing may read. An error that is not ours is logged in full and explained in general
    words; one of the disk, by what to do. What the failed functions held is let go.
    """
    if not isinstance(error, CroquisError):
        log.error("A call failed", exc_info=error)
    release_frames(error)
    if isinstance(error, Cancelled):
        return "Stopped."
    if isinstance(error, CroquisError):
        return str(error)
    return explain_disk_fault(error) or UNEXPECTED_ERROR


def release_frames(error: BaseException | None) -> None:
    """Empty the local variables of the functions that an error came through, and those that it arose from.

    Gradio's queue leaves errors to Python's collector, which may come much later: a refused drawing lay in them at
    full size.
    """
    released: set[int] = set()  # errors may arise from one another in a circle
    while error is not None and id(error) not in released:
        released.add(id(error))
        clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def find_status(error: Exception) -> int:
    """Return the HTTP status of an error."""
    fallback = 500 if explain_disk_fault(error) is None else 507
    return next((status for kind, status in STATUSES if isinstance(error, kind)), fallback)
