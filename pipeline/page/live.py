"""Answer POST /live: a drawing as it is now comes in, its small picture goes out, and nothing is kept.

It goes beside Gradio's queue, whose events cost some hundredths of a second each. Inputs are read as Draw reads them.
"""

from __future__ import annotations

import asyncio
import io
import time
from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from PIL import Image
from pydantic import Field, ValidationError
from starlette.routing import Route

from pipeline.errors import CroquisError, IsCancelled, SettingError
from pipeline.page.live_lane import LaneFull, LiveLane
from pipeline.page.origins import is_foreign
from pipeline.page.own_routes import read_body, refuse
from pipeline.page.page_order import SETTINGS, read_order, read_sheet
from pipeline.picture.provenance import write_xmp
from pipeline.sketch.canvas import MAX_PICTURE_TEXT, MAX_TEXT, MOST_SAMPLES
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.studio.callers import name_caller, read_user
from pipeline.studio.live import DRAFT_SAMPLES, draw_live, follows_unasked, make_draft
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio

MOST_BYTES = MAX_TEXT + MAX_PICTURE_TEXT
MOST_HEAD = 100_000  # bytes of the settings
QUALITY = 80  # of the WebP
NOT_READY = "The model is still being loaded."
FOREIGN = "Live pictures are for Croquis's own page."
TOO_LARGE = f"A drawing has at most {MOST_BYTES // 10**6} MB; more came."
FULL = "Too many people draw at once for live pictures."


class LiveHead(StrictModel):
    """LiveHead is the first line of what the browser sends; the drawing's JSON is the second."""

    visitor: Annotated[str, Field(min_length=8, max_length=64)]  # made up by the browser, as a ticket is
    number: Annotated[int, Field(ge=0, lt=2**53)]  # how many this visitor sent before
    draft: bool  # small and quick, while the pen moves
    settings: Annotated[list[Any], Field(min_length=len(SETTINGS), max_length=len(SETTINGS))]  # as SETTINGS names them


class LiveDoor:
    """LiveDoor answers the requests of one studio's page for live pictures."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lane = LiveLane()

    def list_routes(self) -> list[Route]:
        """List the routes to be served beside Gradio's own."""
        return [Route("/live", self.draw, methods=["POST"]), Route("/live", self.describe, methods=["GET"])]

    async def describe(self, request: Request) -> Response:
        """Say whether pictures follow the pen unless someone says no."""
        return JSONResponse({"on": await asyncio.to_thread(follows_unasked, self._studio)})

    async def draw(self, request: Request) -> Response:
        """Answer with the drawing's picture as WebP; with nothing (204) where a newer one took its place."""
        if is_foreign(request):
            return refuse(403, FOREIGN)
        if not self._studio.loading.ready:
            return refuse(503, NOT_READY)
        body = await read_body(request, MOST_BYTES + MOST_HEAD)
        if body is None:
            return refuse(413, TOO_LARGE)
        caller = name_caller(None, request.client and request.client.host, read_user(request)).visitor
        try:
            head, canvas = read_message(body)
            made = await self._lane.run(
                head.visitor, head.number, lambda dropped: self._draw(head, canvas, dropped), caller
            )
        except LaneFull:
            return refuse(503, FULL)
        except Exception as error:
            return refuse(422 if isinstance(error, CroquisError) else 500, explain_error(error))
        return Response(status_code=204) if made is None else made

    def _draw(self, head: LiveHead, canvas: str, is_dropped: IsCancelled) -> Response:
        """Read the inputs, draw, and write the picture; all of it in one thread beside the server's."""
        began = time.perf_counter()
        profile = self._studio.profile
        sketch = read_sheet(profile, canvas, DRAFT_SAMPLES if head.draft else MOST_SAMPLES)
        order, _ = read_order(profile, sketch, head.settings)
        result = draw_live(self._studio, make_draft(order) if head.draft else order, is_cancelled=is_dropped)
        data = write_webp(result.image, write_xmp(result.request))
        spent = round(1000 * (time.perf_counter() - began))
        return Response(data, media_type="image/webp", headers={"X-Milliseconds": str(spent)})


def read_message(body: bytes) -> tuple[LiveHead, str]:
    """Read the head and the drawing's JSON of what the browser sent. Raises SettingError for anything else."""
    first, _, rest = body.partition(b"\n")
    if len(first) > MOST_HEAD:
        raise SettingError(f"A live drawing's first line has at most {MOST_HEAD // 1000} kB; more came.")
    try:
        return LiveHead.model_validate_json(first), rest.decode()
    except ValidationError as error:
        raise SettingError(f"A live drawing's first line cannot be read: {describe_first_fault(error)}.") from error
    except ValueError as error:
        raise SettingError("A live drawing comes as two lines of JSON in UTF-8.") from error


def write_webp(image: Image.Image, xmp: str) -> bytes:
    """Write a picture as WebP, quickly; its XMP says that a model made it."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY, method=1, xmp=xmp.encode())
    return stream.getvalue()
