"""A library of three small styles, and none added."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.styles.library import StyleLibrary
from tests.tools.style_folders import write_style


@pytest.fixture
def library(tmp_path: Path) -> StyleLibrary:
    for id in ("clay", "film-noir", "watercolor"):
        write_style(tmp_path / "builtin", id)
    return StyleLibrary(tmp_path / "builtin", tmp_path / "added")
