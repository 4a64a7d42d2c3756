"""When a browser is opened, and what importing app.py costs."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

import app
from pipeline.settings import ROOT


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


FINISH_AND_END = """
import os, signal, time
import app
app.finish_before_end(lambda: print("finished", flush=True))
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(30)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a program without asking it")
def test_what_waits_is_finished_before_the_program_ends() -> None:
    run = subprocess.run([sys.executable, "-c", FINISH_AND_END], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stdout == "finished\n" and run.returncode == -signal.SIGTERM
