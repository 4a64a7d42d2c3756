"""A colour word has the regions that follow it and look like what it stands before."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.colours.palette import WIDTH as PHRASE
from pipeline.colours.region_features import PLACES, read_features
from pipeline.colours.region_network import WIDTH
from pipeline.colours.regions import find_regions
from pipeline.colours.word_regions import (
    EVIDENCE,
    LEAST,
    SURE,
    gather_evidence,
    load_word_regions,
    measure_rims,
    save_word_regions,
    share_regions,
)
from tests.colours.drawings import draw_house, make_word_regions

INNER = np.ones(3, bool)
AREAS = np.array([100, 60, 40])
PARTS = (False, False)  # words for parts, none for all of the thing


def test_what_follows_a_word_is_likelier_meant() -> None:
    follow = np.array([[4.0, 0.0], [0.0, 4.0]], np.float32)
    likely = make_word_regions(follows=1.0, bias=-1.0).estimate(
        follow, np.zeros((2, PHRASE), np.float32), np.zeros((2, EVIDENCE), np.float32)
    )
    assert likely.shape == (3, 2) and np.allclose(likely.sum(0), 1)
    assert likely[0, 0] == pytest.approx(np.exp(3) / (np.exp(3) + np.exp(-1) + 1), abs=1e-4)
    assert np.allclose(likely[1], likely[0, ::-1])


def test_a_phrase_means_what_is_of_its_kind_whatever_follows() -> None:
    meant = make_word_regions(follows=0.5, bias=-3.0)
    meant.units[7, 2], meant.thresholds[7], meant.forms[1, 7], meant.meanings[1, 5] = 2.0, 1.0, 4.0, 3.0
    evidence = np.zeros((2, EVIDENCE), np.float32)
    evidence[0, 2] = 1.0
    phrases = np.zeros((2, PHRASE), np.float32)
    phrases[0, 5], phrases[1, 6] = 1.0, 1.0
    likely = meant.estimate(np.array([[0.0, 2.0], [2.0, 0.0]], np.float32), phrases, evidence)
    assert likely[0, 0] > 0.99 and max(likely[0, 1], *likely[1]) < 0.2


def test_a_region_goes_to_the_likeliest_word_and_eyes_keep_their_own() -> None:
    chances = np.array([[0.8, 0.1, 0.1], [0.1, SURE + 0.01, 0.1], [0.1, 0.59, 0.8]], np.float32)
    assert share_regions(chances, INNER, AREAS, PARTS).tolist() == [0, 1, -1]
    assert share_regions(chances, np.array([False, True, True]), AREAS, PARTS).tolist() == [-1, 1, 0]


def test_a_word_that_nothing_means_for_sure_has_the_likeliest_of_what_is_left() -> None:
    chances = np.array([[0.9, 0.0, 0.0], [0.2, LEAST + 0.05, 0.02], [0.0, 0.85, 0.98]], np.float32)
    assert share_regions(chances, INNER, AREAS, PARTS).tolist() == [0, 1, -1]
    chances[1, 1] = LEAST - 0.05
    assert share_regions(chances, INNER, AREAS, PARTS).tolist() == [0, -1, -1]
    assert share_regions(np.zeros((3, 0), np.float32), np.zeros(0, bool), np.zeros(0, np.int64), PARTS).tolist() == []


def test_a_word_for_all_of_a_thing_that_finds_no_place_has_half_of_it() -> None:
    """An orange bird of which no part is known was orange at its back alone, a quarter of it."""
    chances = np.array([[0.2, 0.17, 0.35], [0.8, 0.83, 0.65]], np.float32)
    assert share_regions(chances, INNER, AREAS, (True,)).tolist() == [0, -1, 0]
    assert share_regions(chances, INNER, AREAS, (False,)).tolist() == [-1, -1, 0], "an orange beak is no more"
    surely = np.array([[0.2, 0.17, 0.9], [0.8, 0.83, 0.1]], np.float32)
    assert share_regions(surely, INNER, AREAS, (True,)).tolist() == [-1, -1, 0], "a blue house's roof stays grey"
    hardly = np.array([[0.1, 0.12, 0.35], [0.9, 0.88, 0.65]], np.float32)
    assert share_regions(hardly, INNER, AREAS, (True,)).tolist() == [-1, -1, 0]


def test_a_rim_tells_what_lies_around() -> None:
    lines = draw_house()
    cv2.circle(lines, (80, 140), 12, 255, 1)
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    rims = dict(zip(seen.numbers.tolist(), measure_rims(regions, seen).tolist(), strict=True))
    window, roof = rims[int(regions[140, 80])], rims[int(regions[70, 130])]
    assert window == [1.0, 1.0], "all around is the wall"
    assert 0.5 < roof[0] < 0.9 and roof[1] == 0.0, "most of it is sky"


def test_evidence_is_place_mind_and_rim() -> None:
    regions = find_regions(draw_house())
    seen = read_features(draw_house(), regions)
    minds = np.full((len(seen.numbers), WIDTH), 7, np.float32)
    evidence = gather_evidence(minds, regions, seen)
    assert evidence.shape == (len(seen.numbers), EVIDENCE)
    assert np.array_equal(evidence[:, :PLACES], seen.values[: len(seen.numbers), :PLACES])
    assert (evidence[:, PLACES : PLACES + WIDTH] == 7).all()
    assert np.array_equal(evidence[:, PLACES + WIDTH :], measure_rims(regions, seen))


def test_what_was_fitted_comes_back_equal_and_strange_files_are_refused(tmp_path: Path) -> None:
    meant = make_word_regions(follows=0.5, bias=-2.5)
    meant.meanings[:] = np.linspace(-1, 1, PHRASE)
    save_word_regions(meant, tmp_path / "a.npz")
    read = load_word_regions(tmp_path / "a.npz")
    assert np.allclose(read.meanings, meant.meanings, atol=1e-3) and (read.follows, read.bias) == (0.5, -2.5)
    arrays = dict(np.load(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", **{**arrays, "units": np.ones(3)})
    with pytest.raises(ValueError, match=r"finite units of .* found \(3,\)"):
        load_word_regions(tmp_path / "b.npz")
