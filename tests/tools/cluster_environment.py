"""Make an environment that has Ray on top of the one that runs, for the cluster's tests.

Ray does not belong into the tests' own environment: it brings uvloop, which the page's server would use there, and
79 MB. The environment made here sees all packages of the one that runs and holds only what
requirements-cluster.txt adds.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-cluster.txt"
FOLDER = "croquis-cluster"  # in the environment that runs: it goes when that goes
SEEN = "beneath.pth"  # names the packages of the environment that runs
MADE = "requirements.sha256"  # what was installed


def find_cluster_python(folder: Path | None = None) -> Path:
    """Return the Python of an environment with Ray: of the one that runs where it has Ray, else of one in `folder`.

    That is made where it is not there, or the requirements changed. Raises subprocess.CalledProcessError where pip
    cannot install it.
    """
    if find_spec("ray") is not None:
        return Path(sys.executable)
    folder = folder or Path(sys.prefix) / FOLDER
    python, made = folder / "bin" / "python", folder / MADE
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if made.is_file() and made.read_text() == wanted:
        return python
    venv.create(folder, clear=True, symlinks=True)
    lies_in = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", lies_in))
    (packages / SEEN).write_text("".join(f"{path}\n" for path in list_package_folders()))
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-compile"]
    subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True, stdin=subprocess.DEVNULL)
    made.write_text(wanted)
    return python


def list_package_folders() -> list[str]:
    """Return the folders of packages of the environment that runs."""
    return list(dict.fromkeys(os.fspath(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")))
