from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.vector_pack import VectorPack
from pipeline.pocket.evaluate import style_trials
from pipeline.pocket.evaluate.bench import read_style_reference
from pipeline.pocket.evaluate.measures import LookMeasure
from pipeline.pocket.evaluate.painter_trials import OTHERS
from pipeline.pocket.evaluate.style_trials import Looks, choose_shelf, run_style_trial
from pipeline.pocket.evaluate.unseen import UNSEEN, make_unseen_references
from pipeline.values import GenerationRequest
from tests.pocket.evaluate.test_region_trials import make_vector_pack
from tests.tools.draw_functions import STYLES, draw_white, make_bench, read_values, record_requests

pytestmark = pytest.mark.slow

NAME = "style: results, nearest own reference of 8 (chance 0.125)"
STRANGE = "style, unseen families by image alone (chance 0.125)"
NINE = STYLES[:9]


@pytest.fixture(scope="module")
def pack() -> VectorPack:
    """Things by two artists, half of them held out."""
    made = make_vector_pack()
    return replace(made, held_out=np.arange(len(made.names)) % 4 < 2)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare looks by their bare statistics: what is fitted is tested beside the painters."""

    def fit(cls: type[Looks], pack: VectorPack, styles: list, side: int) -> Looks:
        library = {style.id: read_style_reference(style, side) for style in styles}
        strange = make_unseen_references(side)
        return cls(library, strange, LookMeasure.standardise([*library.values(), *strange.values()]))

    monkeypatch.setattr(Looks, "fit", classmethod(fit))


def own(request: GenerationRequest) -> np.ndarray:
    """The reference itself."""
    return read_style_reference(request.styles.parts[0][0])


def test_styles_worn(tmp_path: Path, pack: VectorPack) -> None:
    found = read_values(run_style_trial(make_bench(own, tmp_path), pack, NINE, 9))
    assert found[NAME] == found["the reference given as a person's own picture"] == found[STRANGE] == 1
    painters = found["style: painters on true pictures, nearest own reference of 8"]
    assert found["results less painters, picture by picture"] == pytest.approx(1 - painters)
    assert found["edge F1, strokes, 2 px at 256, results in all styles"] < 0.6  # a reference shows another drawing
    bad = run_style_trial(make_bench(draw_white, tmp_path), pack, NINE, 9)
    assert read_values(bad)[NAME] < 0.4 and read_values(bad)[STRANGE] < 0.6
    assert any(line.name.startswith("    missed: ") for line in bad.figures)


def test_unseen_families_are_asked_for_by_their_picture_alone(tmp_path: Path, pack: VectorPack) -> None:
    seen: list[GenerationRequest] = []
    looks = Looks.fit(pack, list(NINE), 128)
    bench = make_bench(record_requests(own, seen), tmp_path)
    figures, strips = style_trials.try_strange(bench, pack, looks, len(UNSEEN))
    assert figures[0].value == 1 and figures[0].bars == (0.65,) and len(strips) == len(UNSEEN)
    worn = {read_style_reference(request.styles.parts[0][0]).tobytes() for request in seen}
    assert worn == {pixels.tobytes() for pixels in make_unseen_references(128).values()}
    assert all(
        request.styled_prompt.written == request.prompt.text and request.conditioning.ip_adapter_scale == 1
        for request in seen
    )


def test_results_and_painters_are_given_the_same_drawing(tmp_path: Path, pack: VectorPack) -> None:
    seen: list[GenerationRequest] = []
    run_style_trial(make_bench(record_requests(own, seen), tmp_path), pack, NINE, 4)
    asked = {request.edges.pixels.tobytes() for request in seen[:8]}
    assert len(asked) == 4  # in the style, and with its reference as a person's picture
    assert all(request.colours is not None and request.prompt.text for request in seen)


def test_a_shelf_holds_the_own_style_first_and_others_once() -> None:
    names = [style.id for style in STYLES]
    shelf = choose_shelf("mosaic", names, np.random.default_rng(0))
    assert shelf[0] == "mosaic" and len(set(shelf)) == len(shelf) == 1 + OTHERS
    assert len(choose_shelf(names[0], names[:3], np.random.default_rng(0))) == 3
