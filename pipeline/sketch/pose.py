"""Find people and their poses in a drawing or photograph (BlazePose, Bazarevsky et al. 2020, arXiv:2006.10204).

The two networks are those inside the wheel of mediapipe 0.10.14 (Apache-2.0), run by LiteRT without the rest of it; how
their numbers are read follows mediapipe's graphs pose_detection and pose_landmark.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError, phrase
from pipeline.sketch.skeleton import Person, count_seen

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

NETWORKS = (
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
)
RUNTIME = "ai-edge-litert"  # package that runs .tflite files

DETECTOR_SIDE, LANDMARK_SIDE = 224, 256  # px
STRIDES = ((8, 2), (16, 2), (32, 6))  # px, anchors at each place
SURE = 0.5  # that there is a person at all
OVERLAP = 0.3  # share of two boxes above which they are one person
MOST_PEOPLE = 6
LEAST_POINTS = 6  # of a person's 18; fewer make no pose
ROOM = 1.25  # times the circle around a person
NO_RUNTIME = phrase("Reading poses needs LiteRT. Run: pip install {package}")
# OpenPose's points in BlazePose's numbering; the neck is the middle of the shoulders
BLAZE = (0, -1, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)


@dataclass(frozen=True)
class Candidate:
    """Candidate is a person as the detector sees them, in px of the picture."""

    score: float  # [0, 1]
    box: tuple[float, float, float, float]  # left, top, right, bottom
    hips: tuple[float, float]  # the middle between them
    rim: tuple[float, float]  # a point above, on the circle around the whole person


class PoseReader:
    """PoseReader finds people's poses; its networks are read once."""

    def __init__(self, folder: Path) -> None:
        """Read the networks from `folder`, where they lie as in mediapipe's wheel. Raises ModelError without LiteRT."""
        self._detector, self._landmarks = (open_network(folder / name) for name in NETWORKS)

    def find_people(self, pixels: Pixels) -> list[Person]:
        """Return the people in a picture (H, W, 3) RGB, the surest first; none where nobody was found."""
        people = []
        for candidate in self._detect(pixels):
            person = self._locate_points(pixels, candidate)
            if person is not None and count_seen(person) >= LEAST_POINTS:
                people.append(person)
        return people

    def _detect(self, pixels: Pixels) -> list[Candidate]:
        """Return where people are, the surest first, each once."""
        height, width = pixels.shape[:2]
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        left, top = (side - width) // 2, (side - height) // 2
        square[top : top + height, left : left + width] = pixels
        small = cv2.resize(square, (DETECTOR_SIDE, DETECTOR_SIDE), interpolation=cv2.INTER_AREA)
        outputs = run_network(self._detector, small.astype(np.float32) / 127.5 - 1)
        places, scores = outputs["Identity"][0], squash(outputs["Identity_1"][0, :, 0])
        return keep_apart(
            make_candidate(places[at], ANCHORS[at], float(scores[at]), side, (left, top))
            for at in np.argsort(-scores)
            if scores[at] >= SURE
        )

    def _locate_points(self, pixels: Pixels, candidate: Candidate) -> Person | None:
        """Return a person's points in the picture; None where there is nobody after all."""
        to_picture = turn_upright(candidate)
        crop = cv2.warpAffine(
            pixels, to_picture, (LANDMARK_SIDE, LANDMARK_SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        outputs = run_network(self._landmarks, crop.astype(np.float32) / 255)
        if float(outputs["Identity_1"][0, 0]) < SURE:
            return None
        points = outputs["Identity"].reshape(39, 5)
        placed = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        seen = squash(points[:, 3:5].min(axis=1))
        inside = ((placed >= 0) & (placed < pixels.shape[1::-1])).all(axis=1)
        return take_openpose_points(np.column_stack([placed, seen * inside]).astype(np.float32))


def take_openpose_points(points: Floats) -> Person:
    """Return OpenPose's 18 points of BlazePose's (x, y, how sure)."""
    person = points[list(BLAZE)]
    shoulders = points[[11, 12]]
    person[1] = (*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min())
    return np.asarray(person, np.float32)


def squash(values: Floats) -> Floats:
    """Return the logistic function of values, each in [0, 1]."""
    return np.asarray(1 / (1 + np.exp(-values.clip(-80, 80))), np.float32)


def list_anchors() -> Floats:
    """List the detector's anchors (n, 2), in shares of its square: the middles of the cells of three grids."""
    rows = []
    for stride, count in STRIDES:
        cells = DETECTOR_SIDE // stride
        middles = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        down, across = np.meshgrid(middles, middles, indexing="ij")
        rows.append(np.repeat(np.stack([across, down], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(rows)


ANCHORS = list_anchors()


def make_candidate(place: Floats, anchor: Floats, score: float, side: int, corner: tuple[int, int]) -> Candidate:
    """Read one row of the detector's output: a box and points around an anchor, in px of the square of `side` px."""
    points = (place.reshape(-1, 2) / DETECTOR_SIDE) * side
    middle = points[0] + anchor * side - corner
    half = points[1] / 2
    hips, rim = (points[at] + anchor * side - corner for at in (2, 3))
    box = (*(middle - half), *(middle + half))
    left, top, right, bottom = map(float, box)
    return Candidate(
        score, (left, top, right, bottom), (float(hips[0]), float(hips[1])), (float(rim[0]), float(rim[1]))
    )


def keep_apart(candidates: Iterator[Candidate]) -> list[Candidate]:
    """Keep the surest of candidates whose boxes overlap."""
    kept: list[Candidate] = []
    for each in candidates:
        if len(kept) < MOST_PEOPLE and all(measure_overlap(each.box, other.box) < OVERLAP for other in kept):
            kept.append(each)
    return kept


def measure_overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the shared area of two boxes as a share of all that they cover."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across * down / (sum(areas) - across * down)


def turn_upright(candidate: Candidate) -> NDArray[np.float64]:
    """Return the affine map (2, 3) from the landmark network's square to the picture: the person upright in it."""
    (x, y), (rim_x, rim_y) = candidate.hips, candidate.rim
    size = 2 * ROOM * max(float(np.hypot(rim_x - x, rim_y - y)), 1.0)
    angle = np.pi / 2 - np.arctan2(y - rim_y, rim_x - x)
    scale, cosine, sine = size / LANDMARK_SIDE, np.cos(angle), np.sin(angle)
    turn = scale * np.array([[cosine, -sine], [sine, cosine]])
    middle = np.array([x, y]) - turn @ np.full(2, LANDMARK_SIDE / 2)
    return np.column_stack([turn, middle])


def open_network(file: Path) -> Any:
    """Open a .tflite file. Raises ModelError where LiteRT is not installed."""
    try:
        interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError as error:
        raise ModelError(NO_RUNTIME.format(package=RUNTIME)) from error
    network = interpreter(str(file), num_threads=2)
    network.allocate_tensors()
    return network


def run_network(network: Any, pixels: Floats) -> dict[str, Floats]:
    """Run a network on one picture (H, W, 3); return its outputs by their names."""
    network.set_tensor(network.get_input_details()[0]["index"], np.ascontiguousarray(pixels[None]))
    network.invoke()
    return {each["name"]: network.get_tensor(each["index"]) for each in network.get_output_details()}


def describe_doubt(people: list[Person]) -> str | None:
    """Say what is doubtful about the poses that were found, in words for the page; None where nothing is."""
    if not people:
        return "Nobody was found in your drawing, so no pose could be read."
    unseen = [18 - count_seen(person) for person in people]
    if max(unseen) > 9:
        return (
            f"Of a person in your drawing only {18 - max(unseen)} of 18 joints were found: look whether the pose fits."
        )
    return None
