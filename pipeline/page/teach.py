"""Answer the page's requests below /teach: pictures come in, a style is taught beside everybody's drawing."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Annotated

from fastapi import Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import Field, ValidationError
from starlette.routing import BaseRoute, Mount, Route

from pipeline.errors import CroquisError, SettingError, StyleError
from pipeline.page.host import NOT_HERE, may_teach
from pipeline.page.origins import is_foreign
from pipeline.page.own_routes import NOT_KEPT, read_body, refuse
from pipeline.strict_json import StrictModel, describe_first_fault, holds_more_values
from pipeline.studio.answers import describe_teaching
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio
from pipeline.studio.teacher import Teaching
from pipeline.teaching.lesson import MOST_PICTURES, parse_steps

PATH = "/teach"
MOST_BYTES = 64_000_000  # of what the page sends: it makes pictures small before
FOREIGN = "Styles are taught from Croquis's own page."
MOST_VALUES = 1_000  # of 80 pictures, each a name and its bytes
MOST_OTHER_BYTES = 1_000  # of what asks for no more than its address says
TOO_LARGE = f"The pictures have at most {MOST_BYTES // 10**6} MB together; more came."
TOO_MUCH = f"A lesson has at most {MOST_VALUES:,} values; more came."
NOT_READY = "The model is still being loaded."


class SentPicture(StrictModel):
    """SentPicture is a picture file as the browser sends it."""

    name: Annotated[str, Field(max_length=200)]
    data: str  # base64


class Begin(StrictModel):
    """Begin asks for a style of this name to be taught."""

    name: Annotated[str, Field(max_length=200)]
    pictures: Annotated[list[SentPicture], Field(max_length=4 * MOST_PICTURES)]  # the teacher counts them
    steps: int = 0  # 0 leaves it to the pictures' number


class TeachDoor:
    """TeachDoor answers the requests of one studio's page for teaching."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def list_routes(self) -> list[BaseRoute]:
        """List the routes to be served beside Gradio's own, all below PATH."""
        teacher = self._studio.teacher
        changes: list[tuple[str, int, Callable[[bytes], Teaching]]] = [
            ("/begin", MOST_BYTES, self._begin),
            ("/stop", MOST_OTHER_BYTES, lambda body: teacher.stop()),
            ("/go-on", MOST_OTHER_BYTES, lambda body: teacher.go_on()),
            ("/discard", MOST_OTHER_BYTES, lambda body: teacher.discard()),
        ]
        routes = [Route(path, self._guard(change, most), methods=["POST"]) for path, most, change in changes]
        routes += [Route("/state", self.tell_state, methods=["GET"])]
        routes += [Route("/sample/{step:int}.webp", self.send_sample, methods=["GET"])]
        return [Mount(PATH, routes=routes)]

    async def tell_state(self, request: Request) -> Response:
        """Say whether this visitor may teach, and how far the style is that is taught."""
        if is_foreign(request):
            return refuse(403, FOREIGN)
        if not may_teach(request, self._studio.settings):
            return JSONResponse({"allowed": False}, headers=NOT_KEPT)
        teaching = await asyncio.to_thread(self._studio.teacher.look)
        return JSONResponse({"allowed": True, **describe_teaching(teaching)}, headers=NOT_KEPT)

    async def send_sample(self, request: Request) -> Response:
        """Send the picture that was drawn after a step."""
        if is_foreign(request) or not may_teach(request, self._studio.settings):
            return refuse(403, NOT_HERE)
        file = await asyncio.to_thread(self._studio.teacher.find_sample, request.path_params["step"])
        return refuse(404, "There is no such sample.") if file is None else FileResponse(file, headers=NOT_KEPT)

    def _begin(self, body: bytes) -> Teaching:
        if not self._studio.loading.ready:
            raise SettingError(NOT_READY)
        if holds_more_values(body, MOST_VALUES):
            raise SettingError(TOO_MUCH)
        try:
            asked = Begin.model_validate_json(body)
        except ValidationError as error:
            raise SettingError(f"This cannot be read: {describe_first_fault(error)}.") from error
        files = [(each.name, decode(each)) for each in asked.pictures]
        return self._studio.teacher.begin(files, asked.name, parse_steps(asked.steps))

    def _guard(self, change: Callable[[bytes], Teaching], most: int) -> Callable[[Request], object]:
        async def guarded(request: Request) -> Response:
            if is_foreign(request) or request.headers.get("content-type") != "application/json":
                return refuse(403, FOREIGN)
            if not may_teach(request, self._studio.settings):
                return refuse(403, NOT_HERE)
            if (body := await read_body(request, most)) is None:
                return refuse(413, TOO_LARGE)
            try:
                teaching = await asyncio.to_thread(change, body)
            except Exception as error:
                return refuse(422 if isinstance(error, CroquisError) else 500, explain_error(error))
            return JSONResponse({"allowed": True, **describe_teaching(teaching)}, headers=NOT_KEPT)

        return guarded


def decode(picture: SentPicture) -> bytes:
    """Return a sent picture's bytes. Raises StyleError where they arrived broken."""
    try:
        return base64.b64decode(picture.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise StyleError(f"{picture.name[:60]!r} cannot teach a style: it arrived broken.") from error
