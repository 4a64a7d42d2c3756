"""Name the five applications of a cluster; each has one deployment of the same name."""

import uuid

LINE = "line"  # who is admitted at which front, and whose turn it is: one replica
ENGINES = "engines"  # the workers that draw
RETRIEVAL = "retrieval"  # the encoder of words
PAGE = "page"  # Gradio's page, one replica
DRAW = "draw"  # /v1/draw


def find_own_name() -> str:
    """Return the name that Ray Serve gave the replica that this process is; one of its own outside of Ray Serve."""
    from ray.serve import get_replica_context
    from ray.serve.exceptions import RayServeException

    try:
        return str(get_replica_context().replica_id.unique_id)
    except RayServeException:
        return uuid.uuid4().hex
