"""The link that the terminal prints makes its reader the host; a plain visit, a proxy's or another page's does not."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.host import name_host_cookie, read_host_token
from pipeline.page.host_link import HostLink, announce_host
from pipeline.page.model_panel import HOST_ONLY
from pipeline.settings import Settings
from tests.tools.serving import ANSWER_LIMIT, Server

TOKEN = "t" * 43


async def answer(request: Request) -> Response:
    return PlainTextResponse(str(request.url.query))


def open_link(link: str, scheme: str = "http") -> httpx.Response:
    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(HostLink, token=TOKEN)])
    return TestClient(app, base_url=f"{scheme}://testserver", follow_redirects=False).get(link)


def test_the_link_leaves_the_token_in_a_cookie_and_goes_from_the_address() -> None:
    came = open_link(f"/?host={TOKEN}&__theme=dark")
    assert came.status_code == 303 and came.headers["location"] == "./?__theme=dark"
    cookie = came.headers["set-cookie"]
    assert (
        cookie.startswith(f"{name_host_cookie(TOKEN)}={TOKEN};") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    )
    assert "Secure" in open_link(f"/?host={TOKEN}", "https").headers["set-cookie"]


@pytest.mark.parametrize("link", ["/?host=", f"/?host={TOKEN}x", f"/?host=a&host={TOKEN[:-1]}", "/?host=%FF"])
def test_a_wrong_token_leaves_nothing(link: str) -> None:
    came = open_link(link)
    assert came.status_code == 303 and "set-cookie" not in came.headers and came.headers["location"] == "./"


@pytest.mark.parametrize("link", ["/", "/?a=b", f"/file?host={TOKEN}", f"/?ghost={TOKEN}"])
def test_anything_else_goes_through(link: str) -> None:
    assert open_link(link).status_code == 200


def test_the_terminal_prints_the_link_where_there_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, here = Settings(user_dir=tmp_path), "http://127.0.0.1:7860/"
    link = announce_host(here, settings, {})
    assert link == f"{here}?host={read_host_token(tmp_path)}" and link in capsys.readouterr().out
    assert announce_host(here, settings, {"SPACE_HOST": "a.hf.space"}).startswith("https://a.hf.space/?host=")
    assert announce_host(here, Settings(user_dir=tmp_path, hosts="anyone"), {}) == here
    said = capsys.readouterr().out
    assert said.count("?host=") == 1 and f"Croquis is at {here}\n" in said


def watch_panel(server: Server, client: httpx.Client, **headers: str) -> str:
    """Raise the event by which the page looks at the bigger model; return all that comes."""
    config = client.get(f"{server.url}/config", headers=headers).json()
    button = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "bigger-start")
    event = next(each for each in config["dependencies"] if [button, "click"] in map(list, each["targets"]))
    body = {"data": [None] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "s" * 11}
    client.post(f"{server.api}/queue/join", json=body, headers=headers).raise_for_status()
    return client.get(f"{server.api}/queue/data", params={"session_hash": "s" * 11}, headers=headers).text


@pytest.mark.parametrize("name", ["user-agent", "via", "x-client-ip", "cf-connecting-ip"])
def test_the_download_is_not_started_without_the_token(server: Server, name: str) -> None:
    with httpx.Client(timeout=ANSWER_LIMIT) as client:
        assert HOST_ONLY[:40] in watch_panel(server, client, **{name: "203.0.113.9"})
