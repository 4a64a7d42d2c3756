"""Who comes in: keys, logins and a proxy's word, each on an app that Gradio really serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.errors import StoreError
from pipeline.page.theme import make_launch_options
from pipeline.page.trusted_proxies import PRIVATE, believe_proxies, list_proxies
from pipeline.page.visitors import find_caller
from pipeline.setting_checks import expect_proxies
from pipeline.settings import Settings
from pipeline.store.logins import Logins
from pipeline.studio.callers import name_address, name_caller, read_user, unwrap_address

pytestmark = pytest.mark.slow
KEY = "croquis_" + "k" * 43
BEARER = {"authorization": f"Bearer {KEY}"}
PASSWORD = "a long brown fox"
Client = httpx.Client
Serve = Callable[..., Client]


def find_key(key: str) -> str | None:
    if key.endswith("away"):
        raise StoreError("The history's database does not answer.")
    return "class 4b" if key == KEY else None


async def tell_user(request: Request) -> Response:
    return JSONResponse(name_caller(None, request.client and request.client.host, read_user(request)).visitor)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return serve(settings), which serves a page with the endpoint /whoami, and /v1/whoami beside it."""
    pages: list[gr.Blocks] = []
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")

    def serve_one(**given: str) -> Client:
        settings = Settings(user_dir=tmp_path, **given)  # type: ignore[arg-type]
        believe_proxies(list_proxies(settings.proxies))
        with gr.Blocks() as page:
            said = gr.Textbox()

            def whoami(request: gr.Request) -> str:
                return find_caller(request, settings).visitor

            page.load(whoami, None, said, api_name="whoami")
        routes = [Route("/v1/whoami", tell_user), Route("/health", tell_user)]
        options = make_launch_options(page, settings, routes, find_key=find_key)
        page.launch(prevent_thread_lock=True, **options)
        pages.append(page)
        return httpx.Client(base_url=str(page.local_url), timeout=30)

    yield serve_one
    for page in pages:
        page.close()


def ask_endpoint(client: Client, headers: dict[str, str] | None = None) -> str:
    """Return what /whoami answers, or the status of a refusal."""
    joined = client.post("gradio_api/call/whoami", json={"data": []}, headers=headers)
    if joined.status_code != 200:
        return str(joined.status_code)
    answer = client.get(f"gradio_api/call/whoami/{joined.json()['event_id']}", headers=headers)
    return answer.text.rpartition("data: ")[2].strip()


def test_without_logins_anybody_comes_in_and_a_key_has_a_turn_of_its_own(serve: Serve) -> None:
    client = serve()
    assert client.get("v1/whoami").json() == "address 127.0.0.1"
    assert client.get("v1/whoami", headers=BEARER).json() == "key class 4b"
    assert ask_endpoint(client, BEARER) == '["key class 4b"]' and "session" in ask_endpoint(client)
    refused = client.get("v1/whoami", headers={"authorization": f"Bearer {KEY}x"})
    assert refused.status_code == 401 and "not known here" in refused.json()["error"]
    assert refused.headers["www-authenticate"] == "bearer"
    away = client.get("v1/whoami", headers={"authorization": "Bearer croquis_away"})
    assert away.status_code == 503 and "does not answer" in away.json()["error"]
    assert client.get("v1/whoami", headers={"authorization": "Bearer hf_other"}).json() == "address 127.0.0.1"
    forged = {"x-remote-user": "Ann", "x-forwarded-user": "Ann"}
    assert client.get("v1/whoami", headers=forged).json() == "address 127.0.0.1"
    assert client.post("login", data={"username": "a", "password": "b"}).status_code == 404


def test_by_a_file_of_logins_only_who_is_in_it_comes_in(serve: Serve, tmp_path: Path) -> None:
    Logins(Settings(user_dir=tmp_path).logins_file).add("Ann", PASSWORD)
    client = serve(login="file")
    page = client.get("")
    assert page.status_code == 200 and "auth_required" in page.text
    for path in ("v1/whoami", "gradio_api/info", "gradio_api/queue/data?session_hash=a"):
        assert client.get(path).status_code == 401, path
    assert ask_endpoint(client) == "401" and client.get("health").status_code == 200
    assert client.post("login", data={"username": "Ann", "password": "wrong"}).status_code == 400
    assert client.post("login", data={"username": "Ann", "password": PASSWORD}).status_code == 200
    assert client.get("v1/whoami").json() == "user Ann" and ask_endpoint(client) == '["user Ann"]'
    assert "auth_required" not in client.get("").text
    client.get("logout")
    client.cookies.clear()
    assert client.get("v1/whoami").status_code == 401
    assert client.get("v1/whoami", headers=BEARER).json() == "key class 4b"
    assert ask_endpoint(client, BEARER) == '["key class 4b"]'


def test_who_tries_passwords_is_refused_and_nobody_else(serve: Serve, tmp_path: Path) -> None:
    logins = Logins(Settings(user_dir=tmp_path).logins_file)
    logins.add("Ann", PASSWORD)
    logins.add("Bob", PASSWORD)
    client = serve(login="file", proxies="127.0.0.1")

    def log_in(name: str, password: str, address: str) -> int:
        sent = {"username": name, "password": password}
        return client.post("login", data=sent, headers={"x-forwarded-for": address}).status_code

    assert [log_in("Ann", "wrong", "192.0.2.7") for _ in range(10)] == [400] * 10
    assert log_in("Ann", PASSWORD, "192.0.2.7") == 400 and log_in("Bob", PASSWORD, "192.0.2.7") == 200
    assert log_in("Ann", PASSWORD, "192.0.2.8") == 200
    assert log_in("Ann" * 100, PASSWORD, "192.0.2.8") == log_in("Bob", PASSWORD * 100, "192.0.2.8") == 400


def test_a_proxy_is_believed_from_its_own_address_alone(serve: Serve) -> None:
    ann = {"x-remote-user": "Ann", "x-forwarded-for": "192.0.2.7"}
    client = serve(login="proxy", proxies="127.0.0.1")
    assert client.get("v1/whoami", headers=ann).json() == "user Ann"
    assert ask_endpoint(client, ann) == '["user Ann"]' and client.get("", headers=ann).status_code == 200
    assert client.get("v1/whoami").status_code == client.get("").status_code == 401
    assert client.get("health").status_code == 200
    assert client.get("v1/whoami", headers=BEARER).json() == "key class 4b"
    elsewhere = serve(login="proxy", proxies="192.0.2.1, 10.0.0.0/8")
    assert elsewhere.get("v1/whoami", headers=ann).status_code == 401
    assert elsewhere.get("", headers=ann).status_code == 401


def test_a_visitor_behind_a_trusted_proxy_has_their_own_address(serve: Serve) -> None:
    client = serve(proxies="127.0.0.1")
    assert client.get("v1/whoami", headers={"x-forwarded-for": "192.0.2.7"}).json() == "address 192.0.2.7"
    other = serve(proxies="192.0.2.1")
    assert other.get("v1/whoami", headers={"x-forwarded-for": "192.0.2.7"}).json() == "address 127.0.0.1"


def test_on_a_space_each_visitor_has_their_own_address(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/croquis")
    client = serve()
    for forwarded in ("198.51.100.9, 192.0.2.7", "10.0.0.1, 192.0.2.7", "192.0.2.7, 10.16.3.80", "192.0.2.7"):
        assert client.get("v1/whoami", headers={"x-forwarded-for": forwarded}).json() == "address 192.0.2.7", forwarded
    assert client.get("v1/whoami", headers={"x-forwarded-for": "192.0.2.8"}).json() == "address 192.0.2.8"


def test_an_address_that_stands_for_another_is_that() -> None:
    """As a server that listens to IPv6 and IPv4 on one socket, and HAProxy before it, tell them."""
    assert unwrap_address("::ffff:10.16.3.80") == name_address("::ffff:10.16.3.80") == "10.16.3.80"
    assert unwrap_address("2001:db8::1") == "2001:db8::1" and name_address("2001:db8::1") == "2001:db8::/64"
    assert unwrap_address("testclient") == "testclient" and unwrap_address("192.0.2.7") == "192.0.2.7"


def test_a_host_says_whom_a_space_believes() -> None:
    assert list_proxies("", {}) == "" and list_proxies("", {"SPACE_ID": "a/b"}) == PRIVATE
    assert list_proxies("192.0.2.1", {"SPACE_ID": "a/b"}) == "192.0.2.1"
    expect_proxies(PRIVATE)
