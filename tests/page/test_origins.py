"""Another site's page cannot make a visitor's browser draw here."""

from __future__ import annotations

import pytest
from fastapi import Request

from pipeline.page.origins import OWN_PAGE, is_foreign


def make_request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:7860"},  # curl
        {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"},
        {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860", "sec_fetch_site": "same-origin"},
        {"host": "10.0.0.3:7860", "x_forwarded_host": "croquis.example", "origin": "https://croquis.example"},
    ],
)
def test_our_own_page_and_programs_are_welcome(headers: dict[str, str]) -> None:
    assert not is_foreign(make_request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:7860", "origin": "https://elsewhere.example"},
        {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:1234"},
        {"host": "127.0.0.1:7860", "origin": "null"},
        {"host": "127.0.0.1:7860", "sec_fetch_site": "cross-site"},
    ],
)
def test_other_pages_are_not(headers: dict[str, str]) -> None:
    assert is_foreign(make_request(**headers))


def test_what_the_door_found_to_be_ours_is_asked_no_more_but_for_what_the_browser_says() -> None:
    """A proxy that left the port out: the origin is compared at one place alone."""
    given = {"host": "school.example", "origin": "http://school.example:8080"}
    assert is_foreign(make_request(**given))
    passed = make_request(**given)
    passed.scope[OWN_PAGE] = True
    assert not is_foreign(passed)
    strange = make_request(**given, sec_fetch_site="cross-site")
    strange.scope[OWN_PAGE] = True
    assert is_foreign(strange)
