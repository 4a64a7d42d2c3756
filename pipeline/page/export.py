"""Answer POST /export/{form}: a picture file of ours comes in, the same in another form goes out; nothing is kept."""

from __future__ import annotations

import asyncio

from fastapi import Request
from fastapi.responses import Response
from starlette.routing import Route

from pipeline.errors import CroquisError, SettingError
from pipeline.page.origins import is_foreign
from pipeline.page.own_routes import read_body, refuse
from pipeline.picture.png_chunks import MAX_FILE
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio

FOREIGN = "Other forms of a picture are made for Croquis's own page."
TOO_LARGE = f"A picture file has at most {MAX_FILE // 10**6} MB; more came."
AT_ONCE = 2  # forms that are made at the same time


class ExportDoor:
    """ExportDoor answers the requests of one studio's page for other forms of a picture."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._free = asyncio.Semaphore(AT_ONCE)

    def list_routes(self) -> list[Route]:
        """List the routes to be served beside Gradio's own."""
        return [Route("/export/{form}", self.export, methods=["POST"])]

    async def export(self, request: Request) -> Response:
        """Answer with the file in the form that the address names, or with {"error": words}."""
        if is_foreign(request):
            return refuse(403, FOREIGN)
        if (data := await read_body(request, MAX_FILE)) is None:
            return refuse(413, TOO_LARGE)
        try:
            async with self._free:
                made, kind, ending = await asyncio.to_thread(self._make, request.path_params["form"], data)
        except Exception as error:
            return refuse(422 if isinstance(error, CroquisError) else 500, explain_error(error))
        named = {"Content-Disposition": f'attachment; filename="croquis.{ending}"', "Cache-Control": "no-store"}
        return Response(made, media_type=kind, headers=named)

    def _make(self, name: str, data: bytes) -> tuple[bytes, str, str]:
        """Make a form of a picture file; return it, its media type and the ending of its name. Raises CroquisError."""
        from pipeline.exports.forms import FORMS

        if (form := FORMS.get(name)) is None:
            raise SettingError(f"A picture can leave as {' or '.join(FORMS)}; {name[:40]!r} came.")
        return form.make(data, self._studio.read_picture(data)), form.media_type, form.ending
