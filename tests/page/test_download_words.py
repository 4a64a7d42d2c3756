"""The words in which the panel of the bigger model tells how far a download is and how long it will take."""

from __future__ import annotations

import pytest

from pipeline.models.download import DownloadState
from pipeline.page.download_words import describe_progress, describe_time

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DownloadState("idle", 6 * GB, 0), ""),
        (DownloadState("idle", 6 * GB, 2 * GB), "2.0 GB of 6.0 GB are here."),
        (DownloadState("running", 6 * GB, 2 * GB, 40e6), "2.0 GB of 6.0 GB, 40 MB a second, 2 minutes left"),
        (DownloadState("running", 6 * GB, 0, 0, "Asking the Hub"), "0 MB of 6.0 GB. Asking the Hub"),
        (DownloadState("stopped", 6 * GB, GB), "Stopped at 1.0 GB of 6.0 GB. What came stays."),
        (DownloadState("stopped", 6 * GB, 0), "Stopped before anything came."),
        (DownloadState("failed", 6 * GB, GB, 0, "No room."), "No room."),
    ],
)
def test_the_state_in_words(state: DownloadState, words: str) -> None:
    assert describe_progress(state) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "2 seconds"), (45, "45 seconds"), (600, "10 minutes"), (7300, "2 hours")]
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert describe_time(seconds) == words
