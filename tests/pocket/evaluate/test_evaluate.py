"""The command: every trial is there, and an untrained model, through the real engine, looks good in none."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from pipeline.pocket.evaluate.__main__ import main
from pipeline.pocket.evaluate.baselines import Gallery
from pipeline.pocket.evaluate.bench import Bench
from pipeline.pocket.evaluate.drawings import SKETCHES
from pipeline.pocket.evaluate.engines import change_defaults
from pipeline.pocket.evaluate.report import save_sheets
from pipeline.pocket.evaluate.trial_table import TRIAL_NAMES, TrialInputs, run_trials
from pipeline.pocket.evaluate.trials import run_edge_trial
from pipeline.values import GenerationRequest, StyleMix
from tests.tools.draw_functions import PROFILE, STYLES, draw_noise, draw_white, make_bench, record_requests
from tests.tools.sample_things import make_pack


def trial_inputs(tmp_path: Path, gallery: Gallery | None = None) -> TrialInputs:
    return TrialInputs(
        make_bench(draw_noise, tmp_path),
        make_pack(),
        STYLES,
        gallery,
        tmp_path,
        SKETCHES,
        draw_noise,
        lambda: draw_noise,
        tmp_path / "vae",
    )


def test_requests_use_the_defaults_that_were_set(tmp_path: Path) -> None:
    seen: list[GenerationRequest] = []
    profile = change_defaults(PROFILE, ["guidance_scale=5.5", "num_inference_steps=7"])
    run_edge_trial(
        Bench(record_requests(draw_white, seen), profile, StyleMix.of(STYLES[0]), tmp_path), make_pack().held_out, 1, {}
    )
    assert (seen[0].sampling.guidance_scale, seen[0].sampling.num_inference_steps) == (5.5, 7)


def test_sheets_show_what_was_drawn(tmp_path: Path) -> None:
    outcomes = run_trials(trial_inputs(tmp_path / "room"), 4, ("edges", "colors", "controls"))
    save_sheets(outcomes, tmp_path / "made" / "sheet.png")
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"sheet-edges.png", "sheet-colors.png"}
    with Image.open(tmp_path / "made" / "sheet-colors.png") as sheet:
        assert sheet.width > 11 * 128 and len(sheet.getcolors(1 << 24) or []) > 1000


def test_memory_without_training_pictures_says_what_renders_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_trials(trial_inputs(tmp_path), 4, ("memory",))["memory"].figures == ()
    assert "python -m pipeline.pocket.data.dataset" in capsys.readouterr().out


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


def test_curves_are_drawn_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "denoiser.jsonl").write_text('{"step": 50, "minutes": 1, "loss": 0.5}')
    main(["--curve", str(tmp_path / "made.svg"), "--runs", str(tmp_path), "--weights", "nowhere"])
    assert "polyline" in (tmp_path / "made.svg").read_text()


def test_every_trial_can_be_asked_for() -> None:
    assert set(TRIAL_NAMES) == {
        "edges",
        "hand",
        "colors",
        "usual",
        "things",
        "styles",
        "unseen",
        "memory",
        "controls",
        "seeds",
        "steps",
        "speed",
        "autoencoder",
    }
