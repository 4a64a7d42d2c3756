"""Serve Stable Diffusion's small layout with every ControlNet, and two of a person's own as A1111 lays them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tools.controlnets import write_controlnets
from tests.tools.ldm_layout import write_original_controlnet
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15, write_manifest


@contextmanager
def serve_readings(sd15: Path, room: Path, **settings: str) -> Iterator[Server]:
    """Serve a copy of the folder `sd15` from `room`; depth's network and those that find people are not there."""
    own = copy_small_sd15(sd15, room)
    write_controlnets(own)
    place = room / "webui" / "models" / "ControlNet"
    place.mkdir(parents=True)
    write_original_controlnet(own / "controlnet_scribble", place / "control_v11p_sd15_lineart.safetensors")
    write_original_controlnet(own / "controlnet_depth", place / "monster.safetensors")
    write_manifest(own)
    with run_small_sd15(own, CROQUIS_MODELS=str(room / "webui"), CROQUIS_PROFILE="sd15", **settings) as running:
        yield running
