"""Compare ways to compute on the processor: python -m tests.benchmarks.processor [--networks unet] [--ways ...].

The networks are SD 1.5's, of their size with random weights (`outer` is the UNet's two outer levels alone, which fit
into 3 GB; the whole UNet takes 10), and the pocket model's colourist as it is shipped. Each way computes the same
inputs, one way after the other in one process. Rows: seconds of the processor (other programs do not stretch them much)
and on the clock, medians; the ratio to torch in float32; the largest difference from it, and how far numbers spread.
What `pip install -r requirements-bench.txt` would bring is told where it is missing; what fails is told, too.
docs/decisions/6-no-openvino.md draws the conclusion.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import time
from collections.abc import Iterator, Sequence
from statistics import median

import torch
from torch import Tensor

from pipeline.errors import quote_error
from tests.benchmarks.memory import name_machine
from tests.benchmarks.processor_networks import NETWORKS, Network, make_network
from tests.benchmarks.processor_ways import NEEDS, WAYS, Run
from tests.benchmarks.report import Row, print_progress, print_rows

FIRST = "torch float32"  # what the others are compared with
USUAL = [each for each in WAYS if not each.startswith("compiler")]  # which takes minutes


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--tiny", action="store_true", help="small modules, for a dry run")
    options.add_argument(
        "--networks", nargs="+", choices=NETWORKS, default=["outer", "decoder", "text encoder", "colourist"]
    )
    options.add_argument("--ways", nargs="+", choices=list(WAYS), default=USUAL)
    options.add_argument("--side", type=int, default=256, help="px of the picture")
    options.add_argument("--rows", type=int, default=2, help="of UNet and ControlNet: 2 with guidance")
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--repeats", type=int, default=3)
    return options.parse_args(arguments)


def measure(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each network and way."""
    torch.set_num_threads(asked.threads)
    machine = name_machine(torch.device("cpu"))
    for name in asked.networks:
        print_progress(f"Making {name}")
        network = make_network(name, asked.side, asked.rows, asked.tiny)
        for row in compare_ways(network, asked.ways, asked.threads, asked.repeats):
            yield {"what": name, **row, "threads": asked.threads, "machine": machine}
        del network
        gc.collect()


def compare_ways(network: Network, ways: Sequence[str], threads: int, repeats: int) -> Iterator[Row]:
    """Compute one network in torch's float32, and in the other ways."""
    first: Row = {}
    expected: Tensor | None = None
    for way in (FIRST, *(each for each in ways if each != FIRST)):
        lacking = [each for each in NEEDS.get(way.partition(" ")[0], ()) if importlib.util.find_spec(each) is None]
        if lacking:
            yield {"way": way, "missing": ", ".join(lacking)}
            continue
        try:
            row, output = time_way(WAYS[way](network, threads), repeats)
        except Exception as error:  # noqa: BLE001 - a way that does not work here is a result
            yield {"way": way, "failed": f"{type(error).__name__}: {quote_error(error)}"}
            continue
        first, expected = first or row, output if expected is None else expected
        yield {
            "way": way,
            **row,
            "ratio": round(first["processor_s"] / row["processor_s"], 2),
            "largest_difference": float(f"{(output - expected).abs().max():.2g}"),
            "spread": round(float(expected.std()), 2),
        }


def time_way(run: Run, repeats: int) -> tuple[Row, Tensor]:
    """Run once to warm up, then `repeats` times; return the times and the output, float32."""
    since = time.perf_counter()
    output = run()
    warm_up, spent = time.perf_counter() - since, list[tuple[float, float]]()
    for _ in range(repeats):
        before, since = time.process_time(), time.perf_counter()
        output = run()
        spent.append((time.process_time() - before, time.perf_counter() - since))
    processor, clock = (max(round(median(each), 4), 1e-4) for each in zip(*spent, strict=True))
    return {"processor_s": processor, "s": clock, "first_s": round(warm_up, 2)}, output.float()


def main() -> None:
    asked = read_options()
    print_rows(measure(asked), asked.json)


if __name__ == "__main__":
    main()
