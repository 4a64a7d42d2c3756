from __future__ import annotations

import pytest

from tests.benchmarks.openvino_pictures import measure, read_options


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_dry_run_has_the_first_picture_and_both_ways() -> None:
    asked = read_options(["--tiny", "--sides", "64", "--repeats", "1", "--steps", "3", "--threads", "1"])
    first, row = measure(asked)
    assert first["first_cpu_s"] > 0 and any("graphs of this model were made" in each for each in first["said"])
    assert (row["side"], row["steps"]) == (64, 3)
    assert row["torch_cpu_s"] > 0 < row["openvino_cpu_s"] and row["process_gb"] > 0
    assert 0 <= row["mean_difference"] < 3
