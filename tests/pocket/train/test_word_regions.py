"""What a colour word means is fitted to drawings whose parts are known."""

import numpy as np

from pipeline.colours.palette import WIDTH as PHRASE
from pipeline.colours.word_regions import EVIDENCE
from pipeline.pocket.train.word_regions import HARDLY, MOSTLY, WordLesson, fit, name_regions


def make_lesson(rng: np.random.Generator, count: int = 12) -> WordLesson:
    """Make one of two words: a word means what follows it and is of its kind, one in three is nobody's."""
    kinds, words = rng.integers(0, 3, count), rng.permutation(2)
    evidence = rng.normal(0, 0.3, (count, EVIDENCE)).astype(np.float32)
    evidence[np.arange(count), kinds] += 30  # of any size
    phrases = rng.normal(0, 0.1, (2, PHRASE)).astype(np.float32)
    phrases[np.arange(2), words] += 1
    meant = np.array([np.flatnonzero(words == kind)[0] if kind < 2 else 2 for kind in kinds])
    follow = rng.normal(0, 0.5, (2, count)).astype(np.float32)
    return WordLesson(follow, phrases, evidence, meant, np.ones(count, np.float32))


def test_a_fit_tells_which_kind_a_phrase_means() -> None:
    lessons = [make_lesson(np.random.default_rng(n)) for n in range(300)]
    meant = fit(lessons)
    unseen = [make_lesson(np.random.default_rng(1000 + n)) for n in range(40)]
    right = [(meant.estimate(one.follow, one.phrases, one.evidence).argmax(0) == one.meant).mean() for one in unseen]
    assert np.mean(right) > 0.95
    assert np.array_equal(fit(lessons[:20]).units, fit(lessons[:20]).units)


def test_a_region_is_meant_where_most_of_it_lies_in_the_place_and_in_between_it_is_not_clear() -> None:
    regions = np.repeat(np.array([[1, 2, 3, 4]], np.int32), 10, axis=0)
    places = [np.zeros((10, 4), bool), np.zeros((10, 4), bool)]
    places[0][:, 0], places[1][:7, 1], places[1][:4, 2] = True, True, True
    meant, clear = name_regions(regions, np.array([2, 1, 3, 4], np.int32), places)
    assert meant.tolist() == [1, 0, 2, 2] and clear.tolist() == [True, True, False, True]
    assert HARDLY < 0.4 < MOSTLY < 0.7


def test_what_does_not_count_teaches_nothing() -> None:
    lessons = [make_lesson(np.random.default_rng(n)) for n in range(300)]
    for lesson in lessons:
        lesson.weights[lesson.meant < 2] = 0
    one = lessons[0]
    assert (fit(lessons).estimate(one.follow, one.phrases, one.evidence).argmax(0) == 2).all()
