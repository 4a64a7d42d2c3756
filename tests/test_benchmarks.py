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

from pipeline.presets import menu_of
from pipeline.values import Levers
from tests.benchmarks import denoise
from tests.benchmarks.calls import Call, Calls, passes, reckoned, rows_of
from tests.benchmarks.denoise import MAIN, PLAIN, Contest, Runs, measured, prepare, read_options
from tests.benchmarks.memory import Meter, Row

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Contest:
    asked = read_options(["--tiny", "--device", "cpu", "--repeats", "2", "--warm-up", "0"])
    return prepare(tmp_path_factory.mktemp("contest"), asked)


@pytest.fixture(scope="module")
def rows(contest: Contest) -> dict[str, Row]:
    return {str(row["row"]): row for row in contest.rows() if "row" in row}


def test_every_lever_that_a_preset_pulls_has_a_row_and_so_has_every_preset(rows: dict[str, Row]) -> None:
    presets = menu_of("sd15").presets
    pulled = {f"{each.name}={value}" for preset in presets for each in fields(Levers)
              if (value := getattr(preset.levers, each.name)) != each.default}
    own = {"off", "words_kept", "channels_last", *(preset.name for preset in presets)}
    assert pulled | own <= rows.keys() and all(rows[name]["how"] == "drawn" for name in pulled | own)
    assert rows["compiled"]["how"] == rows["xformers"]["how"] == "left out" and rows["xformers"]["why"]


def test_with_every_lever_off_the_picture_is_plains(contest: Contest, rows: dict[str, Row]) -> None:
    """The last round goes backwards: the few-step weights of its first rows left nothing behind."""
    plain = contest.plain.draw(contest.request).astype(int)
    assert plain.std() > 20  # a flat picture would be equal to anything
    same = {name: row["largest_difference"] for name, row in rows.items() if "largest_difference" in row}
    assert same.keys() == {"off", "words_kept", "channels_last", "best"} and max(same.values()) <= 1
    for way in contest.ways:
        contest.ours.get_ready(way, contest.worked(way))
        apart = np.abs(contest.ours.draw(contest.worked(way)).astype(int) - plain).max()
        assert apart <= 1 if way.exact else apart > 4, way.name


def test_rows_say_what_was_timed(rows: dict[str, Row]) -> None:
    plain = rows[PLAIN]
    assert (plain["steps"], plain["unet_rows"], plain["controlnet_rows"], plain["ratio"]) == (4, 8, 8, 1)
    for row in rows.values():
        if row["how"] == "drawn":
            assert 0 < row["least_s"] <= row["seconds"] <= row["most_s"]
            assert row["ratio"] == pytest.approx(plain["seconds"] / row["seconds"], rel=2e-2)
            assert row["least_ratio"] <= row["most_ratio"] and row["processor_s"] > 0 and row["peak_resident"] > 0
            assert all(0 < value < row["most_s"] for name, value in row.items() if name.endswith(" s"))
    assert rows["balanced"]["unet_rows"] < plain["unet_rows"]
    assert rows["balanced"]["controlnet_rows"] < plain["controlnet_rows"]
    assert rows["words_kept"].keys() & {"words of 1 s"} == set() and rows["off"]["words of 1 s"] > 0
    assert "small decoder of 1 s" in rows["draft"] and "decoder, channels last of 1 s" in rows["balanced"]


def test_ratios_are_of_medians_and_their_range_is_of_rounds() -> None:
    def runs(*seconds: float) -> Runs:
        return Runs(Meter(CPU), seconds=list(seconds), processor=[2 * each for each in seconds])

    row = measured(runs(2, 3, 2), runs(4, 6, 5))
    assert (row["seconds"], row["least_s"], row["most_s"]) == (2, 2, 3)
    assert (row["ratio"], row["least_ratio"], row["most_ratio"]) == (2.5, 2.0, 2.5)
    assert (row["processor_s"], row["processor_ratio"]) == (4, 2.5)


def test_what_is_not_drawn_is_reckoned_from_the_passes_of_what_is(contest: Contest) -> None:
    few = replace(contest, drawn=[way for way in contest.ways if way.name in MAIN], repeats=1)
    rows = {str(row["row"]): row for row in few.rows() if "row" in row}
    assert [name for name, row in rows.items() if row["how"] == "drawn"] == [PLAIN, *MAIN]
    reckoned_rows = {name: row for name, row in rows.items() if row["how"] == "reckoned"}
    assert {"draft", "best", "few_steps=lcm"} <= reckoned_rows.keys()
    for row in reckoned_rows.values():
        assert row["seconds"] > 0 and row["ratio"] == pytest.approx(rows[PLAIN]["seconds"] / row["seconds"], rel=2e-2)


def test_a_price_that_nobody_measured_gives_no_sum() -> None:
    counted = {Call("unet", 2): 3, Call("words", 1): 0}
    assert reckoned(counted, {Call("unet", 2): [1.0, 9.0, 2.0]}) == 6.0
    assert reckoned(counted, {}) is None


def test_passes_are_counted_by_the_loop_itself() -> None:
    assert passes(Levers(), 4, 7.0) == {Call("unet", 2): 4, Call("controlnet", 2): 4}
    half = passes(Levers(guidance_end=0.5, controlnet_half="shared", controlnet_every=2), 4, 7.0)
    assert half == {Call("unet", 2): 2, Call("unet", 1): 2, Call("controlnet", 1): 2}
    assert rows_of(half, "unet") == 6 and rows_of(half, "controlnet") == 2


def test_calls_are_timed_by_rows_while_open() -> None:
    network, calls = torch.nn.Linear(2, 2), Calls()
    calls.open({"net": network})
    network(torch.zeros(3, 2))
    network(torch.zeros(1, 2))
    calls.close()
    network(torch.zeros(3, 2))
    assert {call: len(seconds) for call, seconds in calls.seconds.items()} == {Call("net", 3): 1, Call("net", 1): 1}
    assert calls.total > 0


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_the_table_is_printed(
    flag: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def table(asked: object) -> Iterator[Row]:
        yield from ({"row": "off", "seconds": 1.5}, {"row": "best", "seconds": 2})

    monkeypatch.setattr(denoise, "table", table)
    monkeypatch.setattr(sys, "argv", ["denoise", *flag])
    denoise.main()
    said = capsys.readouterr().out
    assert json.loads(said) == list(table(None)) if flag else said == "row off, seconds 1.5\nrow best, seconds 2\n"


def test_only_the_rows_asked_for(tmp_path: Path) -> None:
    asked = read_options(["--tiny", "--device", "cpu", "--only", "off", "guidance_end"])
    assert [way.name.partition("=")[0] for way in prepare(tmp_path, asked).ways] == ["off", "guidance_end"]
    assert list(denoise.table(read_options(["--only"]))) == []
