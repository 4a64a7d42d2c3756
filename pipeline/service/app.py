"""Build the application that is mounted at /v1, with its OpenAPI description at /v1/openapi.json."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from pipeline.service.answers import answer_error
from pipeline.service.description import DRAW_RESPONSES, describe_body
from pipeline.service.draw import DrawService
from pipeline.studio.studio import Studio

PATH = "/v1"
SUMMARY = "Draw a picture that follows a drawing, shows what the words say and wears a style."
DESCRIPTION = (
    "One call, one answer: the picture as a PNG file, JSON with its details, or events with a preview after each step, "
    "by the Accept header. The same inputs and seed give the same bytes. Whoever closes the connection stops the run."
)


def mount_service(studio: Studio) -> Mount:
    """Return the route of everything below /v1."""
    return Mount(PATH, app=build_service(studio))


def build_service(studio: Studio) -> FastAPI:
    """Build the application of one studio. It has no pages: those of FastAPI load their scripts from elsewhere."""
    service = FastAPI(title="Croquis", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    service.add_api_route(
        "/draw",
        DrawService(studio).draw,
        methods=["POST"],
        response_class=Response,
        responses=DRAW_RESPONSES,
        summary=SUMMARY,
        description=DESCRIPTION,
        operation_id="draw",
        openapi_extra={"requestBody": describe_body()},
    )
    service.add_exception_handler(HTTPException, answer_http_error)
    return service


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown address or method in words, as every other error."""
    return answer_error(error)
