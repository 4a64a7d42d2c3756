"""What endpoints answer of a host's own files."""

from __future__ import annotations

from pathlib import Path

from pipeline.models.own_files import OwnFiles
from pipeline.studio.answers import describe_own_files
from tests.models.test_file_kinds import RIGHT_FILES


def test_each_kind_is_listed_and_what_draws_is_told(tmp_path: Path) -> None:
    for kind in ("checkpoint", "lora", "embedding", "vae", "controlnet", "ip_adapter"):
        RIGHT_FILES[kind](tmp_path / f"my-{kind}.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"x")
    told = describe_own_files(OwnFiles([tmp_path]).list_all(), ("my-checkpoint", ""), True)
    assert told == {
        "checkpoints": ["my-checkpoint"],
        "loras": ["my-lora"],
        "embeddings": ["my-embedding"],
        "vaes": ["my-vae"],
        "controlnets": ["my-controlnet"],
        "ip_adapters": ["my-ip_adapter"],
        "present": {"checkpoint": "my-checkpoint", "vae": ""},
        "takes_any": True,
    }
