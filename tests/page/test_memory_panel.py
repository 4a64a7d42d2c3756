"""Plans of memory as JSON and as a table."""

from __future__ import annotations

import pytest

from pipeline.errors import SettingError
from pipeline.machine.memory import FreeMemory
from pipeline.page import memory_panel
from pipeline.page.memory_panel import format_plan, plan_memory_modes


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 4 GB to spare."""
    monkeypatch.setattr(memory_panel, "measure_free_memory", lambda device: FreeMemory(None, int(4e9)))


def test_each_mode_says_whether_it_fits(free: None) -> None:
    small, large = (
        plan_memory_modes("sd15", side, side, count, "cpu", "float32") for side, count in ((256, 1), (1024, 4))
    )
    assert [mode["mode"] for mode in small["modes"]] == ["cpu", "fp8"]
    assert not any(mode["fits"] for mode in large["modes"]) and small["modes"][1]["fits"]
    four = plan_memory_modes("sd15", 256, 256, 4, "cpu", "float32")["modes"]
    assert four == small["modes"], "they are drawn one after the other"
    assert small["free"] == {"gpu": None, "main": int(4e9)}


def test_the_table_shows_every_mode_and_both_formulas(free: None) -> None:
    planned = plan_memory_modes("sd15", 1024, 1024, 4, "cpu", "float32")
    table = format_plan(planned)
    assert table.count("<tr>") == 1 + len(planned["modes"]) and "does not fit" in table
    assert "4.0 GB of main memory are free; there is no GPU" in table
    assert "quicker where 2.7 GB more are free" in table, "the processor's own order of large convolutions"
    assert "quicker" not in format_plan(plan_memory_modes("pocket", 256, 256, 1, "cpu"))
    for mode in planned["modes"]:
        assert mode["meaning"] in table and f"{mode['published'] / 1e9:.1f} GB" in table


def test_what_openvino_takes_is_told_to_those_who_draw_by_it(free: None) -> None:
    planned = plan_memory_modes("sd15", 512, 512, 1, "cpu", "bfloat16")
    more = f"{planned['modes'][0]['openvino'] / 1e9:.1f} GB"
    assert f"OpenVINO draws where {more} more are free" in format_plan(planned, is_openvino=True)
    assert "OpenVINO" not in format_plan(planned)
    exact = plan_memory_modes("sd15", 512, 512, 1, "cpu", "float32")
    assert "OpenVINO" not in format_plan(exact, is_openvino=True), "torch draws in float32"


@pytest.mark.parametrize("quick", [False, True])
def test_plans_are_in_the_numbers_that_the_processor_is_quickest_in(
    monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr(memory_panel, "measure_free_memory", lambda device: FreeMemory(None, int(5e9)))
    monkeypatch.setattr("pipeline.machine.device.has_fast_bf16", lambda: quick)
    planned = plan_memory_modes("sd15", 512, 512, 1, "cpu")
    assert planned["dtype"] == ("bfloat16" if quick else "float32")
    assert planned["modes"][0]["fits"] is quick  # 4.2 GB against 7.3
    assert f"in {planned['dtype']}" in format_plan(planned)
    assert plan_memory_modes("pocket", 256, 256, 1, "cpu", "bfloat16")["dtype"] == "float32"
    with pytest.raises(SettingError, match="float16"):
        plan_memory_modes("sd15", 512, 512, 1, "cpu", "float16")


@pytest.mark.parametrize(
    "wish",
    [
        ("sdxl", 512, 512, 1),
        ("sd15", 500, 512, 1),
        ("sd15", 512, None, 1),
        ("sd15", 512, 512, 9),
        (None, 512, 512, 1),
        ("pocket", 2048, 2048, 1),
    ],
)
def test_a_wish_that_cannot_be_drawn_is_told(wish: tuple[object, ...]) -> None:
    with pytest.raises(SettingError):
        plan_memory_modes(*wish, "cpu")
