"""The one place where an error becomes words on the page."""

from __future__ import annotations

import logging

from pipeline.errors import Cancelled, CroquisError

log = logging.getLogger(__name__)

CALM = "Something went wrong on our side; the log has the details. Your drawing is still here: try again."


def tell(error: Exception) -> str:
    """What the person drawing may read. Anything that is not ours is logged in full and told calmly."""
    if isinstance(error, Cancelled):
        return "Stopped."
    if isinstance(error, CroquisError):
        return str(error)
    log.error("A handler of the page failed", exc_info=error)
    return CALM
