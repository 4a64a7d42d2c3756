"""A lesson of which it is known what is ground: a gate before a horizon, through which sky and land are seen."""

from __future__ import annotations

import numpy as np

from pipeline.pocket.data.part_canvas import SIDE, Rng
from pipeline.pocket.data.places import Place
from pipeline.pocket.data.stage import Stage

LAND = np.array([0.5, 0.8, 0.4], np.float32)


class GateLessons:
    """GateLessons composes nothing else, as a `Curriculum` does."""

    def compose(self, rng: Rng) -> Stage:
        stage = Stage(rng, Place(np.ones((SIDE, SIDE, 3), np.float32), "", "", 0.7, LAND))
        stage.phrases = ["a gate"]
        stage.draw_ground()
        for left, top, right, bottom in ((0.2, 0.3, 0.8, 0.4), (0.2, 0.4, 0.35, 0.9), (0.65, 0.4, 0.8, 0.9)):
            stage.canvas.fill([(left, top), (right, top), (right, bottom), (left, bottom)], (0.7, 0.2, 0.2))
        stage.canvas.fill([(0.2, 0.85), (0.8, 0.85), (0.8, 0.9), (0.2, 0.9)], (0.7, 0.2, 0.2))
        return stage
