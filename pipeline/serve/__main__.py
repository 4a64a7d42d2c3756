"""`python -m pipeline.serve`: run Croquis on a Ray cluster, fetch what its workers draw with, or show the pictures that
no worker drew.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading

from pipeline.errors import CroquisError
from pipeline.models.catalog import find_profile
from pipeline.models.download import Download, format_bytes
from pipeline.models.profile import ModelProfile
from pipeline.serve.application import limit_workers, read_cluster_settings
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper

DEAD_LETTERS, FETCH = "dead-letters", "fetch"
TELL_EVERY = 10.0  # seconds between two lines of how far a download is
MISSING = "Ray is not here: pip install -r requirements-cluster.txt"


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; return the program's status."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.serve", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "what",
        nargs="?",
        choices=(DEAD_LETTERS, FETCH),
        help="dead-letters shows the pictures that no worker drew; fetch downloads the engine's files to this machine",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where /v1/draw is answered")
    parser.add_argument("--port", type=int, default=8000, help="its port; the page has GRADIO_SERVER_PORT")
    options, rest = parser.parse_known_args(arguments)
    try:
        settings = read_cluster_settings(rest, os.environ)
    except CroquisError as error:
        raise SystemExit(f"Croquis cannot start. {error}") from error
    match options.what:
        case "dead-letters":
            return show_dead_letters(settings)
        case "fetch":
            return fetch(find_profile(settings.profile))
    return run(settings, options.host, options.port)


def fetch(profile: ModelProfile) -> int:
    """Download a profile's files into the Hub's cache of this machine; one that comes with Croquis has none."""
    if not profile.downloaded_parts:
        return 0
    download = Download(profile)
    download.start()
    while download.state.stage == "running":
        download.join(TELL_EVERY)
        state = download.state
        sys.stdout.write(f"* {format_bytes(state.present)} of {format_bytes(state.size)}. {state.message}\n")
        sys.stdout.flush()
    return 0 if download.state.stage == "done" else 1


def show_dead_letters(settings: Settings) -> int:
    """Write each letter as a line of JSON."""
    keeper = Keeper(settings, lambda id: id)
    for letter in keeper.open().jobs.list_dead():
        sys.stdout.write(json.dumps(letter) + "\n")
    keeper.close()
    return 0


def run(settings: Settings, host: str, port: int) -> int:
    """Run the cluster until the system asks the program to end; then finish what was begun."""
    try:
        from pipeline.serve.running import count_own_cores, find_page, join_ray, start_cluster, stop_cluster

        join_ray()
    except ImportError:
        raise SystemExit(MISSING) from None
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    wanted, cores = settings.workers_least, count_own_cores()
    settings = settings if cores is None else limit_workers(settings, cores)
    if settings.workers_least < wanted:
        sys.stdout.write(f"* {settings.workers_least} workers, one for each core, in place of {wanted}\n")
    start_cluster(settings, host, port)
    sys.stdout.write(f"* The page: {find_page()}\n* Pictures for programs: http://{host}:{port}/v1/draw\n")
    sys.stdout.flush()
    ended.wait()
    sys.stdout.write("* Finishing what was begun\n")
    return min(stop_cluster(settings), 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
