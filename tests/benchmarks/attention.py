"""Compare torch's attention on the processor with blocks of rows, in bf16, at the shapes of SD 1.5's self-attention.

`python -m tests.benchmarks.attention` prints processor milliseconds of a guided call (the least of some rounds, in
turns), how many times as fast blocks are, and the root mean square of both errors against float32, in thousandths.
`OMP_NUM_THREADS` says with how many threads.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter, process_time

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pipeline.engine.row_blocks import attend_in_blocks

SHAPES = {  # side in px -> tokens and width of a head
    256: ((1024, 40),),
    512: ((4096, 40), (1024, 80)),
    768: ((9216, 40), (2304, 80)),
    1024: ((16384, 40), (4096, 80), (1024, 160)),
}
HEADS, HALVES = 8, 2

Inputs = tuple[Tensor, Tensor, Tensor]  # query, key, value
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def make_inputs(tokens: int, width: int, gain: float = 1.0) -> Inputs:
    """Make query, key and value (HALVES, HEADS, tokens, width) in bf16; scores spread by `gain`."""
    generator = torch.Generator().manual_seed(tokens + width)
    made = (torch.randn(HALVES, tokens, HEADS, width, generator=generator) for _ in range(3))
    query, key, value = (each.transpose(1, 2) for each in made)
    return (query * gain).bfloat16(), key.bfloat16(), value.bfloat16()


def measure_error(attend: Attend, inputs: Inputs, exact: Tensor) -> float:
    """Measure the root mean square of what is not exact."""
    return float((attend(*inputs).float() - exact).pow(2).mean().sqrt())


def measure_milliseconds(ways: tuple[Attend, ...], inputs: Inputs, rounds: int) -> list[list[float]]:
    """Measure the least processor time and time on the clock of each way, which take turns, in ms."""
    least = [[float("inf")] * 2 for _ in ways]
    for _ in range(rounds):
        for place, attend in enumerate(ways):
            began = process_time(), perf_counter()
            attend(*inputs)
            took = 1000 * (process_time() - began[0]), 1000 * (perf_counter() - began[1])
            least[place] = [min(pair) for pair in zip(least[place], took, strict=True)]
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    ways = (scaled_dot_product_attention, attend_in_blocks)
    print(f"{torch.get_num_threads()} threads; processor ms (ms on the clock)")
    for side in asked.sides:
        for tokens, width in SHAPES[side]:
            with torch.inference_mode():
                inputs = make_inputs(tokens, width)
                exact = scaled_dot_product_attention(*(each.float() for each in inputs))
                errors = [1000 * measure_error(way, inputs, exact) for way in ways]
                plain, blocks = measure_milliseconds(ways, inputs, asked.rounds)
            print(
                f"{side} px, {tokens} x {width}: torch {plain[0]:.1f} ({plain[1]:.1f}), blocks {blocks[0]:.1f} "
                f"({blocks[1]:.1f}), {plain[0] / blocks[0]:.2f} times; errors {errors[0]:.3f} and {errors[1]:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
