"""Serve the history to its page: lists, thumbnails and files out, stars and deletions in; to each visitor their own.

The database's library is imported by the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field, ValidationError
from starlette.routing import BaseRoute, Mount, Route

from pipeline.errors import FilesLeft, NotInHistory, SettingError, StoreError
from pipeline.page.history_answers import describe_found, describe_style_count, read_wanted
from pipeline.page.origins import is_foreign
from pipeline.page.own_routes import read_body, refuse
from pipeline.page.sharing import forget_styles
from pipeline.page.visitors import DESK, choose_mode, find_owner, make_cookie, make_token
from pipeline.store.faults import explain_fault
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.studio.studio import Studio

if TYPE_CHECKING:
    from pipeline.store.history import History

PATH = "/history"
MOST_BYTES = 100_000  # of what the page sends
MOST_IDS = 500  # pictures changed at once
YEAR_SECONDS = 365 * 24 * 3600
FOREIGN = "The history is for Croquis's own page."
NOTHING_KEPT = "No pictures of yours are kept here."
KEPT_BY_HOST = "What is drawn at this machine is kept, as its host set it; CROQUIS_HISTORY=off ends that."
NEVER_KEPT = "The host of this Croquis keeps no pictures."
SAFE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
FRESH = {**SAFE, "Cache-Control": "no-store"}
LASTING = {  # a picture's file never changes under its id
    **SAFE,
    "Cache-Control": f"private, max-age={YEAR_SECONDS}, immutable",
    "Content-Security-Policy": "default-src 'none'",
}

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Model = TypeVar("Model", bound=StrictModel)


class Ids(StrictModel):
    """Ids names the pictures to change."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_IDS)]


class Star(StrictModel):
    """Star says which picture gets a star, or loses it."""

    id: Id
    favourite: bool


class Consent(StrictModel):
    """Consent says whether a visitor wants their pictures kept on this server."""

    keep: bool


class HistoryDoor:
    """HistoryDoor answers the page's requests for one studio's history."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def list_routes(self) -> list[BaseRoute]:
        """List the routes to be served beside Gradio's own, all below PATH."""
        reads: list[tuple[str, Callable[[Request], Response]]] = [
            ("/state", self.tell_state),
            ("/pictures", self.find_pictures),
            ("/pictures/{id}.png", self.send_picture),
            ("/pictures/{id}.webp", self.send_thumbnail),
            ("/export", self.export),
        ]
        changes: list[tuple[str, Callable[[Request, bytes], Response]]] = [
            ("/consent", self.take_consent),
            ("/favourite", self.set_favourite),
            ("/delete", self.delete),
            ("/restore", self.restore),
            ("/forget", self.forget),
        ]
        routes = [Route(path, self._guard_read(answer), methods=["GET"]) for path, answer in reads]
        routes += [Route(path, self._guard_change(answer), methods=["POST"]) for path, answer in changes]
        return [Mount(PATH, routes=routes)]

    def tell_state(self, request: Request) -> Response:
        """Say whether this visitor's pictures are kept, what goes wrong with that, and what was cut off."""
        mode, owner = choose_mode(request, self._studio.settings), find_owner(request, self._studio.settings)
        if owner is not None:
            self._studio.keeper.start()  # the history is open by the time its dialog is
        state = {"mode": mode, "keeps": mode == "on" or owner is not None, "fault": self._studio.keeper.fault}
        answer = JSONResponse(state | self._find_interrupted(owner), headers=FRESH)
        if mode == "on" and owner is None:
            answer.headers.append("set-cookie", make_cookie(request, make_token()))
        return answer

    def _find_interrupted(self, owner: str | None) -> dict[str, str]:
        """Return when this visitor's latest picture came that an end of Croquis cut off lately: "" where there is none,
        nothing where it is not known yet.
        """
        if owner is None:
            return {"interrupted": ""}
        if (history := self._studio.keeper.find_open()) is None:
            return {}
        when = history.jobs.find_interrupted(owner)
        return {"interrupted": "" if when is None else when.isoformat()}

    def take_consent(self, request: Request, body: bytes) -> Response:
        """Begin to keep a visitor's pictures, or delete all of them and keep no more."""
        keep = _read(Consent, body).keep
        mode, owner = choose_mode(request, self._studio.settings), find_owner(request, self._studio.settings)
        if mode == "off" or owner == DESK:
            raise SettingError(NEVER_KEPT if mode == "off" else KEPT_BY_HOST)
        answer = JSONResponse({"keeps": keep}, headers=FRESH)
        if keep and owner is None:
            answer.headers.append("set-cookie", make_cookie(request, make_token()))
        if not keep and owner is not None:
            self._studio.keeper.flush()
            forget_styles(self._studio, request)
            try:
                self._studio.keeper.open().forget(owner)
            except FilesLeft as error:  # nothing is kept any more all the same
                answer = refuse(503, str(error), FRESH)
            answer.headers.append("set-cookie", make_cookie(request, ""))
        return answer

    def find_pictures(self, request: Request) -> Response:
        """Answer with a page of pictures; with styles=1 also with the styles that they wear."""
        history, owner = self._open(request)
        found = describe_found(history.find(owner, read_wanted(request.query_params)))
        if request.query_params.get("styles") == "1":
            found["styles"] = [describe_style_count(each) for each in history.count_styles(owner)]
        return JSONResponse(found, headers=FRESH)

    def send_picture(self, request: Request) -> Response:
        """Send a picture's file; with save=1 to be saved."""
        history, owner = self._open(request)
        id, kind = request.path_params["id"], "image/png"
        data = history.read_picture(owner, id)
        saved = {"Content-Disposition": f'attachment; filename="croquis-{id[:8]}.png"'}
        headers = {**LASTING, **(saved if request.query_params.get("save") == "1" else {})}
        return Response(data, media_type=kind, headers=headers)

    def send_thumbnail(self, request: Request) -> Response:
        """Send a picture's thumbnail."""
        history, owner = self._open(request)
        data = history.read_thumbnail(owner, request.path_params["id"])
        return Response(data, media_type="image/webp", headers=LASTING)

    def export(self, request: Request) -> Response:
        """Send a zip of the pictures named in `ids`, with commas between them, or of all."""
        from pipeline.store.export import list_files, zip_files

        named = request.query_params.get("ids", "")
        ids = _check(Ids, {"ids": named.split(",")}).ids if named else None
        history, owner = self._open(request)
        files = list_files(history, owner, ids)
        headers = {**FRESH, "Content-Disposition": 'attachment; filename="croquis-pictures.zip"'}
        return StreamingResponse(zip_files(history.files.files, files), media_type="application/zip", headers=headers)

    def set_favourite(self, request: Request, body: bytes) -> Response:
        """Give a picture a star, or take it away."""
        star = _read(Star, body)
        history, owner = self._open(request)
        history.set_favourite(owner, star.id, star.favourite)
        return JSONResponse({"favourite": star.favourite}, headers=FRESH)

    def delete(self, request: Request, body: bytes) -> Response:
        """Put pictures into the bin."""
        history, owner = self._open(request)
        return _answer_count(history.delete(owner, _read(Ids, body).ids))

    def restore(self, request: Request, body: bytes) -> Response:
        """Bring pictures back from the bin."""
        history, owner = self._open(request)
        return _answer_count(history.restore(owner, _read(Ids, body).ids))

    def forget(self, request: Request, body: bytes) -> Response:
        """Delete everything of this visitor for good."""
        history, owner = self._open(request)
        self._studio.keeper.flush()
        forget_styles(self._studio, request)
        return _answer_count(history.forget(owner))

    def _open(self, request: Request) -> tuple[History, str]:
        """Return the history and whose part of it is meant. Raises NotInHistory where nothing is kept of them."""
        owner = find_owner(request, self._studio.settings)
        if owner is None:
            raise NotInHistory(NOTHING_KEPT)
        return self._studio.keeper.open(), owner

    def _guard_read(self, answer: Callable[[Request], Response]) -> Callable[[Request], object]:
        async def guarded(request: Request) -> Response:
            return refuse(403, FOREIGN, FRESH) if is_foreign(request) else await self._run(lambda: answer(request))

        return guarded

    def _guard_change(self, answer: Callable[[Request, bytes], Response]) -> Callable[[Request], object]:
        async def guarded(request: Request) -> Response:
            if is_foreign(request) or request.headers.get("content-type") != "application/json":
                return refuse(403, FOREIGN, FRESH)
            body = await read_body(request, MOST_BYTES)
            if body is None:
                return refuse(413, f"At most {MOST_BYTES:,} bytes are taken here; more came.", FRESH)
            return await self._run(lambda: answer(request, body))

        return guarded

    async def _run(self, work: Callable[[], Response]) -> Response:
        """Answer from a thread beside the server's; say what goes wrong."""
        try:
            return await asyncio.to_thread(work)
        except NotInHistory as error:
            return refuse(404, str(error), FRESH)
        except SettingError as error:
            return refuse(422, str(error), FRESH)
        except StoreError as error:
            return refuse(503, str(error), FRESH)
        except Exception as error:  # of the disk or the database: the next request may find it mended
            self._studio.keeper.report(error)
            return refuse(503, explain_fault(error), FRESH)


def _read(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise SettingError(f"This cannot be read: {describe_first_fault(error)}.") from error


def _check(model: type[Model], values: dict[str, Sequence[str]]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingError(f"This cannot be read: {describe_first_fault(error)}.") from error


def _answer_count(count: int) -> Response:
    return JSONResponse({"count": count}, headers=FRESH)
