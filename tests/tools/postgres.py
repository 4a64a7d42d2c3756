"""Start a PostgreSQL of the test's own: in a temporary folder, over a socket, as a user who is not root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")  # Debian's programs lie below it, not in PATH
USER = "postgres"  # of Debian's package; initdb refuses root
QUICK = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=60")


def find_programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, the newest; None where there are none."""
    found = [file.parent for file in sorted(DEBIAN.glob("*/bin/initdb"))]
    here = shutil.which("initdb")
    return found[-1] if found else Path(here).resolve().parent if here else None


@contextmanager
def run_postgres() -> Iterator[str]:
    """Run a server on an empty folder; yield the URL of its database."""
    programs = find_programs()
    assert programs is not None, "the tests need PostgreSQL: apt-get install postgresql"
    given: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    given |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory(prefix="croquis-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        data = f"{folder}/data"

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", data, *arguments]
            subprocess.run(command, check=True, cwd=folder, **given)

        run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join(["-k", folder, *(f"-c {each}" for each in QUICK)])
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{USER}@/{USER}?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
