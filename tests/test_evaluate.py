"""The evaluation must tell good models from bad ones: it is run on drawers whose figures are known beforehand."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.pocket.colors import COLORS, draw_paint
from pipeline.pocket.evaluate import NAMES, adjusted, evaluate, main, save_sheets
from pipeline.pocket.trials import (
    Bench,
    Outcome,
    color_trial,
    control_trial,
    edge_trial,
    make_case,
    read_reference,
    seed_trial,
    style_trial,
    usual_trial,
)
from pipeline.profiles import POCKET
from pipeline.styles import StyleLibrary
from pipeline.values import GenerationRequest, Style, StyleMix
from tests.pocket_things import pack

Draw = Callable[[GenerationRequest], np.ndarray]


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Style, ...]:
    return StyleLibrary(Path("styles"), tmp_path_factory.mktemp("added")).all()


@pytest.fixture
def bench(styles) -> Callable[[Draw], Bench]:
    return lambda draw: Bench(draw, POCKET, StyleMix.of(styles[0]))


def values(outcome: Outcome) -> dict[str, float]:
    return {line.name: line.value for line in outcome.figures}


def white(request: GenerationRequest) -> np.ndarray:
    return np.full((request.height, request.width, 3), 255, np.uint8)


def noise(request: GenerationRequest) -> np.ndarray:
    """Another picture for every request."""
    told = repr([(name, value) for name, value in vars(request).items() if name != "edges"])
    seed = np.frombuffer((told.encode() + request.edges.pixels.tobytes()), np.uint8).astype(np.uint64)
    rng = np.random.default_rng(int((seed * np.arange(1, len(seed) + 1, dtype=np.uint64)).sum()))
    return rng.integers(0, 256, (request.height, request.width, 3), dtype=np.uint8)


def first_color(request: GenerationRequest) -> np.ndarray:
    """The picture filled with the colour word of the prompt."""
    word = next(word for word in request.prompt.split() if word in COLORS)
    paint = draw_paint(word, np.random.default_rng(0)) * 255
    return np.broadcast_to(paint, (request.height, request.width, 3)).astype(np.uint8)


def test_edges_of_the_originals_are_followed_and_of_a_blank_are_not(bench) -> None:
    originals = {make_case(pack().held_out, seed, 128).lines.tobytes(): make_case(pack().held_out, seed, 128).original
                 for seed in range(12)}
    found = values(edge_trial(bench(lambda request: originals[request.edges.pixels.tobytes()]), pack().held_out, 12))
    assert found["edge F1, results"] == found["edge F1, originals (sanity)"] > 0.95
    assert found["edge F1, the lines themselves, dark on white"] > 0.85
    assert found["edge F1, one mean colour"] == 0
    assert found["edge F1, another drawing's original"] < 0.5
    assert values(edge_trial(bench(white), pack().held_out, 4))["edge F1, results"] == 0


def test_drawings_carry_no_color(bench) -> None:
    seen = []
    color_trial(bench(lambda request: (seen.append(request), white(request))[1]), pack())
    by_lines = {request.edges.pixels.tobytes() for request in seen}
    assert len(seen) == 10 * len(by_lines)  # the ten words share a drawing of each thing
    assert not any("red apple" in request.prompt and "a red apple" not in request.prompt for request in seen)


def test_color_words_obeyed(bench) -> None:
    assert values(color_trial(bench(first_color), pack()))["colour words obeyed"] == 1
    found = values(color_trial(bench(white), pack()))
    assert found["colour words obeyed"] == pytest.approx(0.1)
    assert found["  white"] == 1 and found["  red"] == 0


def test_usual_colors(bench) -> None:
    cases = [make_case([thing], 700 + i, 128, color=None, alone=True) for i, thing in enumerate(pack().training)]
    originals = {case.lines.tobytes(): case.original for case in cases}
    right = usual_trial(bench(lambda request: originals[request.edges.pixels.tobytes()]), pack(), 2)
    wrong = usual_trial(bench(lambda request: 255 - originals[request.edges.pixels.tobytes()]), pack(), 2)
    assert right.figures[0].value == 1 and wrong.figures[0].value < 1


def test_styles_worn(bench, styles) -> None:
    def own(request: GenerationRequest) -> np.ndarray:
        return read_reference(request.styles.parts[0][0])

    name = "style: nearest its own reference of 8 (chance 0.125)"
    assert values(style_trial(bench(own), pack(), styles[:9], 9))[name] == 1
    assert values(style_trial(bench(white), pack(), styles[:9], 9))[name] < 0.4


def test_controls_that_do_nothing_are_found_out(bench, styles) -> None:
    idle = control_trial(bench(white), pack(), styles, 1).figures
    assert all(line.value == 0 and "MISSED" in str(line) for line in idle)
    busy = control_trial(bench(noise), pack(), styles, 1).figures
    assert len(busy) == 8 and all("met" in str(line) for line in busy)


def test_diversity(bench) -> None:
    assert seed_trial(bench(white), pack(), 2).figures[0].value == 0
    assert seed_trial(bench(noise), pack(), 2).figures[0].value > 0.3


def test_requests_use_the_defaults_that_were_set(bench, styles) -> None:
    seen: list[GenerationRequest] = []
    profile = adjusted(POCKET, ["guidance_scale=5.5", "num_inference_steps=7"])
    edge_trial(Bench(lambda request: (seen.append(request), white(request))[1], profile, StyleMix.of(styles[0])),
               pack().held_out, 1)
    assert (seen[0].guidance_scale, seen[0].num_inference_steps) == (5.5, 7)


def test_sheets_show_what_was_drawn(bench, styles, tmp_path: Path) -> None:
    outcomes = evaluate(bench(noise), pack(), styles, 4, ("edges", "colors", "controls"))
    save_sheets(outcomes, tmp_path / "sheet.png")
    assert {path.name for path in tmp_path.iterdir()} == {"sheet-edges.png", "sheet-colors.png"}
    with Image.open(tmp_path / "sheet-colors.png") as sheet:
        assert sheet.width > 11 * 128 and len(sheet.getcolors(1 << 24) or []) > 1000


def write_pack(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        entries = []
        for thing in pack().things:
            data = io.BytesIO()
            Image.fromarray(thing.pictures[0]).save(data, "PNG")
            archive.writestr(f"{thing.name}.png", data.getvalue())
            entries.append({"name": thing.name, "words": thing.words, "category": thing.category,
                            "held_out": thing.held_out, "files": [f"{thing.name}.png"], "hands": thing.hands})
        archive.writestr("things.json", json.dumps(entries))
    return path


def test_the_command_measures_a_real_folder_of_weights(
    pocket_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An untrained model, through the real engine: every figure is there, and none looks good."""
    small_pack = write_pack(tmp_path / "pack.zip")
    main(["--weights", str(pocket_folder), "--pack", str(small_pack), "--count", "3", "--style", "sketch", "--only",
          "edges", "seeds", "--set", "num_inference_steps=2", "--json", str(tmp_path / "report.json")])
    report = {line["name"]: line for line in json.loads((tmp_path / "report.json").read_text())["figures"]}
    assert report["edge F1, results"]["value"] < 0.5 < report["edge F1, originals (sanity)"]["value"]
    assert report["milliseconds per picture"]["value"] > 1
    assert "edge F1, results" in capsys.readouterr().out


def test_every_trial_can_be_asked_for() -> None:
    assert set(NAMES) == {"edges", "colors", "usual", "styles", "controls", "seeds"}
