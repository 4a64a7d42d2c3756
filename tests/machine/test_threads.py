from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.machine.threads import OWN_SETTINGS, calm_threads
from pipeline.settings import ROOT

DRAW = """
import os, sys
sys.path.insert(0, os.getcwd())
class Watch:
    def find_spec(self, name, *_):
        if name == "torch":
            seen = (f"{key}={os.environ.get(key)}" for key in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"))
            print("torch is imported with", *seen, flush=True)
            os._exit(0)  # what comes after takes long, and is seen elsewhere
sys.meta_path.insert(0, Watch())
import app
sys.argv = ["app.py", "draw", sys.argv[1], "a fox", "-o", sys.argv[2]]
app.main()
"""


def test_threads_sleep_while_they_wait() -> None:
    environment = {"HOME": "/"}
    calm_threads(environment)
    assert environment == {"HOME": "/", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.mark.parametrize("name", OWN_SETTINGS)
def test_a_persons_own_setting_stays(name: str) -> None:
    environment = {name: "17"}
    calm_threads(environment)
    assert environment == {name: "17"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "seen"),
    [
        ({}, "OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=None"),
        ({"GOMP_SPINCOUNT": "17"}, "OMP_WAIT_POLICY=None GOMP_SPINCOUNT=17"),
    ],
    ids=["nothing set", "a person's own"],
)
def test_the_setting_is_made_before_torch_comes(own: dict[str, str], seen: str, tmp_path: Path) -> None:
    """OpenMP reads it once, when torch loads it."""
    inherited = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    drawing = ROOT / "examples" / "drawing.png"
    run = subprocess.run(
        [sys.executable, "-c", DRAW, str(drawing), str(tmp_path / "picture.png")],
        cwd=ROOT,
        env=inherited | own | {"CROQUIS_PROFILE": "pocket"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"torch is imported with {seen}" in run.stdout, run.stderr[-500:]
