"""Make photographs of drawings on paper, as phones take them, whose lines are known.

There are kinds of paper, light, pen and desk. A photograph is a pure function of (drawing, kind, seed); the strokes of
the drawing, the canvas's JSON, are the truth.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
Rng = np.random.Generator
SIDE = 768  # px of the photographs' longer side
TRUTH_SIDE = 512  # px at which lines are compared
NEAR = 3.0  # px at TRUTH_SIDE


@dataclass(frozen=True, eq=False)
class PaperPhoto:
    """A photograph (H, W, 3) uint8 and where its lines are: (h, w) bool at TRUTH_SIDE, the sheet upright and whole."""

    pixels: NDArray[np.uint8]
    lines: NDArray[np.bool_]

    def encode(self, quality: int = 88) -> bytes:
        """Return the photograph as a phone's JPEG."""
        file = io.BytesIO()
        Image.fromarray(self.pixels).save(file, "JPEG", quality=quality)
        return file.getvalue()


@dataclass(frozen=True)
class Look:
    """One kind of photograph."""

    paper: tuple[int, int, int] = (246, 244, 240)
    ink: tuple[int, int, int] = (35, 35, 45)
    width: float = 5.0  # px of the pen at 512
    opacity: float = 0.95
    grain: float = 0.0  # how unevenly pencil covers, 0 to 1
    noise: float = 3.0  # of 255
    light: Callable[[int, int, Rng], Field] | None = None
    ruling: str = ""  # "lined", "squared", "dotted"
    desk: bool = False
    fill: str = ""  # "felt", "pencil", "tone"


def light_falls_off(height: int, width: int, rng: Rng) -> Field:
    """Return a lamp in one corner: 1 there, about 0.45 in the other."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    corner = rng.integers(0, 2, 2)
    away = np.hypot(x - corner[0], y - corner[1]) / np.sqrt(2)
    return np.asarray(1 - rng.uniform(0.4, 0.55) * away**1.3, np.float32)


def lie_in_shadow(height: int, width: int, rng: Rng) -> Field:
    """Return the soft shadow of a phone or a hand: a blob 20 to 40 % darker, its rim some 3 to 8 % of the side wide."""
    mask = np.zeros((height, width), np.float32)
    middle = (int(width * rng.uniform(0.3, 0.8)), int(height * rng.uniform(0.4, 0.9)))
    axes = (int(width * rng.uniform(0.25, 0.45)), int(height * rng.uniform(0.3, 0.5)))
    cv2.ellipse(mask, middle, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), max(height, width) * rng.uniform(0.03, 0.08))
    return np.asarray(1 - rng.uniform(0.2, 0.4) * soft, np.float32)


def shine_through_window(height: int, width: int, rng: Rng) -> Field:
    """Return bright panes of a window over a dimmer sheet, with soft rims."""
    mask = np.zeros((height, width), np.float32)
    slant = rng.uniform(-0.3, 0.3) * width
    for left in (0.15, 0.5):
        points = np.array(
            [
                [left * width, 0],
                [(left + 0.28) * width, 0],
                [(left + 0.28) * width + slant, height],
                [left * width + slant, height],
            ]
        )
        cv2.fillPoly(mask, [points.astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), max(height, width) * 0.02)
    return np.asarray(0.68 + 0.3 * soft, np.float32)


LOOKS: Mapping[str, Look] = {
    "white paper": Look(light=light_falls_off),
    "phone's shadow": Look(light=lie_in_shadow),
    "window light": Look(light=shine_through_window),
    "faint pencil": Look(ink=(120, 120, 125), width=3.0, opacity=0.55, grain=0.5, noise=5, light=light_falls_off),
    "faint pencil in shadow": Look(
        ink=(110, 110, 115), width=3.0, opacity=0.6, grain=0.4, noise=4, light=lie_in_shadow
    ),
    "lined": Look(ruling="lined", light=light_falls_off),
    "pencil on lined": Look(ruling="lined", ink=(80, 80, 85), width=3.5, opacity=0.75, grain=0.3, light=lie_in_shadow),
    "squared": Look(ruling="squared", light=light_falls_off),
    "dotted": Look(ruling="dotted"),
    "kraft": Look(paper=(176, 138, 98), light=light_falls_off),
    "white on kraft": Look(paper=(150, 112, 76), ink=(245, 243, 238), light=light_falls_off),
    "black on red": Look(paper=(200, 48, 44), ink=(25, 20, 20)),
    "black on green": Look(paper=(60, 150, 80), ink=(20, 25, 20), light=light_falls_off),
    "black on blue": Look(paper=(60, 100, 200), ink=(15, 15, 25), width=4),
    "white on grey": Look(paper=(130, 130, 130), ink=(250, 250, 250), light=light_falls_off),
    "white on pink": Look(paper=(240, 150, 175), ink=(255, 255, 255)),
    "white on blue": Look(paper=(50, 90, 170), ink=(240, 240, 245), light=light_falls_off),
    "chalk on black": Look(paper=(40, 44, 42), ink=(225, 225, 215), grain=0.3, light=light_falls_off),
    "on a desk": Look(desk=True, light=light_falls_off),
    "pencil on a desk": Look(desk=True, ink=(90, 90, 95), width=3.5, opacity=0.8, grain=0.3, light=lie_in_shadow),
    "felt pen": Look(fill="felt", light=light_falls_off),
    "coloured pencil": Look(fill="pencil"),
    "screentone": Look(fill="tone"),
}


def photograph_drawing(canvas: Mapping[str, Any], kind: str, seed: int = 0) -> PaperPhoto:
    """Return a drawing of the canvas's JSON as a photograph of one of LOOKS. Raises KeyError for another kind."""
    return photograph_look(canvas, LOOKS[kind], np.random.default_rng([seed, sorted(LOOKS).index(kind)]))


def photograph_look(canvas: Mapping[str, Any], look: Look, rng: Rng) -> PaperPhoto:
    """Return a drawing of the canvas's JSON as a photograph that looks like that."""
    scale = SIDE / max(canvas["width"], canvas["height"])
    height, width = round(canvas["height"] * scale), round(canvas["width"] * scale)
    lines = [
        np.array([point[:2] for point in stroke["points"]]) * scale
        for stroke in canvas["strokes"]
        if stroke["tool"] == "pen"
    ]
    sheet = np.full((height, width, 3), look.paper, np.float32)
    if look.ruling:
        rule_paper(sheet, look.ruling, rng)
    if look.fill:
        fill_shapes(sheet, lines, look.fill, rng)
    lay_ink(sheet, lines, look, scale, rng)
    if look.light is not None:
        sheet *= look.light(height, width, rng)[..., None]
    if look.desk:
        sheet = lay_on_desk(sheet, rng)
    sheet = cv2.GaussianBlur(sheet, (0, 0), 0.7)
    sheet += rng.normal(0, look.noise, sheet.shape)
    return PaperPhoto(np.clip(sheet, 0, 255).astype(np.uint8), draw_truth(lines, (height, width)))


def draw_truth(lines: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the centre lines (h, w), one pixel wide at TRUTH_SIDE."""
    scale = TRUTH_SIDE / max(shape)
    truth = np.zeros((round(shape[0] * scale), round(shape[1] * scale)), np.uint8)
    for line in lines:
        cv2.polylines(truth, [np.round(line * scale).astype(np.int32).reshape(-1, 1, 2)], False, 1, 1)
    return truth > 0


def lay_ink(sheet: Field, lines: list[NDArray[np.float64]], look: Look, scale: float, rng: Rng) -> None:
    """Draw the strokes with the look's pen over the sheet (H, W, 3)."""
    cover = np.zeros(sheet.shape[:2], np.uint8)
    for line in lines:
        points = np.round(line * 16).astype(np.int32).reshape(-1, 1, 2)
        thick = max(1, round(look.width * scale * 768 / SIDE))
        cv2.polylines(cover, [points], False, 255, thick, cv2.LINE_AA, 4)
    share = cover.astype(np.float32) / 255 * look.opacity
    if look.grain:
        share *= 1 - look.grain * cv2.GaussianBlur(rng.uniform(0, 1, share.shape).astype(np.float32), (0, 0), 0.8)
    sheet[:] = sheet * (1 - share[..., None]) + np.array(look.ink, np.float32) * share[..., None]


def rule_paper(sheet: Field, ruling: str, rng: Rng) -> None:
    """Print rulings, squares or a grid of dots on the sheet, and the red margin of a lined one."""
    height, width = sheet.shape[:2]
    step = width / rng.uniform(15, 22)
    blue = np.array((150, 175, 215), np.float32)
    if ruling == "dotted":
        for y in np.arange(step, height, step):
            for x in np.arange(step, width, step):
                cv2.circle(sheet, (round(x), round(y)), 2, (170, 170, 175), -1, cv2.LINE_AA)
        return
    turn = rng.uniform(-0.012, 0.012)
    for y in np.arange(step, height * 1.05, step):
        cv2.line(sheet, (0, round(y)), (width, round(y + turn * width)), blue.tolist(), 2, cv2.LINE_AA)
    if ruling == "squared":
        for x in np.arange(step, width * 1.05, step):
            cv2.line(sheet, (round(x), 0), (round(x - turn * height), height), blue.tolist(), 2, cv2.LINE_AA)
    else:
        x = 0.12 * width
        cv2.line(sheet, (round(x), 0), (round(x - turn * height), height), (225, 120, 125), 2, cv2.LINE_AA)


def fill_shapes(sheet: Field, lines: list[NDArray[np.float64]], fill: str, rng: Rng) -> None:
    """Colour the closed shapes of the drawing with a felt pen, a coloured pencil or a tone of dots."""
    height, width = sheet.shape[:2]
    closed = [line for line in lines if len(line) > 8 and np.hypot(*(line[0] - line[-1])) < 0.05 * width]
    closed = sorted(closed, key=lambda line: -cv2.contourArea(np.round(line).astype(np.int32).reshape(-1, 1, 2)))
    for number, line in enumerate(closed[:6]):
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round(line).astype(np.int32)], 255)
        color = np.array(PENCILS[number % len(PENCILS)], np.float32)
        pattern = np.zeros((height, width), np.uint8)
        if fill == "tone":
            for y in range(0, height, 7):
                for x in range(3 * (y // 7 % 2), width, 7):
                    cv2.circle(pattern, (x, y), 1, 255, -1, cv2.LINE_AA)
            color = np.array((60, 60, 60), np.float32)
        else:
            step, thick = (7, 9) if fill == "felt" else (6, 3)
            for x in np.arange(-height, width, step):
                wobble = rng.normal(0, 2, 2)
                start, end = (round(x + wobble[0]), height), (round(x + 0.6 * height + wobble[1]), 0)
                cv2.line(pattern, start, end, 255, thick, cv2.LINE_AA)
        share = cv2.bitwise_and(mask, pattern).astype(np.float32) / 255 * (0.85 if fill == "felt" else 0.75)
        sheet[:] = sheet * (1 - share[..., None]) + color * share[..., None]


PENCILS = ((214, 60, 50), (240, 200, 60), (70, 140, 210), (90, 170, 80), (170, 110, 60), (150, 90, 170))


def lay_on_desk(sheet: Field, rng: Rng) -> Field:
    """Lay the sheet on a brown, grained desk, seen at an angle, and return the photograph at the same size."""
    height, width = sheet.shape[:2]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), sigmaX=25, sigmaY=1.2)
    desk = np.array((110, 78, 52), np.float32) + 60 * grain[..., None]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    away = rng.uniform(0.03, 0.1, (4, 2)) * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (width, height)
    warp = cv2.getPerspectiveTransform(corners, (corners + away).astype(np.float32))
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), warp, (width, height), flags=cv2.INTER_AREA)
    shadow = cv2.GaussianBlur(np.roll(mask, (6, 6), (0, 1)), (0, 0), 8)
    laid = cv2.warpPerspective(sheet, warp, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(laid * mask[..., None] + desk * (1 - 0.4 * shadow[..., None]) * (1 - mask[..., None]), np.float32)


def compare_lines(found: NDArray[np.uint8], photo: PaperPhoto) -> tuple[float, float]:
    """Return precision and recall of an edge map (TRUTH_SIDE square, letterboxed) within NEAR px of the truth."""
    truth = np.zeros((TRUTH_SIDE, TRUTH_SIDE), bool)
    height, width = photo.lines.shape
    top, left = (TRUTH_SIDE - height) // 2, (TRUTH_SIDE - width) // 2
    truth[top : top + height, left : left + width] = photo.lines
    return measure_share_near(found > 0, truth), measure_share_near(truth, found > 0)


def measure_share_near(these: NDArray[np.bool_], those: NDArray[np.bool_]) -> float:
    """Return the share of `these` pixels within NEAR px of one of `those`; 0 where there is none."""
    if not these.any() or not those.any():
        return 0.0
    away = cv2.distanceTransform((~those).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float((away[these] <= NEAR).mean())
