"""Measure what each feature of a picture takes at SD 1.5's size, beside the plan.

`python -m tests.benchmarks.feature_memory [--only NAME ...] [--side 256] [--dtype bfloat16]`: guided steps and a
decoding, with the code that a picture goes through, over random weights; a process of its own for each row, since the
most that there ever was is what counts: resident bytes (VmHWM, Linux), on a GPU those that torch allocated. Several
ControlNets have controlnets_memory.py.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.machine.plan import MemoryPlan, plan_memory
from pipeline.machine.tiles import WINDOWS_FROM
from pipeline.models.catalog import SD15
from tests.benchmarks.places import Place, find_place
from tests.benchmarks.report import Row, print_rows

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Feature:
    """Feature is what a picture is drawn with."""

    ranks: tuple[int, ...] = ()  # of its LoRAs
    cache_interval: int = 1
    small_decoder: bool = False
    guided: bool = True
    two_passes: bool = False  # half as large first, then encoded and redrawn
    starts: bool = False  # from a picture
    masked: bool = False  # a part of that picture is drawn anew, the rest stays
    fills: bool = False  # by a UNet that was trained to fill a part, with nine channels
    wider: int = 0  # px more than the side, as a picture that is drawn on
    width: int = 0  # px, where the side does not say it
    plus: bool = False  # IP-Adapter Plus in place of the usual one
    mixes: int = 1  # worn in parts of the picture
    enlargement: int = 1  # times the finished picture's width and height
    steps: int = 2  # that run
    strength: float = 0.5  # of a picture to start from: the share of all steps that run

    @property
    def encodes(self) -> bool:
        """Whether a picture becomes latents."""
        return self.two_passes or self.starts

    def find_size(self, side: int) -> tuple[int, int]:
        """Return width and height in px."""
        return self.width or side + self.wider, side


FEATURES: Mapping[str, Feature] = {
    "plain": Feature(),
    "LoRA": Feature((64,)),
    "two LoRAs": Feature((64, 64)),
    "taught LoRA": Feature((8,)),
    "few steps": Feature((64,), guided=False, small_decoder=True),
    "deep features": Feature(cache_interval=2),
    "two passes": Feature(two_passes=True),
    "Balanced": Feature(cache_interval=2, small_decoder=True),
    "image to image": Feature(starts=True),
    "a part anew": Feature(starts=True, masked=True),
    "nine channels": Feature(starts=True, masked=True, fills=True),
    "more around it": Feature(starts=True, masked=True, wider=128),
    "windows": Feature(width=WINDOWS_FROM + 128, cache_interval=2),
    "IP-Adapter Plus": Feature(plus=True),
    "style masks": Feature(mixes=2),
    "enlarged": Feature(enlargement=4),
    "image to image, 40 steps": Feature(starts=True, steps=30, strength=0.75),
}


def measure_feature(name: str, side: int, *, tiny: bool = False, place: Place | None = None) -> Row:
    """Draw with a feature in this process; return the peak beside the plan, in bytes."""
    import torch

    from pipeline.page.memory_need import count_file_bytes
    from tests.benchmarks.feature_drawing import draw_picture, put_on_plus
    from tests.tools.full_size_modules import make_filled_modules

    feature, place = FEATURES[name], place or find_place()
    with tempfile.TemporaryDirectory(prefix="croquis-features-") as room:
        files = write_loras(Path(room), feature.ranks, tiny)
        made = make_filled_modules(tiny, place.dtype)
        made.controlnet.controlnet_cond_embedding = torch.nn.Identity()
        if not feature.encodes:
            made.vae.encoder = None
        if feature.plus:
            put_on_plus(made.unet, Path(room), tiny)
        for network in made:
            network.to(place.device, place.dtype)
        loras = put_on_loras(made, files, place)
        draw_picture(made, feature, side, place)
        plan = plan_feature(feature, side, count_file_bytes(files), place)
    return {"what": name, "side": side, "loras": loras} | place.describe_peak(plan.peak)


def plan_feature(feature: Feature, side: int, loras: int = 0, place: Place | None = None) -> MemoryPlan:
    """Plan a picture as the app does; `loras` are the bytes in 16 bits of its LoRAs."""
    from pipeline.page.memory_need import count_adapter_bytes

    more = count_adapter_bytes(SD15.name, "plus" if feature.plus else "", None)
    size = feature.find_size(side)
    where = ("cpu", "cpu", "float32") if place is None else (place.mode, place.kind, place.numbers)
    return plan_memory(SD15, *size, 1, *where, loras=loras, adapter=more, encodes=feature.encodes)


def write_loras(room: Path, ranks: tuple[int, ...], tiny: bool) -> list[Path]:
    """Write LoRAs of these ranks in 16 bits, for every layer, as LCM's file has it. The networks are let go."""
    import torch
    from safetensors.torch import load_file, save_file

    from tests.tools.full_size_modules import make_modules
    from tests.tools.models import write_lora

    files = []
    bare = make_modules(tiny, device="meta").unet
    for number, rank in enumerate(ranks):
        file = write_lora(room / f"{number}.safetensors", bare, "kohya", rank)
        save_file({key: tensor.to(torch.float16) for key, tensor in load_file(file).items()}, file)
        files.append(file)
    gc.collect()
    return files


def put_on_loras(made: Any, files: list[Path], place: Place) -> int:
    """Put LoRAs on as a picture has them; return the bytes that the engine says they take."""
    from pipeline.engine.adapters import Adapters, WantedLora

    pipeline = SimpleNamespace(unet=made.unet, text_encoder=made.text_encoder)
    adapters = Adapters(pipeline, lambda network: (place.device, place.dtype))
    adapters.use([WantedLora(file, str(number)) for number, file in enumerate(files)])
    made.unet.adapters_of_the_picture = adapters  # kept as long as the UNet, as the engine does
    return adapters.bytes


def measure_rows(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each feature, from a process of its own."""
    for name in asked.only or FEATURES:
        command = [sys.executable, "-m", "tests.benchmarks.feature_memory", "--row", name, "--side", str(asked.side)]
        command += ["--dtype", asked.dtype]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if run.returncode:
            yield {"what": name, "outcome": f"ended with {run.returncode}", "said": run.stderr[-300:]}
        else:
            yield dict(json.loads(run.stdout.splitlines()[-1]))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--side", type=int, default=256, help="px")
    options.add_argument("--dtype", default="auto", help="float32, bfloat16 or float16")
    options.add_argument("--only", nargs="+", choices=FEATURES)
    options.add_argument("--row", choices=FEATURES, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.row:
        print(json.dumps(measure_feature(asked.row, asked.side, place=find_place(asked.dtype))))
    else:
        print_rows(measure_rows(asked), asked.json)


if __name__ == "__main__":
    main()
