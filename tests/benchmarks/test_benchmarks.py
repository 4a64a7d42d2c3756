"""The benchmark of drawing, run for real on small modules."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.request.presets import get_menu
from tests.benchmarks import denoise
from tests.benchmarks.denoise import MAIN, choose_dtypes, prepare_comparison, read_options
from tests.benchmarks.drawing_comparison import DrawingComparison, DrawingTimes, compare_speed, describe_times
from tests.benchmarks.drawing_modes import PLAIN
from tests.benchmarks.memory import MemoryMeter
from tests.benchmarks.network_passes import NetworkPass, PassTimer, count_passes, count_rows, estimate_seconds
from tests.benchmarks.report import Row
from tests.tools import preset_distance
from tests.tools.diffusers_reference import draw_by_diffusers, load_diffusers_sd15
from tests.tools.models import write_sd15

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
DTYPES = ("float32", "bfloat16")
Table = dict[tuple[str, str], Row]  # by a row's name and its number format


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> DrawingComparison:
    asked = read_options(["--tiny", "--device", "cpu", "--repeats", "2", "--warm-up", "0", "--dtypes", *DTYPES])
    return prepare_comparison(tmp_path_factory.mktemp("comparison"), asked)


@pytest.fixture(scope="module")
def all_rows(comparison: DrawingComparison) -> list[Row]:
    return list(comparison.measure_rows())


@pytest.fixture(scope="module")
def rows(all_rows: list[Row]) -> Table:
    return index_by_name(all_rows)


def index_by_name(all_rows: list[Row]) -> Table:
    return {(str(row["row"]), str(row.get("dtype"))): row for row in all_rows if "row" in row}


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_lever_that_a_preset_pulls_has_a_row_and_so_has_every_preset(all_rows: list[Row], dtype: str) -> None:
    rows = {name: row for (name, numbers), row in index_by_name(all_rows).items() if numbers in (dtype, "None")}
    presets = get_menu("sd15").presets
    pulled = {
        f"{each.name}={value}"
        for preset in presets
        for each in fields(Shortcuts)
        if (value := getattr(preset.shortcuts, each.name)) != each.default
    }
    own = {"off", "words_kept", "channels_last", "packed", *(preset.name for preset in presets)}
    assert pulled | own <= rows.keys() and all(rows[name]["how"] == "drawn" for name in pulled | own)
    assert rows["compiled"]["how"] == rows["xformers"]["how"] == "left out" and rows["xformers"]["why"]


@pytest.mark.parametrize("number", [0, 1], ids=DTYPES)
def test_with_every_lever_off_the_picture_is_plains(comparison: DrawingComparison, rows: Table, number: int) -> None:
    """The last round goes backwards: the few-step weights of its first rows left nothing behind. In bf16 another layout
    rounds otherwise, which shows in a few levels."""
    side = comparison.sides[number]
    side.plain.prepare(side.request)
    plain = side.plain.draw(side.request).astype(int)
    assert plain.std() > 20  # a flat picture would be equal to anything
    same = {
        name: row["largest_difference"]
        for (name, dtype), row in rows.items()
        if "largest_difference" in row and dtype == side.dtype
    }
    assert same.keys() == {"off", "words_kept", "channels_last", "packed", "best"}
    assert max(same["off"], same["words_kept"], same["packed"]) <= 1
    assert max(same.values()) <= (1 if side.dtype == "float32" else 24)
    for mode in side.modes:
        side.ours.prepare(mode, side.make_request(mode))
        apart = np.abs(side.ours.draw(side.make_request(mode)).astype(int) - plain)
        assert apart.mean() < 1.5 if mode.is_exact else apart.max() > 4, mode.name


def test_plain_is_the_stock_pipeline_loaded_without_our_code(comparison: DrawingComparison, tmp_path: Path) -> None:
    folder = write_sd15(tmp_path / "sd15", None)  # the same numbers again
    for side in comparison.sides:
        side.plain.prepare(side.request)
        stock = load_diffusers_sd15.__wrapped__(folder).to(dtype=side.ours.engine.dtype)
        drawn = draw_by_diffusers(stock, side.ours.engine.profile, side.request, side.plain._style)
        assert np.abs(side.plain.draw(side.request).astype(int) - drawn.astype(int)).max() <= 1


def test_rows_say_what_was_timed(rows: Table) -> None:
    assert {(PLAIN, dtype) for dtype in DTYPES} <= rows.keys()
    for (_, dtype), row in rows.items():
        if row["how"] == "drawn":
            plain = rows[PLAIN, dtype]
            shape = (plain["steps"], plain["unet_rows"], plain["controlnet_rows"], plain["ratio"])
            assert shape == (4, 8, 8, 1)
            assert 0 < row["least_s"] <= row["seconds"] <= row["most_s"]
            assert row["ratio"] == pytest.approx(plain["seconds"] / row["seconds"], rel=2e-2)
            first = rows[PLAIN, "float32"]["seconds"] / row["seconds"]
            assert row.get("ratio_to_plain_float32", first) == pytest.approx(first, rel=2e-2)
            assert ("ratio_to_plain_float32" in row) == (dtype == "bfloat16")
            assert row["least_ratio"] <= row["most_ratio"] and row["processor_s"] > 0 and row["peak_resident"] > 0
            assert all(0 < value < row["most_s"] for name, value in row.items() if name.endswith(" s"))
    exact, halves = (rows["balanced", dtype] for dtype in DTYPES)
    assert exact["unet_rows"] == halves["unet_rows"] < plain["unet_rows"]
    assert exact["controlnet_rows"] == halves["controlnet_rows"] < plain["controlnet_rows"]
    kept, off = rows["words_kept", "float32"], rows["off", "float32"]
    assert kept.keys() & {"words of 1 s"} == set() and off["words of 1 s"] > 0
    assert "small decoder of 1 s" in exact and "decoder, channels last of 1 s" in rows["best", "float32"]
    # another layout, another price
    assert "unet, packed of 2 s" in exact and "unet, channels last, packed of 2 s" in halves
    assert "unet's shallow layers, packed of 2 s" in exact
    assert "unet's shallow layers, channels last, packed of 2 s" in halves


def test_the_summary_tells_numbers_and_levers_apart(all_rows: list[Row], rows: Table) -> None:
    summary = {row["summary"]: row["ratio"] for row in all_rows if "summary" in row}
    assert summary.keys() == {
        "balanced in float32 against plain in float32",
        "draft in float32 against plain in float32",
        "draft in bfloat16 against plain in bfloat16",
        "balanced in bfloat16 against plain in bfloat16",
        "plain in bfloat16 against plain in float32",
        "balanced in bfloat16 against plain in float32",
    }
    for names, stated_ratio in summary.items():
        one, other = (tuple(name.split(" in ")) for name in names.split(" against "))
        assert stated_ratio == pytest.approx(rows[other]["seconds"] / rows[one]["seconds"], rel=2e-2)


@pytest.mark.parametrize(("quick", "expected"), [(False, ["float32"]), (True, ["float32", "bfloat16"])])
def test_a_processor_that_is_quick_in_bf16_is_measured_in_both(
    monkeypatch: pytest.MonkeyPatch, quick: bool, expected: list[str]
) -> None:
    monkeypatch.setattr("tests.benchmarks.denoise.has_fast_bf16", lambda: quick)
    assert choose_dtypes(CPU) == expected and choose_dtypes(torch.device("cuda")) == ["float16"]


def test_ratios_are_of_medians_and_their_range_is_of_rounds() -> None:
    def runs(*seconds: float) -> DrawingTimes:
        return DrawingTimes(
            MemoryMeter(CPU),
            rounds=list(range(len(seconds))),
            seconds=list(seconds),
            processor=[2 * each for each in seconds],
        )

    row = describe_times(runs(2, 3, 2), runs(4, 6, 5))
    assert (row["seconds"], row["least_s"], row["most_s"]) == (2, 2, 3)
    assert (row["ratio"], row["least_ratio"], row["most_ratio"]) == (2.5, 2.0, 2.5)
    assert (row["processor_s"], row["processor_ratio"]) == (4, 2.5)
    rare = replace(runs(10, 1), rounds=[0, 2])  # sat out the second round, which counts for neither then
    row = describe_times(rare, runs(5, 900, 6))
    assert (row["ratio"], row["least_ratio"], row["most_ratio"], row["rounds"]) == (1, 0.5, 6, 2)
    assert list(compare_speed({"float32": {PLAIN: rare}}, ("balanced", "float32"), (PLAIN, "float32"))) == []


@pytest.mark.parametrize(("main", "seldom"), [(MAIN, ()), (("balanced",), ("balanced",))])
def test_what_is_not_drawn_is_reckoned_from_the_passes_of_what_is_or_of_passes_alone(
    comparison: DrawingComparison, main: tuple[str, ...], seldom: tuple[str, ...]
) -> None:
    side = replace(
        comparison.sides[1],
        drawn=[mode for mode in comparison.sides[1].modes if mode.name in main],
        seldom=frozenset(seldom),
    )
    all_rows = list(replace(comparison, sides=[side], repeats=3).measure_rows())
    rows = {name: row for (name, _), row in index_by_name(all_rows).items()}
    assert [name for name, row in rows.items() if row["how"] == "drawn"] == [PLAIN, *main]
    assert [rows[name]["rounds"] for name in (PLAIN, *main)] == [3, *(2 if name in seldom else 3 for name in main)]
    reckoned_rows = {name: row for name, row in rows.items() if row["how"] == "reckoned"}
    assert {
        "draft",
        "best",
        "few_steps=lcm",
        "channels_last",
        "packed",
        "controlnet_half=shared",
    } <= reckoned_rows.keys()
    for row in reckoned_rows.values():
        assert row["seconds"] > 0 and row["ratio"] == pytest.approx(rows[PLAIN]["seconds"] / row["seconds"], rel=2e-2)
    assert [row["summary"] for row in all_rows if "summary" in row] == [
        "balanced in bfloat16 against plain in bfloat16"
    ]


def test_a_price_that_nobody_measured_gives_no_sum() -> None:
    counted = {NetworkPass("unet", 2): 3, NetworkPass("words", 1): 0}
    assert estimate_seconds(counted, {NetworkPass("unet", 2): [1.0, 9.0, 2.0]}) == 6.0
    assert estimate_seconds(counted, {}) is None


def test_passes_are_counted_by_the_loop_itself() -> None:
    assert count_passes(Shortcuts(), 4, 7.0) == {NetworkPass("unet", 2): 4, NetworkPass("controlnet", 2): 4}
    half = count_passes(Shortcuts(guidance_end=0.5, controlnet_half="shared", controlnet_every=2), 4, 7.0)
    assert half == {NetworkPass("unet", 2): 2, NetworkPass("unet", 1): 2, NetworkPass("controlnet", 1): 2}
    assert count_rows(half, "unet") == 6 and count_rows(half, "controlnet") == 2


def test_calls_are_timed_by_rows_while_open() -> None:
    network, calls = torch.nn.Linear(2, 2), PassTimer()
    calls.start({"net": network})
    network(torch.zeros(3, 2))
    network(torch.zeros(1, 2))
    calls.stop()
    network(torch.zeros(3, 2))
    assert {call: len(seconds) for call, seconds in calls.seconds.items()} == {
        NetworkPass("net", 3): 1,
        NetworkPass("net", 1): 1,
    }
    assert calls.total_seconds > 0


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_the_table_is_printed(
    flag: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make_rows(asked: object) -> Iterator[Row]:
        yield from ({"row": "off", "seconds": 1.5}, {"row": "best", "seconds": 2})

    monkeypatch.setattr(denoise, "make_rows", make_rows)
    monkeypatch.setattr(sys, "argv", ["denoise", *flag])
    denoise.main()
    said = capsys.readouterr().out
    assert json.loads(said) == list(make_rows(None)) if flag else said == "row off, seconds 1.5\nrow best, seconds 2\n"


def test_only_the_rows_asked_for(tmp_path: Path) -> None:
    asked = read_options(["--tiny", "--device", "cpu", "--only", "off", "guidance_end", "--dtypes", "float32"])
    (side,) = prepare_comparison(tmp_path, asked).sides
    assert [mode.name.partition("=")[0] for mode in side.modes] == ["off", "guidance_end"]
    assert list(denoise.make_rows(read_options(["--only"]))) == []


def test_distances_are_of_each_lever_and_of_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preset_distance, "EXAMPLES", preset_distance.EXAMPLES[:1])
    rows = list(denoise.make_rows(read_options(["--tiny", "--only", "--distance", "2"])))
    found = {str(row["distance"]).partition("=")[0]: float(row["ssim"]) for row in rows}
    assert {"off", "guidance_end", "controlnet_half", "controlnet_every", "balanced", "bfloat16"} <= found.keys()
    assert found["off"] == 1 > found["balanced"] and 0.9 < found["bfloat16"] < 1
