from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.pocket.train.curve import PANEL, draw_curves, plot_runs, read_runs

SVG = "{http://www.w3.org/2000/svg}"


def write_runs(folder: Path) -> Path:
    folder.mkdir()
    entries = [{"step": 50 * i, "minutes": i / 2, "rate": 1e-3, "loss": 1 / i} for i in range(1, 6)]
    (folder / "one.jsonl").write_text("\n".join(map(json.dumps, entries)) + '\n{"step": 300, "min')
    more = [
        {"step": 50, "minutes": 1, "loss": 0.4, "psnr": 20},
        {"step": 99, "minutes": 3, "loss": 0.3, "psnr": 24},
        {"step": 100, "minutes": 4, "loss": float("nan"), "psnr": 25, "note": "text"},
    ]
    (folder / "one-two & more.jsonl").write_text("\n".join(map(json.dumps, more)))
    return folder


def test_runs_are_read_by_figure(tmp_path: Path) -> None:
    series = {(one.run, one.name): one.points for one in read_runs(write_runs(tmp_path / "runs"))}
    assert set(series) == {("one", "loss"), ("one-two & more", "loss"), ("one-two & more", "psnr")}
    assert series["one", "loss"][0] == (0.5, 1.0) and len(series["one", "loss"]) == 5  # the line cut off is left out
    assert series["one-two & more", "loss"] == ((1.0, 0.4), (3.0, 0.3))  # nan is no point


def test_a_panel_for_each_figure_and_a_line_for_each_run(tmp_path: Path) -> None:
    plot_runs(write_runs(tmp_path / "runs"), tmp_path / "made" / "curves.svg")
    root = ElementTree.parse(tmp_path / "made" / "curves.svg").getroot()
    lines = [
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for line in root.iter(f"{SVG}polyline")
    ]
    assert [len(line) for line in lines] == [5, 2, 3]
    falling, _, rising = lines
    assert [y for _, y in falling] == sorted(y for _, y in falling)  # a falling loss runs downwards
    assert [y for _, y in rising] == sorted((y for _, y in rising), reverse=True)
    assert rising[-1][0] - rising[0][0] == pytest.approx(PANEL[0]) and falling[0][0] < rising[0][0]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"one", "one-two & more", "one: loss", "one: psnr", "1", "0.2"} <= set(texts)


def test_other_parts_have_panels_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "tower.jsonl").write_text('{"step": 1, "minutes": 2, "loss": 3}')
    write_runs(tmp_path / "runs")
    drawn = draw_curves(read_runs(tmp_path))  # those of folders below too
    assert ">tower: loss<" in drawn and drawn.count(">one: loss<") == 1


def test_what_a_kill_undid_is_left_out(tmp_path: Path) -> None:
    lines = [{"minutes": minutes, "loss": loss} for minutes, loss in ((1, 9), (2, 8), (3, 7), (1.5, 6), (2.5, 5))]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert read_runs(tmp_path)[0].points == ((1, 9), (1.5, 6), (2.5, 5))


def test_a_figure_that_never_changes_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "flat.jsonl").write_text('{"step": 1, "minutes": 2, "loss": 3}')
    assert re.search(r'points="[\d., ]+"', draw_curves(read_runs(tmp_path)))


def test_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"pipeline\.pocket\.train"):
        read_runs(tmp_path)
