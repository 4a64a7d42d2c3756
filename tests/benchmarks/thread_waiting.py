"""Compare how torch's threads wait, on a quiet machine and beside others: python -m tests.benchmarks.thread_waiting.

One process for each setting of POLICIES loads the pocket model; they draw in turn, one picture each a round, so that
all meet the same neighbours. --busy starts so many processes that only compute. Rows: median and range of a picture's
milliseconds, and its time over the first setting's, round by round; equal pictures in all of them are checked.

--full-size runs modules of SD 1.5's size with random weights instead, in 32 bits: the words, one guided step with
ControlNet, and a preview by the tiny decoder, each timed. One process after the other, since three would not fit.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.report import print_rows

POLICIES: Mapping[str, Mapping[str, str]] = {
    "as torch has it": {},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
}
FULL_SIZE_POLICIES: Mapping[str, Mapping[str, str]] = {
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
    "PASSIVE, one thread": {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1"},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "as torch has it": {},
}
STAGES = ("words", "step", "preview")
OWN = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
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


def run_stages_when_asked(side: int, tiny: bool) -> None:
    """Make modules of SD 1.5's size, then run STAGES for each line of the input and answer with their seconds."""
    import torch
    from diffusers import AutoencoderTiny

    from tests.tools.full_size_modules import TOKENS, fill_with_random, make_filled_modules, make_step_inputs, run_step

    made, decoder = make_filled_modules(tiny, torch.float32, fill_with_random), AutoencoderTiny().eval()
    made.controlnet.controlnet_cond_embedding = torch.nn.Identity()
    inputs = make_step_inputs(made, side, side, 1, "cpu", torch.float32)
    runs = {
        "words": lambda: made.text_encoder(torch.zeros(1, TOKENS, dtype=torch.long)),
        "step": lambda: run_step(made, inputs),
        "preview": lambda: decoder.decode(inputs.latents[:1], return_dict=False),
    }
    for _ in sys.stdin:
        spent = []
        with torch.inference_mode():
            for stage in STAGES:
                started = time.perf_counter()
                runs[stage]()
                spent.append(time.perf_counter() - started)
        print(json.dumps(spent), flush=True)


def compare_full_size(
    rounds: int,
    busy: int,
    side: int,
    *,
    tiny: bool = False,
    policies: Mapping[str, Mapping[str, str]] = FULL_SIZE_POLICIES,
) -> Iterator[dict[str, object]]:
    """Yield the median seconds of STAGES with each setting, one process after the other, beside `busy` others."""
    for name, policy in policies.items():
        options = ["--full-size", str(side), *(["--tiny"] if tiny else [])]
        with open_drawers({name: policy}, options) as drawers:
            drawer = drawers[name]
            ask(drawer)  # it makes the modules first, alone
            with start_neighbours(busy):
                answers = [ask(drawer) for _ in range(rounds)]
        medians = (round(statistics.median(each), 2) for each in zip(*answers, strict=True))
        yield {"what": name, "busy": busy, **dict(zip((f"{stage}_s" for stage in STAGES), medians, strict=True))}


@contextmanager
def start_neighbours(busy: int) -> Iterator[None]:
    """Let so many processes compute meanwhile."""
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()


@contextmanager
def open_drawers(
    policies: Mapping[str, Mapping[str, str]] = POLICIES, options: Sequence[str] = ()
) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start one drawing process for each setting, and end them all."""
    own = {name: value for name, value in os.environ.items() if name not in OWN}
    command = [sys.executable, "-m", "tests.benchmarks.thread_waiting", "--draw", *options]
    opened = {
        name: subprocess.Popen(
            command, env=own | dict(policy), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name, policy in policies.items()
    }
    try:
        yield opened
    finally:
        for drawer in opened.values():
            drawer.kill()


def ask(drawer: subprocess.Popen[str]) -> list[Any]:
    """Let a process do its work once; return what it answers."""
    assert drawer.stdin is not None and drawer.stdout is not None
    drawer.stdin.write("\n")
    drawer.stdin.flush()
    return list(json.loads(drawer.stdout.readline()))


def ask_for_picture(drawer: subprocess.Popen[str]) -> tuple[float, str]:
    """Return a picture's milliseconds and its hash."""
    spent, digest = ask(drawer)
    return spent, digest


def compare(rounds: int, busy: int) -> dict[str, list[float]]:
    """Draw `rounds` pictures with each setting in turn, beside `busy` computing processes."""
    times: dict[str, list[float]] = {name: [] for name in POLICIES}
    with start_neighbours(busy), open_drawers() as drawers:
        hashes = {ask_for_picture(drawer)[1] for drawer in drawers.values()}  # the first one loads, too
        for _ in range(rounds):
            for name, drawer in drawers.items():
                spent, digest = ask_for_picture(drawer)
                times[name].append(spent)
                hashes.add(digest)
    if len(hashes) != 1:
        raise RuntimeError("The settings give different pictures.")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--busy", type=int, default=0, help="processes that only compute")
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--full-size", type=int, metavar="SIDE", help="modules of SD 1.5's size at so many px")
    parser.add_argument("--tiny", action="store_true", help="small ones in their place, for a dry run")
    arguments = parser.parse_args()
    if arguments.draw:
        if arguments.full_size:
            run_stages_when_asked(arguments.full_size, arguments.tiny)
        else:
            draw_when_asked()
        return
    if arguments.full_size:
        print_rows(compare_full_size(arguments.rounds, arguments.busy, arguments.full_size, tiny=arguments.tiny), False)
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
