"""When a browser is opened, and what importing app.py costs."""

from __future__ import annotations

import pytest

import app


@pytest.mark.parametrize(
    ("environment", "platform", "opens"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"DISPLAY": ":0", "SPACE_ID": "someone/croquis"}, "linux", False),
        ({"SSH_CONNECTION": "10.0.0.1 22"}, "darwin", False),
    ],
)
def test_a_browser_opens_on_a_desktop_only(environment: dict[str, str], platform: str, opens: bool) -> None:
    assert app.has_desktop(environment, platform) is opens


def test_app_has_no_other_lazy_names() -> None:
    with pytest.raises(AttributeError, match="demmo"):
        app.demmo  # noqa: B018
