"""Draw things by code, for tests of the training data that must not need the downloaded pack."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.pocket.data.pack import Pack, Thing

RED, GREEN, WHITE, INK = (214, 60, 40, 255), (70, 150, 60, 255), (250, 250, 250, 255), (20, 18, 22, 255)


def make_blank() -> np.ndarray:
    return np.zeros((128, 128, 4), np.uint8)


def draw_apple() -> np.ndarray:
    """Draw a red ball with a shade, a small green leaf, an inked outline and a white glint."""
    picture = make_blank()
    cv2.circle(picture, (64, 70), 54, INK, -1, cv2.LINE_AA)
    cv2.circle(picture, (64, 70), 50, RED, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (64, 88), (34, 22), 0, 0, 360, (160, 40, 30, 255), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (76, 16), (18, 8), -20, 0, 360, GREEN, -1, cv2.LINE_AA)
    cv2.circle(picture, (46, 50), 7, WHITE, -1, cv2.LINE_AA)
    return picture


def draw_ghost() -> np.ndarray:
    """Draw a ghost, white but for its eyes."""
    picture = make_blank()
    cv2.ellipse(picture, (64, 66), (46, 58), 0, 0, 360, WHITE, -1, cv2.LINE_AA)
    for x in (48, 80):
        cv2.circle(picture, (x, 54), 7, INK, -1, cv2.LINE_AA)
    return picture


def draw_spider() -> np.ndarray:
    """Draw a spider, black all over."""
    picture = make_blank()
    cv2.circle(picture, (64, 64), 34, INK, -1, cv2.LINE_AA)
    for turn in range(8):
        way = np.array((np.cos(turn * np.pi / 4), np.sin(turn * np.pi / 4)))
        end = (np.array((64, 64)) + 60 * way).astype(int)
        cv2.line(picture, (64, 64), (int(end[0]), int(end[1])), INK, 7, cv2.LINE_AA)
    return picture


def draw_house() -> np.ndarray:
    """Draw a yellow wall, a brown roof, a blue door: no one hue carries it."""
    picture = make_blank()
    cv2.rectangle(picture, (20, 56), (108, 124), (240, 210, 110, 255), -1)
    cv2.fillPoly(picture, [np.array(((8, 58), (64, 6), (120, 58)))], (130, 70, 40, 255))
    cv2.rectangle(picture, (52, 84), (76, 124), (60, 100, 200, 255), -1)
    return picture


def make_things() -> tuple[Thing, ...]:
    drawn = (
        ("red apple", ("apple", "fruit"), draw_apple, False),
        ("ghost", (), draw_ghost, True),
        ("spider", ("arachnid",), draw_spider, False),
        ("house", ("home",), draw_house, True),
    )
    return tuple(Thing(name, words, "Objects", held_out, (make(),), ("test",)) for name, words, make, held_out in drawn)


def make_pack() -> Pack:
    return Pack(make_things())
