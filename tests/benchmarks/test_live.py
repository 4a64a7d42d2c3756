"""The figures of live drawing are read from what the browser noted as they are meant."""

from __future__ import annotations

from tests.benchmarks.live import Figures, list_strokes


def test_there_are_sixty_strokes_on_the_paper() -> None:
    strokes = list_strokes(60)
    assert len(strokes) == 60 and all(len(points) > 0 for points in strokes)
    assert all(-0.2 < x < 1.2 and -0.2 < y < 1.2 for points in strokes for x, y in points)


def test_a_stroke_waits_for_the_first_picture_that_holds_it() -> None:
    noted = {
        "ends": [100.0, 500.0, 900.0],
        "shown": [{"at": 200.0, "sent": 50.0}, {"at": 300.0, "sent": 110.0}, {"at": 800.0, "sent": 520.0}],
        "runs": [],
        "frames": [0.0, 0.0, 16.0, 17.0],
    }
    figures = Figures.read(noted)
    assert figures.waits == [200.0, 300.0, float("inf")]
    assert figures.frames == [16.0, 17.0]


def test_pictures_drawn_at_once_are_counted_and_dropped_ones_are_not() -> None:
    runs = [(0.0, 100.0, 200), (50.0, 150.0, 204), (100.0, 200.0, 200), (150.0, 250.0, 200)]
    noted = {
        "ends": [],
        "shown": [],
        "runs": [{"sent": sent, "done": done, "status": status} for sent, done, status in runs],
        "frames": [],
    }
    figures = Figures.read(noted)
    assert (figures.runs, figures.overlaps) == (3, 1)
