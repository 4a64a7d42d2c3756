"""Write a trained colourist as it ships: fp16 weights in diffusers' layout, its noise, and the palettes.

    python -m pipeline.pocket.train.export_colourist --into FOLDER

FOLDER gets the two networks, the scheduler and the palettes; under 20 MB together.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, DDIMScheduler, UNet2DConditionModel

from pipeline.colours.field import NOISE
from pipeline.pocket.train.colourist import RUN
from pipeline.pocket.train.palette_table import TABLE

SHARD = "9MB"  # larger files would need LFS on a Space


def export_colourist(model: Path, table: Path, into: Path) -> int:
    """Copy the networks of `model` (unet/, controlnet/) as fp16, and the palettes; return the bytes written."""
    for name, kind in (("unet", UNet2DConditionModel), ("controlnet", ControlNetModel)):
        network = kind.from_pretrained(model / name, torch_dtype=torch.float16)
        shutil.rmtree(into / name, ignore_errors=True)
        network.save_pretrained(into / name, max_shard_size=SHARD)
    DDIMScheduler(**NOISE, clip_sample=False).save_pretrained(into / "scheduler")
    shutil.copyfile(table, into / "palettes.npz")
    return sum(file.stat().st_size for file in into.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=RUN / "model", help="a folder with unet/ and controlnet/")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--into", type=Path, required=True)
    arguments = parser.parse_args()
    size = export_colourist(arguments.model, arguments.table, arguments.into)
    print(f"{size / 1e6:.1f} MB in {arguments.into}")


if __name__ == "__main__":
    main()
