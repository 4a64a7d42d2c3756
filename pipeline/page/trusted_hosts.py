"""Refuse requests that come under a foreign name, or from another site's page, before any route sees them.

A page whose name was pointed at this machine (DNS rebinding) comes with that name as its Host and as its Origin.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.page.host import is_loopback
from pipeline.page.origins import OWN_PAGE
from pipeline.page.own_routes import refuse

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 bound to every address of the machine
NETLOC = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[^\s,;@/?#\\:\[\]]+)(:[0-9]{1,5})?")  # one host, and its port
PORTS = {"http": 80, "https": 443}
SHARED = ("/v1/", "/gradio_api/")  # what the pages of sites that the host lists may call
FOREIGN_NAME = "Croquis is not known by this name; CROQUIS_TRUSTED_HOSTS lists the names that it has."
FOREIGN_PAGE = "A page of another site may not use this Croquis."


def list_trusted_hosts(environment: Mapping[str, str], named: str = "") -> frozenset[str]:
    """List the host names that requests may come under; EVERYWHERE's first stands for any address of numbers.

    They are loopback's (always, see TrustedHosts), the bound address, the Space's own and those that the host named.
    """
    bound = environment.get("GRADIO_SERVER_NAME", "").strip("[]").lower()
    machine = socket.gethostname().lower()
    own = {EVERYWHERE[0], machine, f"{machine}.local"} if bound in EVERYWHERE else {bound}
    given = (each.strip().lower() for each in (environment.get("SPACE_HOST", ""), *named.split(",")))
    return frozenset({*own, *given} - {""})


class TrustedHosts:
    """TrustedHosts is a middleware that refuses foreign names (400) and other sites' pages (403).

    What is no browser sends no Origin and is welcome; so is a link that leads here from another site.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], origins: Sequence[str] = ()) -> None:
        """Take the names that requests may come under, and the sites whose pages may call the API."""
        self._app, self._hosts, self._origins = app, hosts, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            if not all(self._trusts(name) for name in find_names(request)):
                await refuse(400, FOREIGN_NAME)(scope, receive, send)
                return
            is_foreign = self._is_foreign(request)
            if is_foreign and not is_link(request):
                await refuse(403, FOREIGN_PAGE)(scope, receive, send)
                return
            scope[OWN_PAGE] = not is_foreign
        await self._app(scope, receive, send)

    def _trusts(self, netloc: str) -> bool:
        name = read_name(netloc)
        if name == "localhost" or is_loopback(name) or name in self._hosts:
            return True
        return EVERYWHERE[0] in self._hosts and is_address(name)

    def _is_foreign(self, request: Request) -> bool:
        """Return whether a browser sends this for a page whose origin is none of ours."""
        if (origin := request.headers.get("origin")) is None:
            return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if origin in self._origins and request.url.path.startswith(SHARED):
            return False
        scheme = origin.partition(":")[0].lower()
        if request.url.scheme == "https" and scheme != "https":
            return True
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return True
        netloc = drop_port(read_netloc(origin), scheme)
        is_named = netloc in self._hosts and not is_address(netloc)  # a proxy may change the Host
        if is_named or netloc in (drop_port(name, scheme) for name in find_names(request)):
            return False
        return not self._lost_its_port(netloc, request)

    def _lost_its_port(self, netloc: str, request: Request) -> bool:
        """Return whether an origin is a listed name at a port that a proxy did not pass on: nginx's $host has none."""
        name = read_name(netloc)
        if name not in self._hosts or is_address(name):
            return False
        return all(each == read_name(each) for each in find_names(request))


def find_names(request: Request) -> list[str]:
    """Return the names that a request comes under, with their ports; "" where it has none."""
    given = [request.headers.get("host", ""), *request.headers.get("x-forwarded-host", "").split(",")]
    first, *others = (each.strip().lower() for each in given)
    return [first, *(each for each in others if each)]


def is_link(request: Request) -> bool:
    """Return whether a person follows a link here, or another page frames ours, which the page's policy decides."""
    return request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-mode") == "navigate"


def read_netloc(origin: str) -> str:
    """Return an origin's host and port in lower case; "" for one that has none, as "null"."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def drop_port(netloc: str, scheme: str) -> str:
    """Return host:port without a port that its scheme has by itself."""
    return netloc.removesuffix(f":{PORTS.get(scheme)}")


def read_name(netloc: str) -> str:
    """Return the host of host:port without the brackets of an IPv6 address; "" for what is malformed."""
    if not NETLOC.fullmatch(netloc):
        return ""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Return whether a host is an address of numbers: no foreign name can be pointed at it."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
