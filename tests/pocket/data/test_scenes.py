import numpy as np
import pytest

from pipeline.pocket.data.colors import COLORS, measure_color_share
from pipeline.pocket.data.scenes import add_article, compose_picture, remove_color_words, shorten_caption
from tests.tools.sample_things import make_things

pytestmark = pytest.mark.slow

SEEDS = range(60)


def made(seed: int, **options):
    return compose_picture(make_things(), np.random.default_rng(seed), **options)


def test_a_picture_is_a_pure_function_of_its_seed() -> None:
    one, again, other = made(3), made(3), made(4)
    assert np.array_equal(one.image, again.image) and one.caption == again.caption
    assert not np.array_equal(one.image, other.image)


@pytest.mark.parametrize("side", [64, 128, 192])
def test_pictures_are_whole_and_captions_short(side: int) -> None:
    for seed in SEEDS:
        picture = made(seed, side=side)
        assert picture.image.shape == (side, side, 3) and picture.image.dtype == np.float32
        assert np.isfinite(picture.image).all() and picture.image.min() >= 0 and picture.image.max() <= 1
        assert picture.subject_mask.shape == (side, side) and picture.subject_mask.dtype == bool
        assert 0.02 < picture.subject_mask.mean() < 0.9
        assert 1 <= len(picture.caption.split()) <= 20
        assert picture.names[0] in picture.caption


def test_a_color_word_stands_in_the_caption_and_on_the_thing() -> None:
    worded = [picture for picture in map(made, range(200)) if picture.color]
    assert 80 <= len(worded) <= 150
    for picture in worded:
        name = picture.names[0]
        assert f"{picture.color} {name}" in picture.caption or f"{name}, {picture.color}" in picture.caption
    shares = [
        measure_color_share(picture.color, picture.image[picture.subject_mask]) for picture in worded if picture.color
    ]
    assert np.mean(shares) > 0.75 and np.mean(np.array(shares) > 0.5) > 0.97


@pytest.mark.parametrize("word", COLORS)
def test_a_color_can_be_asked_for(word: str) -> None:
    picture = made(1, color=word, alone=True)
    assert picture.color == word and word in picture.caption


def test_without_a_word_a_thing_keeps_its_own_color() -> None:
    apple = make_things()[0]
    picture = compose_picture([apple], np.random.default_rng(5), color=None, alone=True)
    assert picture.color is None and picture.subject is apple
    assert measure_color_share("red", picture.image[picture.subject_mask]) > 0.6


def test_alone_is_one_thing_before_one_tone() -> None:
    for seed in SEEDS:
        picture = made(seed, alone=True)
        assert len(picture.names) == 1
        assert picture.image[:3].std(axis=1).max() < 0.2


def test_company_is_there_in_about_a_third() -> None:
    assert 0.2 < np.mean([len(made(seed).names) > 1 for seed in range(200)]) < 0.5


def test_the_subject_stands_out_from_its_ground() -> None:
    import cv2

    contrast = []
    for seed in SEEDS:
        picture = made(seed)
        mask = picture.subject_mask.astype(np.uint8)
        outside = cv2.dilate(mask, np.ones((7, 7))) - mask
        difference = np.abs(picture.image[mask > 0].mean(0) - picture.image[outside > 0].mean(0)).max()
        contrast.append(difference)
    assert np.mean(np.array(contrast) > 0.1) > 0.9


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one thing"):
        compose_picture([], np.random.default_rng(0))
    with pytest.raises(ValueError, match="mauve"):
        made(0, color="mauve")


def test_words_of_captions() -> None:
    assert remove_color_words("green apple") == "apple" and remove_color_words("orange") == "orange"
    assert add_article("owl") == "an owl" and add_article("grapes") == "grapes" and add_article("bus") == "a bus"
    assert shorten_caption(" ".join("abcdefghijklmnopqrstuvwxyz")) == " ".join("abcdefghijklmnopqrst")
