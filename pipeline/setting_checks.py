"""Check the values of settings, each where it comes in: what it takes and what came, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import SettingError

PREFIX = "CROQUIS_"
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252})", re.IGNORECASE)
CONTACT = re.compile(r"https://[!-~]+|[!#-;=?-~]+@[a-z0-9.-]+", re.IGNORECASE)
CONTACT_LIMIT = 200  # characters
HEADER_NAME = re.compile(r"[a-z0-9-]{1,64}")


def expect_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise SettingError unless a setting is one of these choices."""
    if value not in choices:
        raise SettingError(f"{name} ({PREFIX}{name.upper()}) is one of {', '.join(choices)}; {value!r} came.")


def expect_count(name: str, value: object, most: int) -> None:
    """Raise SettingError unless a setting is a whole number within its bounds."""
    if not isinstance(value, int) or not 1 <= value <= most:
        raise SettingError(f"{name} ({PREFIX}{name.upper()}) is a whole number from 1 to {most:,}; {value!r} came.")


def expect_amount(name: str, value: object, most: float) -> None:
    """Raise SettingError unless a setting is a number within its bounds."""
    if not isinstance(value, int | float) or not 0 <= value <= most:
        raise SettingError(
            f"{name} ({PREFIX}{name.upper()}) is a number from 0 to {most:,.0f} such as 0.35; {value!r} came."
        )


def expect_host_names(name: str, value: str) -> None:
    """Raise SettingError unless a setting is host names without port."""
    wrong = next((each for each in value.split(",") if value and not HOST_NAME.fullmatch(each.strip())), None)
    if wrong is not None:
        raise SettingError(
            f"{name} ({PREFIX}{name.upper()}) is names as croquis.example with commas between them, without http:// "
            f"and port; {wrong.strip()!r} came."
        )


def expect_contact(value: str) -> None:
    """Raise SettingError unless how to reach the host is an e-mail address or a page, or nothing."""
    if value and not (len(value) <= CONTACT_LIMIT and CONTACT.fullmatch(value)):
        raise SettingError(
            f"contact ({PREFIX}CONTACT) is an e-mail address or a page as https://a.example/contact; {value!r} came."
        )


def expect_folder(name: str, folder: Path) -> None:
    """Raise SettingError unless a setting is a folder that is there."""
    if not folder.is_dir():
        raise SettingError(f"{name} ({PREFIX}{name.upper()}) is an existing folder; there is none at {folder}.")


def expect_safetensors(name: str, path: Path) -> None:
    """Raise SettingError unless a setting is a .safetensors file."""
    if path.suffix.lower() != ".safetensors":
        raise SettingError(
            f"{name} ({PREFIX}{name.upper()}) is a folder or a .safetensors file; {path.suffix or path.name} is not "
            "read, since it may run code. Convert it to .safetensors."
        )


def expect_origins(value: str) -> None:
    """Raise SettingError unless a setting is other sites' origins."""
    for origin in split(value):
        if not is_origin(origin):
            raise SettingError(
                f"origins (CROQUIS_ORIGINS) is sites as https://school.example with commas between them, without a "
                f"path; {origin!r} came."
            )


def expect_proxies(value: str) -> None:
    """Raise SettingError unless a setting is addresses or networks."""
    for proxy in split(value):
        try:
            ip_network(proxy)
        except ValueError:
            raise SettingError(
                f"proxies (CROQUIS_PROXIES) is addresses or networks as 10.0.0.2 or 10.0.0.0/24 with commas between "
                f"them; {proxy!r} came."
            ) from None


def expect_login(login: str, header: str, proxies: str) -> None:
    """Raise SettingError unless the proxy that says who somebody is has an address, and its header a name."""
    if not HEADER_NAME.fullmatch(header):
        raise SettingError(
            f"login_header (CROQUIS_LOGIN_HEADER) is a header's name as x-remote-user; {header[:80]!r} came."
        )
    if login == "proxy" and not proxies:
        raise SettingError(
            "login (CROQUIS_LOGIN) proxy needs the proxy's address in proxies (CROQUIS_PROXIES); none came."
        )


def split(value: str) -> Iterator[str]:
    """Yield what stands between the commas of a setting; nothing where it is empty."""
    return (each.strip() for each in value.split(",") if value)


def is_origin(text: str) -> bool:
    """Return whether a text is a site's origin as browsers send it."""
    try:
        parts = urlsplit(text)
        named = HOST_NAME.fullmatch(parts.hostname or "") is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" == text
