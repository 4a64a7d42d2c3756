"""Compare how torch's threads wait, on a quiet machine and beside others: python -m tests.benchmarks.thread_waiting.

One process for each setting of POLICIES loads the pocket model; they draw in turn, one picture each a round, so that
all meet the same neighbours. --busy starts so many processes that only compute. Rows: median and range of a picture's
milliseconds, and its time over the first setting's, round by round; equal pictures in all of them are checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

POLICIES: Mapping[str, Mapping[str, str]] = {
    "as torch has it": {},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
}
OWN = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
BUSY = "while True: pass"


def draw_when_asked() -> None:
    """Load the pocket model, then draw a picture for each line of the input and answer with its time and its hash."""
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.models.catalog import POCKET
    from pipeline.request.completion import build_request
    from pipeline.request.order import parse_order
    from pipeline.settings import ROOT
    from pipeline.sketch.edges import fit_drawing, read_edges
    from pipeline.sketch.examples import read_examples
    from pipeline.sketch.intake import read_strokes
    from pipeline.styles.library import StyleLibrary
    from pipeline.values import StyleMix

    engine = PocketEngine.load(POCKET)
    drawn = read_examples(ROOT / "assets" / "examples")[0]
    sketch = read_strokes(json.dumps(drawn["canvas"]))
    order = parse_order(POCKET, sketch=sketch, prompt=drawn["prompt"], seed=1)
    style = StyleLibrary(ROOT / "styles", ROOT / "no-such-folder").get("watercolor")
    edges = read_edges(sketch, size=POCKET.size)
    request = build_request(order, edges, StyleMix.of(style), colours=fit_drawing(sketch, POCKET.size))
    for _ in sys.stdin:
        started = time.perf_counter()
        image = engine.draw(request).images[0]
        spent = (time.perf_counter() - started) * 1000
        print(json.dumps([spent, hashlib.sha256(image.tobytes()).hexdigest()]), flush=True)


@contextmanager
def open_drawers() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start one drawing process for each setting, and end them all."""
    own = {name: value for name, value in os.environ.items() if name not in OWN}
    command = [sys.executable, "-m", "tests.benchmarks.thread_waiting", "--draw"]
    opened = {
        name: subprocess.Popen(
            command, env=own | dict(policy), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name, policy in POLICIES.items()
    }
    try:
        yield opened
    finally:
        for drawer in opened.values():
            drawer.kill()


def ask_for_picture(drawer: subprocess.Popen[str]) -> tuple[float, str]:
    """Return a picture's milliseconds and its hash."""
    assert drawer.stdin is not None and drawer.stdout is not None
    drawer.stdin.write("\n")
    drawer.stdin.flush()
    spent, digest = json.loads(drawer.stdout.readline())
    return spent, digest


def compare(rounds: int, busy: int) -> dict[str, list[float]]:
    """Draw `rounds` pictures with each setting in turn, beside `busy` computing processes."""
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
    times: dict[str, list[float]] = {name: [] for name in POLICIES}
    try:
        with open_drawers() as drawers:
            hashes = {ask_for_picture(drawer)[1] for drawer in drawers.values()}  # the first one loads, too
            for _ in range(rounds):
                for name, drawer in drawers.items():
                    spent, digest = ask_for_picture(drawer)
                    times[name].append(spent)
                    hashes.add(digest)
    finally:
        for neighbour in neighbours:
            neighbour.kill()
    if len(hashes) != 1:
        raise RuntimeError("The settings give different pictures.")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--busy", type=int, default=0, help="processes that only compute")
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.draw:
        draw_when_asked()
        return
    times = compare(arguments.rounds, arguments.busy)
    first = next(iter(times.values()))
    for name, spent in times.items():
        ratio = statistics.median(each / other for each, other in zip(spent, first, strict=True))
        print(
            f"{name:<26} median {statistics.median(spent):6.0f} ms, {min(spent):.0f} to {max(spent):.0f}; "
            f"{ratio:.2f} of the first"
        )


if __name__ == "__main__":
    main()
