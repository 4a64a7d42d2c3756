import cv2
import numpy as np

from pipeline.colours.enclosed import EVIDENCE, UNITS, EnclosedGround
from pipeline.colours.word_regions import SHAPES, WordRegions


def draw_house() -> np.ndarray:
    """Draw a wall, a door and a roof, (256, 256) white on black."""
    lines = np.zeros((256, 256), np.uint8)
    cv2.rectangle(lines, (60, 100), (200, 230), 255, 1)
    cv2.rectangle(lines, (110, 160), (150, 230), 255, 1)
    cv2.polylines(lines, [np.array([[50, 100], [130, 30], [210, 100]])], True, 255, 1)
    return lines


def make_enclosed_ground(bias: float) -> EnclosedGround:
    """Make one that takes every region for ground, or none, whatever the evidence."""
    units, weights = np.zeros((UNITS, EVIDENCE), np.float32), np.zeros(UNITS, np.float32)
    return EnclosedGround(units, weights.copy(), weights, np.float32(bias))


def make_word_regions(follows: float = 0.0, bias: float = 0.0) -> WordRegions:
    """Make one that asks only how far a region follows a word."""
    arrays = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    return WordRegions(**{**arrays, "follows": np.float32(follows), "bias": np.float32(bias)})
