"""Tests of pipeline/sealed_file.py and pipeline/plain_file.py."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.plain_file import NotPlain, read_plain_file
from pipeline.sealed_file import LENGTH, has_seal, seal, unseal
from tests.tools.flipped_bytes import flip_bytes


@pytest.mark.parametrize("content", [b"", b"{}", bytes(range(256)) * 4])
def test_any_changed_byte_breaks_a_seal(content: bytes) -> None:
    sealed = seal(content)
    assert unseal(sealed) == content and has_seal(sealed) and len(sealed) == len(content) + LENGTH
    for place in range(len(sealed)):
        assert unseal(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]) is None
    assert not any(unseal(changed) for changed in flip_bytes(sealed, 40))


def test_what_has_no_seal_has_none() -> None:
    assert not has_seal(b"") and unseal(b"") is None and unseal(b"{}") is None


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_sealed_picture_is_a_picture_still(kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(stream, kind, lossless=True)
    plain, sealed = Image.open(io.BytesIO(stream.getvalue())), Image.open(io.BytesIO(seal(stream.getvalue())))
    assert plain.tobytes() == sealed.tobytes()


def test_a_file_is_read_and_what_is_none_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert read_plain_file(tmp_path / "file") == b"content"
    assert read_plain_file(tmp_path / "file", 3) == b"cont"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "device").symlink_to("/dev/zero")
    with pytest.raises(NotPlain, match="a pipe"):
        read_plain_file(tmp_path / "pipe")
    with pytest.raises(NotPlain, match="a device"):
        read_plain_file(tmp_path / "device")
    for name in ("loop", "nothing", "."):
        with pytest.raises(OSError):
            read_plain_file(tmp_path / name)


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError):
            read_plain_file(tmp_path / "socket")
