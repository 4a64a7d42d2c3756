"""People are found in photographs, drawn as OpenPose's skeletons, and nobody is told as nobody."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.models.controlnets import POSES
from pipeline.models.hub_cache import find_cached_revision, snapshot_folder
from pipeline.sketch.pose import (
    ANCHORS,
    NETWORKS,
    Candidate,
    PoseReader,
    describe_doubt,
    keep_apart,
    make_candidate,
    measure_overlap,
    take_openpose_points,
    turn_upright,
)
from pipeline.sketch.skeleton import COLOURS, LIMBS, POINTS, count_seen, draw_skeletons

FOLDER = snapshot_folder(POSES, str(POSES.revision))
needs_networks = pytest.mark.skipif(find_cached_revision(POSES) is None, reason="fetch them in Settings")


def stand(x: float = 100, y: float = 20, size: float = 10, seen: float = 1.0) -> np.ndarray:
    """A person upright, in px."""
    places = {
        **{"nose": (0, 0), "neck": (0, 2), "right shoulder": (-2, 2), "right elbow": (-3, 4), "right wrist": (-3, 6)},
        **{"left shoulder": (2, 2), "left elbow": (3, 4), "left wrist": (3, 6), "right hip": (-1, 7)},
        **{"right knee": (-1, 10), "right ankle": (-1, 13), "left hip": (1, 7), "left knee": (1, 10)},
        **{"left ankle": (1, 13), "right eye": (-0.4, -0.4), "left eye": (0.4, -0.4)},
        **{"right ear": (-1, 0), "left ear": (1, 0)},
    }
    return np.array([(x + size * places[p][0], y + size * places[p][1], seen) for p in POINTS], np.float32)


def test_a_skeleton_has_openposes_points_limbs_and_colours() -> None:
    assert len(POINTS) == len(COLOURS) == 18 and len(LIMBS) == 17
    drawn = draw_skeletons([stand()], 200, 200)
    assert drawn.shape == (200, 200, 3)
    person = stand()
    for point, colour in enumerate(COLOURS):
        x, y = person[point, :2].astype(int)
        assert tuple(drawn[y, x]) == colour, POINTS[point]
    shin = drawn[135, 90]  # between right knee and ankle
    assert tuple(shin) == tuple(int(each * 0.6) for each in COLOURS[LIMBS.index((9, 10))])


def test_what_was_not_seen_is_not_drawn() -> None:
    assert not draw_skeletons([stand(seen=0.2)], 200, 200).any() and not draw_skeletons([], 64, 64).any()
    person = stand()
    person[10, 2] = 0.1  # the right ankle: its shin goes with it
    drawn = draw_skeletons([person], 200, 200)
    assert not drawn[130:155, 85:95].any() and drawn[130:155, 105:115].any()
    assert count_seen(person) == 17


def test_doubt_is_told() -> None:
    assert "Nobody was found" in describe_doubt([])
    half = stand()
    half[8:14, 2] = half[2:8:2, 2] = half[17, 2] = 0
    assert "only 8 of 18 joints" in describe_doubt([half])
    assert describe_doubt([stand()]) is None


def test_blazepose_points_become_openposes() -> None:
    points = np.zeros((39, 3), np.float32)
    points[:, 0] = np.arange(39)
    points[11], points[12] = (10, 0, 0.9), (20, 4, 0.6)
    person = take_openpose_points(points)
    assert person[0, 0] == 0 and person[4, 0] == 16 and person[13, 0] == 27 and person[14, 0] == 5
    assert person[1] == pytest.approx((15, 2, 0.6))


def test_anchors_are_the_cells_of_three_grids() -> None:
    assert ANCHORS.shape == (2254, 2)
    assert ANCHORS[0] == pytest.approx((0.5 / 28, 0.5 / 28)) and ANCHORS[-1] == pytest.approx((6.5 / 7, 6.5 / 7))


def test_a_candidate_is_read_around_its_anchor() -> None:
    row = np.array([0, 0, 112, 56, 0, 22.4, 0, -44.8, 0, 0, 0, 0], np.float32)
    found = make_candidate(row, np.array([0.5, 0.5], np.float32), 0.9, 448, (0, 100))
    assert found.box == pytest.approx((112, 68, 336, 180))
    assert found.hips == pytest.approx((224, 168.8)) and found.rim == pytest.approx((224, 34.4))


def test_one_person_is_one_person() -> None:
    people = [Candidate(0.9, (0, 0, 10, 10), (5, 5), (5, 0)), Candidate(0.8, (1, 1, 10, 10), (5, 5), (5, 0))]
    other = Candidate(0.7, (20, 0, 30, 10), (25, 5), (25, 0))
    assert keep_apart(iter([*people, other])) == [people[0], other]
    assert (
        measure_overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
        and measure_overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0.0
    )


@pytest.mark.parametrize(("rim", "up"), [((50.0, 10.0), (0, -1)), ((90.0, 50.0), (1, 0)), ((50.0, 90.0), (0, 1))])
def test_a_person_is_turned_upright(rim, up) -> None:
    turn = turn_upright(Candidate(1.0, (0, 0, 1, 1), (50.0, 50.0), rim))
    middle, top = (turn[:, :2] @ np.array(point) + turn[:, 2] for point in ((128, 128), (128, 0)))
    assert middle == pytest.approx((50, 50)) and (top - middle) / 50 == pytest.approx(up, abs=1e-6)


def test_without_litert_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ModelError, match=r"Run: pip install ai-edge-litert$"):
        PoseReader(tmp_path)


def test_the_networks_are_those_of_the_catalog() -> None:
    assert tuple(file.path for file in POSES.files) == NETWORKS


@needs_networks
def test_a_person_of_a_photograph_is_found_where_she_is() -> None:
    import skimage.data

    reader, photograph = PoseReader(FOLDER), skimage.data.astronaut()
    (person,) = reader.find_people(photograph)
    assert np.hypot(*(person[0, :2] - (220, 122))) < 15, "her nose"
    assert person[2, 0] < person[1, 0] < person[5, 0], "her right shoulder is on our left"
    assert person[10, 2] < 0.5, "her feet are not in the picture"
    (mirrored,) = reader.find_people(np.ascontiguousarray(photograph[:, ::-1]))
    assert np.hypot(*(mirrored[0, :2] - (512 - 220, 122))) < 20


@needs_networks
def test_nobody_is_found_where_nobody_is() -> None:
    import skimage.data

    reader = PoseReader(FOLDER)
    for picture in (np.full((300, 400, 3), 255, np.uint8), skimage.data.coffee(), skimage.data.cat()):
        assert reader.find_people(picture) == []
