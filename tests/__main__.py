"""`python -m tests`: fetch what pip cannot (Chromium, Node's packages), then lint, types and every test.

Arguments go to pytest: `python -m tests -k canny`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE = ROOT / "tests" / "node"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: list[str]) -> int:
    get_programs()
    get_node_packages()
    checks = (["ruff", "check", "."], ["mypy"], ["pytest", *arguments])
    failed = [check[0] for check in checks if run([sys.executable, "-m", *check]) != 0]
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def get_programs() -> None:
    """Chromium, Node and curl through apt-get where it is there and we may use it."""
    missing = [
        package
        for package, found in (
            ("chromium", any(map(shutil.which, BROWSERS))),
            ("nodejs", shutil.which("node")),
            ("npm", shutil.which("npm")),
            ("curl", shutil.which("curl")),
        )
        if not found
    ]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise SystemExit(f"The tests need {', '.join(missing)}: install them and run this again.")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    run([*as_root, "apt-get", "update", "-q"])
    if run([*as_root, "apt-get", "install", "-qy", "--no-install-recommends", *missing]) != 0:
        raise SystemExit(f"apt-get could not install {', '.join(missing)}: install them and run this again.")


def get_node_packages() -> None:
    """@gradio/client as package-lock.json pins it."""
    if not (NODE / "node_modules" / "@gradio" / "client").is_dir() and run(["npm", "ci", "--silent"], NODE) != 0:
        raise SystemExit("npm could not install tests/node/package-lock.json.")


def run(command: list[str], folder: Path = ROOT) -> int:
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
