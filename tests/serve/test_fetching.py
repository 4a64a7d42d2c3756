"""`python -m pipeline.serve fetch`: what a cluster's workers draw with comes to their machine, or to their image."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.models.catalog import POCKET
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.profile import ModelProfile
from pipeline.serve.__main__ import fetch, main
from tests.tools.hub_server import Hub


def test_the_engines_files_are_fetched_and_how_far_they_are_is_told(
    model_hub: Hub, hub_profile: ModelProfile, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = tuple(hub_profile.downloaded_parts.values())
    assert fetch(hub_profile) == 0
    assert all(find_cached_revision(part) for part in parts)
    size = "2 MB of 2 MB"
    assert size in capsys.readouterr().out


def test_the_pocket_model_is_here_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(POCKET) == 0
    assert main(["fetch", "--profile=pocket", f"--user-dir={tmp_path}"]) == 0 and capsys.readouterr().out == ""
