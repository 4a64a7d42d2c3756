import cv2
import numpy as np
import pytest

from pipeline.pocket.evaluate.measures import (
    LookMeasure,
    compute_edge_f1,
    is_color_obeyed,
    measure_difference,
    read_lines,
    score_nearness,
    summarise_grouped,
    summarise_mean,
    summarise_median,
    summarise_share,
)

pytestmark = pytest.mark.slow


def test_what_belongs_together_is_resampled_whole() -> None:
    alike = [[1.0] * 10] * 9 + [[0.0] * 10]  # of ten drawings one misses all its words
    whole = summarise_grouped("words", alike, 0.97)
    each = summarise_mean("words", [hit for group in alike for hit in group])
    assert whole.value == each.value == 0.9 and (whole.count, whole.groups, each.groups) == (100, 10, 0)
    assert whole.low < each.low - 0.1 and "n=100 in 10   bar 0.97 MISSED" in str(whole)
    uneven = summarise_grouped("areas", [[1.0], [], [0.0, 0.0, 0.0]])
    assert uneven.value == 0.25 and (uneven.count, uneven.groups) == (4, 2)
    alone = [[float(n % 3 > 0)] for n in range(60)]
    assert summarise_grouped("x", alone).low == summarise_mean("x", [one[0] for one in alone]).low


def lines(seed: int = 0) -> np.ndarray:
    rng, drawn = np.random.default_rng(seed), np.zeros((128, 128), np.uint8)
    for _ in range(4):
        x, y = rng.integers(25, 100, 2)
        cv2.circle(drawn, (int(x), int(y)), int(rng.integers(8, 22)), 255, 1)
    return drawn


def shifted(drawn: np.ndarray, by: int) -> np.ndarray:
    return np.roll(drawn, by, axis=1)


def test_edge_f1_of_a_map_with_itself_and_shifted() -> None:
    drawn = lines()
    assert compute_edge_f1(drawn, drawn) == 1
    assert compute_edge_f1(drawn, shifted(drawn, 1)) > 0.99
    assert compute_edge_f1(drawn, shifted(drawn, 2)) > 0.99
    assert compute_edge_f1(drawn, shifted(drawn, 10)) < 0.6
    one = np.zeros((128, 128), np.uint8)
    one[:, 40] = 255
    assert compute_edge_f1(one, shifted(one, 10)) == 0


def test_edge_f1_counts_what_is_missing_and_what_is_too_much() -> None:
    drawn, half = lines(), lines()
    half[64:] = 0
    recall = (half > 0).sum() / (drawn > 0).sum()
    assert compute_edge_f1(drawn, half) == pytest.approx(2 * recall / (1 + recall), abs=0.03)
    assert compute_edge_f1(half, drawn) == pytest.approx(compute_edge_f1(drawn, half))
    assert compute_edge_f1(drawn, np.full_like(drawn, 255)) < 0.35


def test_edge_f1_of_blank_maps() -> None:
    blank = np.zeros((128, 128), np.uint8)
    assert compute_edge_f1(blank, blank) == 1
    assert compute_edge_f1(blank, lines()) == 0 and compute_edge_f1(lines(), blank) == 0
    with pytest.raises(ValueError, match="one shape"):
        compute_edge_f1(blank, blank[:64])


def test_the_tolerance_grows_with_the_picture() -> None:
    one = np.zeros((256, 256), np.uint8)
    one[:, 80] = 255
    assert compute_edge_f1(one, shifted(one, 4)) == 1 and compute_edge_f1(one, shifted(one, 5)) == 0


def test_lines_are_read_where_a_picture_changes() -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    cv2.rectangle(picture, (30, 40), (90, 100), (200, 40, 40), -1)
    given = np.zeros((128, 128), np.uint8)
    cv2.rectangle(given, (30, 40), (90, 100), 255, 1)
    assert compute_edge_f1(given, read_lines(picture)) > 0.98


def test_obeyed_is_the_majority_within_the_mask() -> None:
    picture = np.full((32, 32, 3), (30, 60, 220), np.uint8)
    picture[:, :8] = (220, 20, 20)
    mask = np.zeros((32, 32), bool)
    mask[:, :12] = True
    assert is_color_obeyed("red", picture, mask) and not is_color_obeyed("blue", picture, mask)
    assert is_color_obeyed("blue", picture, ~mask)


def looks() -> list[np.ndarray]:
    """Eight pictures of different palette and texture."""
    made = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 4 + 9 * (seed % 4), (128, 128, 1))
        grain = cv2.GaussianBlur(noise, (0, 0), 0.6 + seed / 3)[..., None]
        made.append(np.clip(rng.uniform(30, 220, 3) + grain, 0, 255).astype(np.uint8))
    return made


def test_a_look_is_nearest_to_itself_however_its_content_lies() -> None:
    references = looks()
    measure = LookMeasure.standardise(references)
    for i, picture in enumerate(references):
        assert measure.measure_distance(picture, picture) == 0
        assert measure.find_nearest(np.ascontiguousarray(picture[::-1, ::-1]), references) == i


def test_looks_count_texture_as_well_as_color() -> None:
    rng = np.random.default_rng(0)
    smooth = np.full((128, 128, 3), 120, np.uint8)
    rough = np.clip(120 + rng.normal(0, 25, (128, 128, 1)) + np.zeros(3), 0, 255).astype(np.uint8)
    rougher = np.clip(130 + rng.normal(0, 25, (128, 128, 1)) + np.zeros(3), 0, 255).astype(np.uint8)
    assert LookMeasure.standardise([smooth, rough, rougher]).find_nearest(rougher, [smooth, rough]) == 1
    with pytest.raises(ValueError, match="at least 2"):
        LookMeasure.standardise([smooth])


def test_a_fitted_measure_learns_what_content_changes_and_what_it_does_not() -> None:
    """Looks here are textures; how light a picture is depends on its content alone."""

    def texture(look: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng([look, seed])
        grain = cv2.GaussianBlur(rng.normal(0, 20, (128, 128)), (0, 0), 0.5 + look / 2)
        return np.repeat(np.clip(rng.uniform(60, 190) + grain, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    references = [texture(look, 0) for look in range(5)]
    taught = [(references[look], [texture(look, seed) for seed in range(1, 9)]) for look in range(5)]
    fitted, plain = LookMeasure.fit(taught, 4), LookMeasure.standardise([p for _, o in taught for p in o])
    tried = [(look, texture(look, seed)) for look in range(5) for seed in range(20, 30)]
    right = [
        [measure.find_nearest(picture, references) == look for look, picture in tried] for measure in (fitted, plain)
    ]
    assert np.mean(right[0]) > 0.9 and np.mean(right[0]) > np.mean(right[1])


def test_figures_hold_their_mean_within_the_interval() -> None:
    found = summarise_mean("share", [0.0, 1.0] * 50, 0.4)
    assert found.value == 0.5 and found.low < 0.45 and found.high > 0.55 and found.low > 0.35
    assert "bar 0.4 met" in str(found) and "MISSED" in str(summarise_mean("share", [0.1], 0.4))
    assert "bar 0.4 met, 0.6 MISSED" in str(summarise_mean("share", [0.5], 0.4, 0.6))
    assert np.isnan(summarise_mean("none", []).value) and summarise_mean("one", [3.0]).low == 3.0


def test_medians_shrug_off_one_slow_picture_and_less_is_better() -> None:
    found = summarise_median("ms", [200.0] * 9 + [9000.0], 700)
    assert (found.value, found.low, found.high) == (200, 200, 200) and "bar 700 met" in str(found)
    assert "bar 100 MISSED" in str(summarise_median("ms", [200.0], 100)) and summarise_median("ms", [1.0]).bars == ()
    assert np.isnan(summarise_median("none", []).value)


def test_shares_are_of_means_drawn_in_pairs() -> None:
    part, whole = [1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]
    found = summarise_share("named", part, whole, 0.65)
    assert (found.value, found.low, found.high) == (1, 1, 1)  # unpaired draws would spread widely
    half = summarise_share("named", [1, 0, 0, 0], [1, 1, 0, 0], 0.65)
    assert half.value == 0.5 and half.low < 0.5 < half.high and "bar 0.65 MISSED" in str(half)
    assert np.isnan(summarise_share("named", [0.0], [0.0]).value) and np.isnan(summarise_share("named", [], []).low)


def test_nearness_counts_the_others_that_are_farther() -> None:
    places = [np.array([0.0]), np.array([4.0]), np.array([10.0])]
    assert score_nearness(np.array([1.0]), places, 0) == 1 and score_nearness(np.array([1.0]), places, 1) == 0.5
    assert score_nearness(np.array([1.0]), places, 2) == 0


def test_mean_difference() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    assert measure_difference(black, black) == 0 and measure_difference(black, black + 255) == 1
