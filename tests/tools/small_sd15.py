"""Serve a Croquis that draws with the small files of Stable Diffusion 1.5, as a folder of a person's own."""

from __future__ import annotations

import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.models.checks import compute_sha256
from tests.tools.serving import Server, run_app


def copy_small_sd15(sd15: Path, room: Path) -> Path:
    """Copy the small files into `room`, with the manifest that says what they are, and return their folder."""
    own = shutil.copytree(sd15, room / "sd15")
    write_manifest(own)
    return own


def write_manifest(folder: Path) -> None:
    """Write the manifest of a folder's files anew: their sizes and hashes."""
    (folder / "manifest.json").unlink(missing_ok=True)
    files = {
        file.relative_to(folder).as_posix(): {"bytes": file.stat().st_size, "sha256": compute_sha256(file)}
        for file in folder.rglob("*")
        if file.is_file()
    }
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def run_small_sd15(own: Path, **settings: str) -> AbstractContextManager[Server]:
    """Run the app on the processor with the files that copy_small_sd15 returned; their pictures are not checked."""
    return run_app(own.parent, CROQUIS_SD15=str(own), CROQUIS_SAFETY="off", CROQUIS_DEVICE="cpu", **settings)
