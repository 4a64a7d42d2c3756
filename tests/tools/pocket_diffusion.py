"""Load the pocket diffusion of version 7, whose weights lie in the history: the smallest real ones of SD 1.5's layout.

A UNet, a ControlNet, an IP-Adapter and a decoder that this project trained (256 px, v-prediction), so that levers can
be judged by pictures that mean something where SD 1.5 itself is not at hand.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.models.catalog import MINILM, SD15
from pipeline.models.profile import ModelPart, ModelProfile
from pipeline.settings import ROOT

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

COMMIT = "afc13214"  # the last one whose assets/pocket is version 7
WEIGHTS = "assets/pocket"
ROLES = ("controlnet", "ip_adapter", "image_encoder")
GUIDANCE, SIDE = 2.0, 256  # what it was trained for


def unpack_pocket_diffusion(room: Path, checkout: Path = ROOT) -> Path:
    """Write version 7's weights into `room` and return their folder. Ends with a message in a clone without them."""
    packed = subprocess.run(["git", "archive", COMMIT, WEIGHTS], cwd=checkout, capture_output=True, check=False)
    if packed.returncode:
        raise SystemExit(
            f"The weights of version 7 lie in the history of {WEIGHTS} ({COMMIT}), which this clone does not have: "
            "git fetch --unshallow."
        )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(room, filter="data")
    return room / WEIGHTS


def make_pocket_diffusion_profile() -> ModelProfile:
    """Return SD 1.5's profile with version 7's parts, words and size."""
    parts = {"base": ModelPart("."), **{role: ModelPart(".", role) for role in ROLES}}
    return replace(
        SD15,
        parts=MappingProxyType(parts),
        ip_adapter_file="ip_adapter.safetensors",
        width=SIDE,
        height=SIDE,
        max_side=512,
        multiple=16,
        variant=None,
        text_package=MINILM,
        any_dtype=True,
        defaults=MappingProxyType({**SD15.defaults, "guidance_scale": GUIDANCE, "ip_adapter_scale": 1.0}),
    )


def load_pocket_diffusion(room: Path, dtype: str = "float32") -> Engine:
    """Unpack it into `room` and load it into sd15's engine, on the processor."""
    from pipeline.engine.engine import Engine

    folder = unpack_pocket_diffusion(room)
    return Engine.load(make_pocket_diffusion_profile(), folder=folder, device="cpu", dtype=dtype)
