"""Say who wants a picture: by an API key or a login, by a session of the page, or by the address it came from."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

NETWORK_BITS = 64  # of an IPv6 address that one household has


@dataclass(frozen=True)
class Caller:
    """Caller is who wants a picture, and by what their pictures in a time are counted."""

    visitor: str  # whose turn it is
    address: str  # of a key or a login the name, which keeps a rate of its own
    owner: str = ""  # whose history the picture is kept in; "": nobody's


def name_caller(session: str | None, host: str | None, user: str | None = None, owner: str | None = None) -> Caller:
    """Name who calls: a key or a login, else the session where there is one, else the address."""
    if user is not None:
        return Caller(user, user, owner or "")
    address = name_address(host or "")
    return Caller(f"session {session}" if session else f"address {address}", address, owner or "")


def read_user(visitor: Any) -> str | None:
    """Return who a request of Gradio's or Starlette's comes from, "key NAME" or "user NAME"; None for somebody."""
    scope = getattr(getattr(visitor, "request", None) or visitor, "scope", None) or {}
    user = scope.get("user")
    return str(user.display_name) if user is not None and user.is_authenticated else None


def unwrap_address(host: str) -> str:
    """Return the IPv4 address that an IPv6 one stands for (::ffff:10.0.0.1), as a server on both sees it.

    Any other host stays as it is.
    """
    try:
        mapped = getattr(ip_address(host), "ipv4_mapped", None)
    except ValueError:
        return host
    return host if mapped is None else str(mapped)


def name_address(host: str) -> str:
    """Return an address as it is counted: of IPv6 the network, since each household has 2^64 of them, but of one that
    stands for an IPv4 address that.
    """
    try:
        address = ip_address(unwrap_address(host))
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(ip_network((address, NETWORK_BITS), strict=False))
    return str(address)
