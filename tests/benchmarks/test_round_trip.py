"""A few of the files that `python -m tests.benchmarks.round_trip` takes through the page."""

from __future__ import annotations

from pathlib import Path

from pipeline.settings import read_settings
from pipeline.studio.studio import Studio
from tests.benchmarks.round_trip import Traveller, count_trips

FILES = 6


def test_strokes_request_and_bytes_come_back_equal(tmp_path: Path) -> None:
    studio = Studio(read_settings(["--profile", "pocket", "--user-dir", str(tmp_path)], {}))
    studio.start_loading()
    (row,) = count_trips(FILES, Traveller(studio, tmp_path))
    assert row == {"what": "files", "in all": FILES, **dict.fromkeys(("strokes", "request", "redrawn", "drawn"), FILES)}
