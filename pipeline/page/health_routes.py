"""Answer those who watch over the server: is it there, can it draw, and what has it done."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.page.host import may_read_metrics
from pipeline.page.own_routes import NOT_KEPT, refuse
from pipeline.studio.line import ENDING, ENDING_SECONDS
from pipeline.studio.studio import Studio

TEXT_FORMAT = "text/plain; version=1.0.0; charset=utf-8"  # Prometheus's own; `prometheus_client` names the same
SECONDS = "5"  # until a balancer asks again
NO_METRICS = "This Croquis shows no measurements; CROQUIS_METRICS=auto shows them to its host."
NOT_YOURS = (
    "The measurements are for who sits at the machine that runs this Croquis, or sends its host's token as a bearer "
    "token; CROQUIS_METRICS=on shows them to everybody."
)


class HealthDoor:
    """HealthDoor answers GET /health, /ready and /metrics for one studio."""

    def __init__(self, studio: Studio, write_metrics: Callable[[], bytes] | None = None) -> None:
        """`write_metrics` returns the measurements in place of the studio's own."""
        self._studio = studio
        self._write_metrics = studio.measurements.write if write_metrics is None else write_metrics

    def list_routes(self) -> list[BaseRoute]:
        """List the routes to be served beside Gradio's own."""
        answers = {"/health": self.tell_health, "/ready": self.tell_ready, "/metrics": self.send_metrics}
        return [Route(path, answer, methods=["GET"]) for path, answer in answers.items()]

    async def tell_health(self, request: Request) -> Response:
        """Answer 200: the process is there and answers."""
        return JSONResponse({"healthy": True}, headers=NOT_KEPT)

    async def tell_ready(self, request: Request) -> Response:
        """Answer 200 once an engine is loaded; 503 in words before, where it could not be loaded, and once the program
        is being stopped.
        """
        loading = self._studio.loading
        if self._studio.line.is_ending:
            return refuse(503, ENDING, {**NOT_KEPT, "Retry-After": str(ENDING_SECONDS)})
        if loading.ready:
            return JSONResponse({"ready": True, "engine": self._studio.profile.name}, headers=NOT_KEPT)
        words = loading.error or f"The engine is not loaded yet: {loading.stage}, {loading.fraction:.0%}."
        return refuse(503, words, {**NOT_KEPT, "Retry-After": SECONDS})

    def send_metrics(self, request: Request) -> Response:
        """Answer with the measurements in Prometheus's text format, to those who may read them."""
        settings = self._studio.settings
        if not may_read_metrics(request, settings):
            return refuse(404, NO_METRICS) if settings.metrics == "off" else refuse(403, NOT_YOURS)
        return Response(self._write_metrics(), media_type=TEXT_FORMAT, headers=NOT_KEPT)
