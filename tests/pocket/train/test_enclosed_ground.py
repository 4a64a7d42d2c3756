"""What tells enclosed ground is fitted to what is known of lessons."""

import numpy as np

from pipeline.colours.enclosed import EVIDENCE
from pipeline.pocket.data.part_canvas import SIDE
from pipeline.pocket.train.enclosed_ground import MOSTLY, fit, make_ground_case
from tests.pocket.gates import GateLessons


def test_ground_is_known_above_and_below_the_horizon() -> None:
    case = make_ground_case(GateLessons(), np.random.default_rng(3))  # type: ignore[arg-type]
    shares = dict(zip(case.seen.numbers.tolist(), case.shares.tolist(), strict=True))
    framed, beam = (int(case.regions[int(y * SIDE), SIDE // 2]) for y in (0.6, 0.35))
    assert framed != beam and not case.seen.outside[case.seen.numbers == framed].any()
    assert shares[framed] >= MOSTLY > 0.4 > shares[beam]
    assert case.stage.land > 0 and case.caption


def test_a_fit_tells_what_was_ground_by_what_speaks_for_it() -> None:
    rng = np.random.default_rng(0)
    evidence = rng.normal(0, 1, (16000, EVIDENCE)).astype(np.float32)
    evidence[:, 5] *= 20
    is_ground = 0.1 * evidence[:, 5] + evidence[:, 9] + rng.normal(0, 0.3, 16000) > 1.5
    taken = fit(evidence, is_ground).judge(evidence) > 0.5
    assert (taken == is_ground).mean() > 0.9 and 0.7 < taken.sum() / is_ground.sum() < 1.3
