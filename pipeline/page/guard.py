"""Guard what Gradio does with inputs before any code of ours runs, and put its refusals into words.

For a dictionary that looks like a file, in any input of any event, Gradio fetches its path when that is an address.
Croquis fetches nothing for anybody: such inputs are refused here, and Gradio's own refusals get words.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError
from gradio_client.utils import is_file_obj, is_http_url_like, traverse
from pydantic import ValidationError

from pipeline.page.own_routes import refuse
from pipeline.page.refusals import note_failure
from pipeline.studio.messages import explain_error

NOT_UPLOADED = (
    "A file is uploaded here first (the clients' handle_file() does it for a local file); addresses and other paths "
    "are not fetched."
)
MALFORMED = 'A file is {"path": the uploaded file\'s path, "meta": {"_type": "gradio.FileData"}}; another form came.'
PATH_LIMIT = 1_000  # characters; systems refuse long ones with errors of their own
CALLS = tuple(f"/gradio_api/{name}" for name in ("run/", "call/", "queue/join"))
MOST_TOLD = 300  # letters of what is wrong with a call
UPLOAD = "/gradio_api/upload"
NO_FILES = "An upload is a form (multipart/form-data) whose parts are files; another form came."
NO_PAGE = "There is one page here, at this address without a query."
NO_ENDPOINT = "There is no such endpoint. /gradio_api/info lists those there are."

Answer = Callable[[Request, Exception], JSONResponse]


def guard_inputs(blocks: gr.Blocks) -> None:
    """Check every input of every event of these blocks, before Gradio touches it."""
    preprocess: Callable[..., Awaitable[list[Any]]] = blocks.preprocess_data

    async def guarded(block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        expect_inputs(block_fn, inputs)
        try:
            return await preprocess(block_fn, inputs, *args, **kwargs)
        except gr.Error as error:  # a choice that is none: told, not logged
            error.print_exception = False
            raise
        except InvalidPathError:
            raise gr.Error(NOT_UPLOADED, print_exception=False) from None
        except Exception as error:
            note_failure(error)
            raise gr.Error(explain_error(error), print_exception=False) from None

    blocks.preprocess_data = guarded  # type: ignore[method-assign]


def expect_inputs(block_fn: Any, inputs: list[Any]) -> None:
    """Raise gr.Error unless the inputs are as many as the event takes, and every file among them is well formed."""
    if block_fn.fn is None:  # the page's scripts alone run it
        raise gr.Error(NO_ENDPOINT, print_exception=False)
    if len(inputs) != len(block_fn.inputs):
        raise gr.Error(
            f"/{block_fn.api_name} takes {len(block_fn.inputs)} values in its data list; {len(inputs)} came.",
            print_exception=False,
        )
    try:
        traverse(inputs, expect_local_file, is_file_obj)
    except RecursionError:
        raise gr.Error("An input is nested too deeply.", print_exception=False) from None


def expect_local_file(file: dict[str, Any]) -> dict[str, Any]:
    """Return the file's dictionary, or raise gr.Error unless it is well formed and names a file, not an address."""
    if is_http_url_like(file["path"]):
        raise gr.Error(NOT_UPLOADED, print_exception=False)
    try:
        gr.FileData(**file)
    except (ValidationError, TypeError):
        raise gr.Error(MALFORMED, print_exception=False) from None
    if "\0" in file["path"] or len(file["path"]) > PATH_LIMIT or not isinstance(file.get("meta", {}), dict):
        raise gr.Error(MALFORMED, print_exception=False)
    return file


def list_exception_handlers() -> Mapping[type[Exception], Answer]:
    """List FastAPI's exception handlers: what fails on the way to an event is answered as {"error": words} too."""
    return {
        FnIndexInferError: _answer_unknown_endpoint,
        KeyError: _answer_unknown_endpoint,
        TypeError: _answer_wrong_names,
        AttributeError: _answer_wrong_upload,
        RequestValidationError: _answer_wrong_form,
    }


def _answer_unknown_endpoint(request: Request, error: Exception) -> JSONResponse:
    """Answer 404 for an unknown endpoint, event or page: Gradio looks them up without asking whether they are there."""
    if request.url.path == "/":
        return refuse(404, NO_PAGE)
    if not request.url.path.startswith(CALLS):
        raise error
    return refuse(404, NO_ENDPOINT)


def _answer_wrong_names(request: Request, error: Exception) -> JSONResponse:
    """Answer 422 with Gradio's own words: /call/v2/ takes named inputs, and only the status of its answer is wrong."""
    if "/call/" not in request.url.path:
        return _answer_wrong_upload(request, error)
    return refuse(422, str(error).encode("utf-8", "replace").decode())


def _answer_wrong_upload(request: Request, error: Exception) -> JSONResponse:
    """Answer 400 for a form that holds no file where one is expected, of which Gradio makes errors of its own."""
    if not request.url.path.startswith(UPLOAD):
        raise error
    return refuse(400, NO_FILES)


def _answer_wrong_form(request: Request, error: Exception) -> JSONResponse:
    """Answer 422 for a query or body of another form; FastAPI's own answer repeats what came, which may be no text."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)[:MOST_TOLD]
    return refuse(422, f"A call of another form is taken here ({told.encode('ascii', 'replace').decode()}).")
