"""Whom the server listens to: its own names and origins, and no page of another site."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.page.trusted_hosts import TrustedHosts, list_trusted_hosts

AT_HOME = "127.0.0.1:7860"
SPACE = {"GRADIO_SERVER_NAME": "0.0.0.0", "SPACE_HOST": "someone-croquis.hf.space"}
SPACES_NAME = "someone-croquis.hf.space"


def call(
    environment: dict[str, str], method: str = "POST", named: str = "", scheme: str = "http", **headers: str
) -> int:
    async def answer(request: Request) -> Response:
        return PlainTextResponse("served")

    hosts = list_trusted_hosts(environment, named)
    app = Starlette(
        routes=[Route("/", answer, methods=["GET", "POST"])], middleware=[Middleware(TrustedHosts, hosts=hosts)]
    )
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestClient(app, base_url=f"{scheme}://testserver").request(method, "/", headers=given).status_code


@pytest.mark.parametrize("host", [AT_HOME, "localhost:7860", "[::1]:7860", "LOCALHOST", "127.0.0.2"])
def test_loopback_is_always_known(host: str) -> None:
    assert call({}, host=host) == call({}, host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize("host", ["rebound.example:7860", "127.0.0.1.nip.example", "192.168.1.4:7860", "", "[::1", "@"])
def test_a_foreign_name_is_refused_though_its_origin_is_the_same(host: str) -> None:
    assert call({}, host=host, origin=f"http://{host}", sec_fetch_site="same-origin") == 400
    assert call({}, "GET", host=host) == 400
    assert call({}, host=AT_HOME, x_forwarded_host=host or "x") == 400


def test_a_server_bound_to_every_address_is_known_by_numbers_and_by_no_foreign_name() -> None:
    for bound in ("0.0.0.0", "::"):
        assert call({"GRADIO_SERVER_NAME": bound}, host="192.168.1.4:7860", origin="http://192.168.1.4:7860") == 200
        assert call({"GRADIO_SERVER_NAME": bound}, host="192.168.1.4:7860", origin="http://192.168.1.5:7860") == 403
        assert call({"GRADIO_SERVER_NAME": bound}, host="192.168.1.4:7860", origin="https://evil.example") == 403
        assert call({"GRADIO_SERVER_NAME": bound}, host="rebound.example:7860") == 400


def test_a_bound_address_is_known() -> None:
    assert call({"GRADIO_SERVER_NAME": "192.168.1.4"}, host="192.168.1.4:7860") == 200
    assert call({"GRADIO_SERVER_NAME": "192.168.1.4"}, host="192.168.1.5:7860") == 400


def test_a_space_is_known_by_its_own_name_and_framed_by_another_sites_page() -> None:
    assert call(SPACE, host=SPACES_NAME, origin=f"https://{SPACES_NAME}", sec_fetch_site="same-origin") == 200
    assert call(SPACE, "GET", host=SPACES_NAME, sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 200
    assert call(SPACE, host="10.0.0.3:7860", x_forwarded_host=SPACES_NAME, origin=f"https://{SPACES_NAME}") == 200
    assert call(SPACE, host="other.hf.space") == 400


def test_a_host_names_others() -> None:
    named = "croquis.example, Studio.example"
    assert call({}, named=named, host="studio.example", origin="https://studio.example") == 200
    assert call({}, named=named, host=AT_HOME, origin="https://croquis.example") == 200  # through a proxy
    assert call({}, host="studio.example") == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:1234"},
        {"origin": "http://[::1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
    ],
)
def test_another_sites_page_may_send_nothing(headers: dict[str, str]) -> None:
    assert call({}, host=AT_HOME, **headers) == 403


@pytest.mark.parametrize("host", [f"{AT_HOME}, evil.example", f"{AT_HOME},", "127.0.0.1:x", "a@127.0.0.1", "[::1]x"])
def test_what_is_not_one_host_is_refused(host: str) -> None:
    assert call({}, host=host) == 400


def test_a_page_of_another_port_or_scheme_is_another_origin() -> None:
    name = "studio.example"
    for origin in ("https://studio.example:8443", "http://studio.example:81", "https://studio.example:"):
        assert call({}, named=name, host=AT_HOME, origin=origin) == 403, origin
        assert call({}, named=name, host=name, origin=origin, sec_fetch_site="same-site") == 403, origin
        assert call({}, host=f"{name}:80", named=name, origin=origin) == 403, origin
    assert call({}, named=name, host=f"{name}:8443", origin=f"https://{name}:8443") == 200
    assert call({}, named=name, host=f"{name}:443", origin=f"https://{name}") == 200
    assert call({}, named=name, host="10.0.0.3", x_forwarded_host=name) == 400
    assert call({}, "POST", name, scheme="https", host=name, origin=f"http://{name}") == 403
    assert call({}, "POST", name, scheme="https", host=name, origin=f"https://{name}") == 200


def test_a_proxy_may_leave_the_port_of_a_listed_name_out() -> None:
    """As nginx does by $host, on a port of its own; browsers tell pages of other ports apart."""
    name, origin = "school.example", "http://school.example:8080"
    assert call({}, named=name, host=name, origin=origin) == 200
    assert call({}, named=name, host=name, origin=origin, sec_fetch_site="same-origin") == 200
    assert call({}, named=name, host="10.0.0.3:7860", x_forwarded_host=name, origin=origin) == 400
    assert call({}, named=f"{name},{name}:8080", host=f"{name}:80", origin=origin) == 200
    assert call({}, named=name, host=name, origin="http://other.example:8080") == 403
    assert call({"GRADIO_SERVER_NAME": "0.0.0.0"}, host="192.168.1.4", origin="http://192.168.1.4:8080") == 403


def test_programs_and_links_are_welcome() -> None:
    assert call({}, host=AT_HOME) == 200
    assert call({}, "GET", host=AT_HOME, sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 200
    assert call({}, "GET", host=AT_HOME, sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403
