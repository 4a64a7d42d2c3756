"""Gather the measurements of every replica of a cluster for one answer to Prometheus."""

from __future__ import annotations

import logging

from pipeline.metrics.gathered import Measured, write_gathered
from pipeline.serve.names import DRAW, ENGINES, LINE, PAGE, RETRIEVAL

log = logging.getLogger(__name__)

MEASURED = (PAGE, DRAW, LINE, ENGINES, RETRIEVAL)
PATIENCE = 5.0  # seconds that replicas have to answer


def write_cluster_metrics() -> bytes:
    """Return the measurements of the page, of /v1/draw, of the line, the workers and the encoders in Prometheus's text
    format.

    What does not answer in time is left out. Called in a thread: it waits.
    """
    from ray import serve

    running = serve.status().applications
    return write_gathered({name: ask_replicas(name) for name in MEASURED if name in running})


def ask_replicas(name: str) -> list[Measured]:
    """Return what each replica of an application measured."""
    from ray import serve

    try:
        asked = serve.get_deployment_handle(name, name).broadcast("measure")
        answers = asked.results(timeout_s=PATIENCE, return_exceptions=True)
    except Exception as error:  # none runs now
        log.info("The replicas of %s cannot be measured now: %s", name, error)
        return []
    return [each for each in answers if not isinstance(each, BaseException)]
