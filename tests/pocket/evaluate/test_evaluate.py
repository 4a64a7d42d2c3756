"""The command: every trial is there, and pictures that show nothing look good in none."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate import colour_fields, colour_trials, enclosed_trials, painter_trials
from pipeline.pocket.evaluate.__main__ import main, parse_arguments
from pipeline.pocket.evaluate.baselines import Gallery
from pipeline.pocket.evaluate.bench import Bench
from pipeline.pocket.evaluate.drawings import SKETCHES
from pipeline.pocket.evaluate.edge_trials import run_edge_trial
from pipeline.pocket.evaluate.engines import TimedDrawing, change_defaults, make_usual_mix
from pipeline.pocket.evaluate.report import save_sheets
from pipeline.pocket.evaluate.trial_table import TRIAL_NAMES, TrialInputs, run_trials
from pipeline.styles.library import StyleLibrary
from pipeline.values import Drawn, GenerationRequest, StyleMix
from tests.pocket.evaluate.test_region_trials import make_vector_pack
from tests.tools.draw_functions import PROFILE, STYLES, draw_noise, draw_white, make_bench, record_requests
from tests.tools.sample_things import make_pack


class NoiseEngine:
    """An engine that draws noise."""

    def draw(self, request: GenerationRequest) -> Drawn:
        return Drawn((Image.fromarray(draw_noise(request)),), {"steps": 1.0}, (), "")


def trial_inputs(tmp_path: Path, gallery: Gallery | None = None) -> TrialInputs:
    return TrialInputs(
        make_bench(draw_noise, tmp_path),
        make_pack(),
        make_vector_pack(),
        STYLES,
        gallery,
        tmp_path,
        SKETCHES,
        TimedDrawing(NoiseEngine()),  # type: ignore[arg-type]
    )


def test_requests_use_the_defaults_that_were_set(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    profile = change_defaults(PROFILE, ["guidance_scale=5.5", "num_inference_steps=7"])
    bench = Bench(record_requests(draw_white, seen), profile, StyleMix.of(STYLES[0]), tmp_path)
    run_edge_trial(bench, make_pack().held_out, 1)
    assert (seen[0].sampling.guidance_scale, seen[0].sampling.num_inference_steps) == (5.5, 7)


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "", "ten"])
def test_a_count_of_nothing_is_refused_before_anything_is_loaded(
    count: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_arguments(["--count", "7"]).count == 7
    with pytest.raises(SystemExit):
        parse_arguments(["--count", count])
    for command, options in (
        (colour_fields.main, ["--regions", "none", "--most"]),
        (colour_trials.main, ["--regions", "none", "--count"]),
        (enclosed_trials.main, ["--count"]),
        (painter_trials.main, ["--cases"]),
    ):
        monkeypatch.setattr("sys.argv", ["x", *options, count])
        with pytest.raises(SystemExit):
            command()
    assert capsys.readouterr().err.count("expected a whole number, at least 1, got") == 5


def test_the_usual_mix_is_the_programs(tmp_path: Path) -> None:
    mix = make_usual_mix(StyleLibrary(Path("styles"), tmp_path))
    assert {style.id for style, _ in mix.parts} == {"ghibli", "watercolor"}


def test_sheets_show_what_was_drawn(tmp_path: Path) -> None:
    outcomes = run_trials(trial_inputs(tmp_path / "room"), 4, ("edges", "colors", "controls"))
    save_sheets(outcomes, tmp_path / "made" / "sheet.png")
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"sheet-edges.png", "sheet-colors.png"}
    with Image.open(tmp_path / "made" / "sheet-colors.png") as sheet:
        assert sheet.width > 11 * 128 and len(sheet.getcolors(1 << 24) or []) > 1000


def test_memory_without_training_pictures_says_what_makes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_trials(trial_inputs(tmp_path), 4, ("memory",))["memory"].figures == ()
    assert "python -m pipeline.pocket.train.region_lessons" in capsys.readouterr().out


def write_pack(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        entries = []
        for thing in make_pack().things:
            data = io.BytesIO()
            Image.fromarray(thing.pictures[0]).save(data, "PNG")
            archive.writestr(f"{thing.name}.png", data.getvalue())
            entries.append(
                {
                    "name": thing.name,
                    "words": thing.words,
                    "category": thing.category,
                    "held_out": thing.held_out,
                    "files": [f"{thing.name}.png"],
                    "hands": thing.artists,
                }
            )
        archive.writestr("things.json", json.dumps(entries))
    return path


def write_vector_pack(folder: Path) -> Path:
    pack: VectorPack = make_vector_pack()
    folder.mkdir()
    for part in ("colours", "regions", "ink"):
        np.save(folder / f"{part}.npy", getattr(pack, part))
    entries = [{"name": name, "hand": artist} for name, artist in zip(pack.names, pack.artists, strict=True)]
    (folder / "names.json").write_text(json.dumps(entries))
    return folder


@pytest.mark.slow
def test_the_command_measures_the_shipped_weights(
    shipped_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {
        "--weights": shipped_folder,
        "--pack": write_pack(tmp_path / "pack.zip"),
        "--drawings": write_vector_pack(tmp_path / "drawings"),
        "--count": 3,
        "--style": "sketch",
        "--judges": tmp_path,
        "--pictures": tmp_path,
        "--json": tmp_path / "report.json",
    }
    words = [str(word) for pair in given.items() for word in pair]
    main([*words, "--only", "edges", "hand", "usual", "--set", "num_inference_steps=2"])
    lines = json.loads((tmp_path / "report.json").read_text())["figures"]
    report = {line["name"].strip(): line for line in lines}
    assert report["edge F1 held-out, strokes, 2 px at 256: lines soft"]["value"] > 0.9
    by_hand = report["edge F1 hand-drawn, strokes, 2 px at 256: lines soft"]
    assert by_hand["value"] > 0.9 and by_hand["count"] <= 3
    assert report["another drawing's picture"]["value"] < 0.6
    assert report["milliseconds per picture, all trials"]["value"] > 1
    assert "usual colours" in capsys.readouterr().out


def test_curves_are_drawn_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "denoiser.jsonl").write_text('{"step": 50, "minutes": 1, "loss": 0.5}')
    main(["--curve", str(tmp_path / "made.svg"), "--runs", str(tmp_path), "--weights", "nowhere"])
    assert "polyline" in (tmp_path / "made.svg").read_text()


def test_every_trial_can_be_asked_for() -> None:
    assert set(TRIAL_NAMES) == {
        *("edges", "hand", "parts", "hand-parts", "binding", "places", "colors", "styled-colors", "usual"),
        *("things", "styles", "painted", "memory", "controls", "seeds", "speed"),
    }
