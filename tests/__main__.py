"""`python -m tests`: fetch what pip cannot (Chromium, PostgreSQL, Node's packages), then check form, types,
scripts and every test; those of the cluster in an environment of their own.

Arguments go to pytest: `python -m tests -k canny`. `python -m tests lint` runs no test, and `python -m tests quick` the
form and the tests that need no torch, no browser and no server. `python -m tests coverage` prints the lines that the
tests without the running app never reach, `python -m tests programs` only fetches, and `python -m tests audit` asks
PyPI whether weaknesses of the pinned packages are published.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tools.audit import audit_requirements
from tests.tools.cluster_environment import find_cluster_python
from tests.tools.postgres import find_programs

ROOT = Path(__file__).resolve().parents[1]
NODE = ROOT / "tests" / "node"
NODE_PACKAGES = NODE / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FORM = (["ruff", "check", "."], ["ruff", "format", "--check", "."])
WORKERS = min(4, os.cpu_count() or 1)  # each holds torch and small models: about 1 GB
SERVED_WORKERS = WORKERS + 1  # a test of the running app waits for a quarter of its time
# a file's tests stay together, since they share models; the longest files begin: tests/conftest.py
SIDE_BY_SIDE = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
SERVED_ROOMS = ("benchmarks", "browser", "page", "service")  # these, and tests/*.py, have tests of the running app
CLUSTER_ROOMS = ("serve",)  # this has tests of a cluster
AGAIN = ["--reruns", "1"]  # tests of the running app wait in real seconds, and a shared machine may stall for a minute
QUICK = "not slow and not browser and not clients and not served and not alone and not cluster"
QUICK_ROOMS = ("sketch", "request", "picture", "styles", "models", "machine", "page")  # and tests/*.py
COVERAGE = ["--cov=pipeline", "--cov-report=term:skip-covered"]
NOTHING_TO_RUN = 5  # pytest's exit status when the arguments chose no test


def main(arguments: list[str]) -> int:
    if arguments[:1] not in (["quick"], ["lint"], ["audit"]):
        get_programs()
        get_node_packages()
    match arguments:
        case ["quick", *others]:
            failed = check_form() + run_quick_tests(others)
        case ["lint"]:
            failed = check_form() + check_types_and_scripts()
        case ["audit"]:
            failed = ["audit"] if audit_requirements() != 0 else []
        case ["programs"]:
            failed = []
        case ["coverage", *others]:
            failed = ["pytest"] if run_beside([*COVERAGE, *others]) != 0 else []
        case _:
            failed = check_everything(arguments)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def check_form() -> list[str]:
    return [" ".join(check[:2]) for check in FORM if run_module(check) != 0]


def check_types_and_scripts() -> list[str]:
    """Check the types of pipeline/ and of assets/*.js; Node's packages are fetched for the latter."""
    get_node_packages()
    statuses = {"mypy": run_module(["mypy"]), "tsc": run(["npm", "run", "--silent", "check"], NODE)}
    return [name for name, status in statuses.items() if status != 0]


def run_quick_tests(arguments: list[str]) -> list[str]:
    """Run what needs no torch, in a pytest that cannot import it."""
    paths = [f"tests/{room}" for room in QUICK_ROOMS] + sorted(str(file) for file in Path("tests").glob("test_*.py"))
    quick = ["pytest", "-q", "-p", "tests.tools.without_torch", "-m", QUICK, "-r", "fE", *SIDE_BY_SIDE]
    return ["pytest"] if run_module([*quick, *paths, *arguments]) != 0 else []


def check_everything(arguments: list[str]) -> list[str]:
    """Run the tests and, beside them, the checks of form, types and scripts, which are told at the end."""
    lint = [sys.executable, "-m", "tests", "lint"]
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(lint, cwd=ROOT, stdin=subprocess.DEVNULL, **told) as checks:
        failed = run_all_tests(arguments)
        print(checks.communicate()[0], end="", flush=True)
    return failed if checks.returncode == 0 else [*failed, "lint"]


def run_all_tests(arguments: list[str]) -> list[str]:
    """Run the tests side by side; those of the running app, a server for each worker; then, one after another, those
    that need the machine alone, and those of the cluster in their own environment."""
    options = [*AGAIN, *leave_out_other_rooms(arguments), *arguments]
    statuses = {
        "pytest": run_beside(arguments),
        "pytest of the running app": run_side_by_side("served", options, SERVED_WORKERS),
        "pytest of tests that need the machine alone": run_module(["pytest", "-m", "alone", *options]),
        "pytest of the cluster": run_cluster_tests(arguments),
    }
    if set(statuses.values()) == {NOTHING_TO_RUN}:
        return ["pytest, which found no test"]
    well = {0, NOTHING_TO_RUN} if arguments else {0}
    return [name for name, status in statuses.items() if status not in well]


def run_beside(arguments: list[str]) -> int:
    """Run the tests without the running app side by side, and return pytest's exit status."""
    return run_side_by_side("not served and not alone and not cluster", arguments)


def run_cluster_tests(arguments: list[str]) -> int:
    """Run the tests that need Ray, where none of them may be skipped; return pytest's exit status."""
    try:
        python = find_cluster_python()
    except subprocess.CalledProcessError as error:
        print(f"The cluster's tests cannot run: {error}")
        return 1
    chosen = [*AGAIN, *leave_out_other_rooms(arguments, CLUSTER_ROOMS), *arguments]
    return run([str(python), "-m", "pytest", "-m", "cluster", *chosen], OMP_NUM_THREADS="1")


def run_side_by_side(marks: str, arguments: list[str], workers: int = WORKERS) -> int:
    """Run the tests of these marks with so many workers, a torch thread each; return pytest's exit status."""
    # the workers must list the same tests in the same order: sets of names are listed alike under one hash seed
    chosen = ["pytest", "-m", marks, *SIDE_BY_SIDE, "-n", str(workers), *arguments]
    return run_module(chosen, OMP_NUM_THREADS="1", PYTHONHASHSEED="0")


def leave_out_other_rooms(arguments: list[str], kept: tuple[str, ...] = SERVED_ROOMS) -> list[str]:
    """Return pytest's options that keep it from reading other rooms, which takes it long; none where the arguments
    name paths."""
    if any((ROOT / argument.partition("::")[0]).exists() for argument in arguments if argument):
        return []
    rooms = sorted(file.parent.relative_to(ROOT) for file in (ROOT / "tests").glob("*/__init__.py"))
    return [f"--ignore={room}" for room in rooms if room.name not in kept]


def get_programs() -> None:
    """Install Chromium, Node, curl and PostgreSQL through apt-get where it is there and we may use it."""
    missing = [
        package
        for package, found in (
            ("chromium", any(map(shutil.which, BROWSERS))),
            ("nodejs", shutil.which("node")),
            ("npm", shutil.which("npm")),
            ("curl", shutil.which("curl")),
            ("postgresql", find_programs()),  # the store's tests start one of their own
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
    """Install @gradio/client and typescript as package-lock.json pins them."""
    installed = NODE_PACKAGES / ".package-lock.json"
    is_current = installed.is_file() and installed.stat().st_mtime >= (NODE / "package-lock.json").stat().st_mtime
    if not is_current and run(["npm", "ci", "--silent"], NODE) != 0:
        raise SystemExit("npm could not install tests/node/package-lock.json.")


def run_module(command: list[str], **environment: str) -> int:
    return run([sys.executable, "-m", *command], **environment)


def run(command: list[str], folder: Path = ROOT, **environment: str) -> int:
    print("$", *(f"{name}={value}" for name, value in environment.items()), *command, flush=True)
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
