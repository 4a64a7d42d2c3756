"""The autoencoder's trial: an exact copy loses nothing, a blind one loses it all, and the real one runs."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from pipeline.models.catalog import POCKET
from pipeline.pocket.evaluate.autoencoder_trials import DECODE_RUNS, WARM_UP_RUNS, Copier, run_autoencoder_trial
from pipeline.pocket.evaluate.measures import Pixels
from tests.tools.draw_functions import STYLES, read_values
from tests.tools.sample_things import make_pack

pytestmark = pytest.mark.usefixtures("one_thread")
SIDE = 128


class Mirror(Copier):
    """Gives back what it was given, after a change."""

    def __init__(self, blind: bool) -> None:
        self._blind = blind

    def __call__(self, picture: Pixels) -> Pixels:
        return np.full_like(picture, 128) if self._blind else picture

    def time_decoding(self, picture: Pixels) -> list[float]:
        return [1.0]


def test_an_exact_copy_loses_nothing_and_a_blind_one_all() -> None:
    exact = read_values(run_autoencoder_trial(make_pack(), STYLES[:9], SIDE, 9, Mirror(blind=False)))
    blind = read_values(run_autoencoder_trial(make_pack(), STYLES[:9], SIDE, 9, Mirror(blind=True)))
    decibels, lines, worn, true, _ = exact
    assert exact[decibels] == 100 and exact[lines] == 1 and exact[worn] == exact[true] > 0.6
    assert blind[decibels] < 20 and blind[lines] == 0 and blind[worn] < 0.4 and blind[true] == exact[true]


def test_the_shipped_autoencoder_is_measured_as_it_decodes() -> None:
    copier = Copier(POCKET.home / "vae")
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:, 24:] = (250, 60, 20)
    copied = copier(picture)
    assert copied.shape == picture.shape and copied.dtype == np.uint8
    flat = np.full_like(picture, picture.mean())
    assert peak_signal_noise_ratio(picture, copied) > peak_signal_noise_ratio(picture, flat) + 3
    taken = copier.time_decoding(picture)
    assert len(taken) == DECODE_RUNS - WARM_UP_RUNS and min(taken) > 0
