"""The first call of Gradio's queue keeps nobody waiting for imports that no page of ours needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import pipeline.page
from gradio.utils import MatplotlibBackendMananger
with MatplotlibBackendMananger():
    pass
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""


@pytest.mark.slow
def test_the_first_call_does_not_import_pyplot() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert told.stdout.split() == ["True", "False"]
