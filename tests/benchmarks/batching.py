"""Measure what drawing two visitors' pictures in one batch would give: `python -m tests.benchmarks.batching [parts]`.

`tiny`, `full`: the UNet of SD 1.5's small and full size, a row with the words and one without for each picture of
`--side` px, one after the other and together. `pocket`: the network that proposes colours the same way, and which share
of a picture the networks take, which bounds what a batch could give. Each is a line of JSON: how many times as quick it
is together, and whether each picture has the bytes that it has alone. One thread of torch, as a worker has.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

PARTS = ("tiny", "full", "pocket")
PICTURES = 2  # of two visitors
PIXELS = 8  # of a latent's side
TOKENS = 77
NETWORK_STAGES = ("words", "steps")  # of the pocket engine: what its networks do
REGIONS, HEARD = 60, 12  # of a drawing, and tokens of its words

Together = Callable[[Sequence[int]], Tensor]  # the pictures of these numbers, in one batch: a row or more each


def compare(draw: Together, repeats: int) -> dict[str, Any]:
    """Draw the pictures one after the other and together, in turn; compare seconds and bytes."""
    alone_seconds, together_seconds = [], []
    numbers = tuple(range(PICTURES))
    draw(numbers)  # warm
    for _ in range(repeats):
        began = time.perf_counter()
        alone = [draw((number,)) for number in numbers]
        between = time.perf_counter()
        together = draw(numbers)
        alone_seconds.append(between - began)
        together_seconds.append(time.perf_counter() - between)
    single = torch.cat(alone)
    return {
        "s one after the other": round(median(alone_seconds), 4),
        "s together": round(median(together_seconds), 4),
        "together is quicker, times": round(median(alone_seconds) / median(together_seconds), 2),
        "equal bytes": torch.equal(single, together),
        "largest difference": float((single - together).abs().max()),
    }


def measure_unet(tiny: bool, repeats: int, side: int) -> dict[str, Any]:
    """Compare passes of a UNet with random weights: speed does not depend on their values."""
    from diffusers import UNet2DConditionModel

    from tests.tools.full_size_modules import read_configs

    torch.manual_seed(0)
    unet: Any = UNet2DConditionModel(**read_configs(tiny)["unet"]).eval()
    rows = 2  # of a picture: with its words, and without
    latents = torch.randn(PICTURES, rows, unet.config.in_channels, side // PIXELS, side // PIXELS)
    words = torch.randn(PICTURES, rows, TOKENS, unet.config.cross_attention_dim)

    def draw(numbers: Sequence[int]) -> Tensor:
        chosen = list(numbers)
        sample: Tensor = unet(latents[chosen].flatten(0, 1), 500, words[chosen].flatten(0, 1)).sample
        return sample

    with torch.inference_mode():
        return compare(draw, repeats)


def measure_pocket(repeats: int) -> dict[str, Any]:
    """Compare the network that proposes colours, at its best: as many regions in both drawings. Tell the share of all
    networks in a picture.
    """
    from pipeline.colours.region_network import CODES, FEATURES, GROUNDS, TOKEN, WIDE
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.models.catalog import POCKET
    from pipeline.settings import ROOT
    from tests.benchmarks.cluster import make_request

    engine = PocketEngine.load(POCKET, folder=ROOT / "assets" / "pocket")
    network, size = engine._model.network, (PICTURES, REGIONS)
    torch.manual_seed(0)
    seen = torch.randn(*size, FEATURES), torch.randn(PICTURES, WIDE * WIDE), torch.ones(size, dtype=torch.bool)
    known = torch.full(size, CODES), torch.full(size[:1], GROUNDS)
    tokens = torch.randn(PICTURES, HEARD, TOKEN)

    def draw(numbers: Sequence[int]) -> Tensor:
        chosen = list(numbers)
        colours: Tensor = network(*(each[chosen] for each in (*seen, *known)), network.hear(tokens[chosen]))[0]
        return colours

    with torch.inference_mode():
        compared = compare(draw, repeats)
    with tempfile.TemporaryDirectory() as folder:
        request = make_request(Path(folder))
        drawn = [engine.draw(request).milliseconds for _ in range(repeats + 1)][1:]
    shares = [sum(each[stage] for stage in NETWORK_STAGES) / sum(each.values()) for each in drawn]
    share = median(shares)
    bound = {"share of the networks in a picture": round(share, 3), "at most quicker, times": round(1 / (1 - share), 2)}
    return compared | bound


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="all of them where none is named")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--side", type=int, default=512, help="of a picture, in px; a multiple of 64")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for part in given.parts or PARTS:
        is_pocket, is_tiny = part == "pocket", part == "tiny"
        found = measure_pocket(given.repeats) if is_pocket else measure_unet(is_tiny, given.repeats, given.side)
        print(json.dumps({"part": part} | found), flush=True)


if __name__ == "__main__":
    main()
