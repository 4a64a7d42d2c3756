"""Measure pictures: edges against edges, colour words, looks. None of it is a training loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pocket.data.colors import measure_color_share
from pipeline.pocket.data.strokes import Lines, find_plain_lines

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB
Floats = NDArray[np.float64]

RESAMPLES = 2000  # of the bootstrap
TOLERANCE = 2.0  # px at 128 px
MAJORITY = 0.5  # of a thing's pixels within a colour word's range: the word is obeyed
PERCENTILES = (5, 25, 50, 75, 95)
GRADIENT_BINS = np.array([0, 1, 2, 4, 8, 16, 32, 64, 1e9])  # of lightness per px, bins of the gradient histogram
BLUR_SIGMAS = (1.0, 2.0, 4.0)  # sigma, px at 128 px


@dataclass(frozen=True)
class Figure:
    """Figure is one line of the report: a value with its bootstrap 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    count: int
    bars: tuple[float, ...] = ()  # what the issues ask for, where they ask, the first version's bar first
    less_is_better: bool = False
    groups: int = 0  # of values that belong together, which are resampled whole; 0: each value is by itself

    def meets(self, bar: float) -> bool:
        """Return whether the value reaches the bar, from below or from above."""
        return self.value <= bar if self.less_is_better else self.value >= bar

    def __str__(self) -> str:
        told = ", ".join(f"{bar:g} {'met' if self.meets(bar) else 'MISSED'}" for bar in self.bars)
        interval = f"[{self.low:.3f}, {self.high:.3f}]"
        many = f"{self.count} in {self.groups}" if self.groups else f"{self.count}"
        return f"{self.name:<72} {self.value:8.3f}  {interval:<20} n={many}{f'   bar {told}' if told else ''}"


def summarise_mean(name: str, values: Sequence[float], *bars: float) -> Figure:
    """Summarise values by their mean with a percentile bootstrap interval; NaNs for none."""
    if not len(values):
        return Figure(name, float("nan"), float("nan"), float("nan"), 0, bars)
    array = np.asarray(values, np.float64)
    low, high = find_interval(array[draw_resamples(len(array))].mean(axis=1))
    return Figure(name, float(array.mean()), low, high, len(array), bars)


def summarise_median(name: str, values: Sequence[float], bar: float | None = None) -> Figure:
    """Summarise times by their median, of which less is better; NaNs for none."""
    if not len(values):
        return summarise_mean(name, values)
    array = np.asarray(values, np.float64)
    low, high = find_interval(np.median(array[draw_resamples(len(array))], axis=1))
    return Figure(name, float(np.median(array)), low, high, len(array), () if bar is None else (bar,), True)


def summarise_share(name: str, part: Sequence[float], whole: Sequence[float], *bars: float) -> Figure:
    """Summarise the ratio of two means over the same cases, which are resampled together; NaNs where `whole` is 0."""
    one, other = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    if not len(one) or not other.any():
        return Figure(name, float("nan"), float("nan"), float("nan"), len(one), bars)
    chosen = draw_resamples(len(one))
    means = other[chosen].mean(axis=1)
    low, high = find_interval(one[chosen].mean(axis=1)[means > 0] / means[means > 0])
    return Figure(name, float(one.mean() / other.mean()), low, high, len(one), bars)


def summarise_grouped(name: str, groups: Sequence[Sequence[float]], *bars: float) -> Figure:
    """Summarise by their mean values that belong together in groups, such as ten words asked of each drawing.

    The groups are resampled whole, since what one drawing is like tells on all that is asked of it.
    """
    filled = [group for group in groups if len(group)]
    share = summarise_share(name, [sum(group) for group in filled], [len(group) for group in filled], *bars)
    return replace(share, count=sum(len(group) for group in filled), groups=len(filled))


def draw_resamples(count: int) -> NDArray[np.int64]:
    """Draw which values each resample of the bootstrap holds, (RESAMPLES, count)."""
    return np.random.default_rng(0).integers(count, size=(RESAMPLES, count))


def find_interval(draws: Floats) -> tuple[float, float]:
    """Return the limits of the middle 95 %."""
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def read_lines(picture: Pixels) -> Lines:
    """Read the centre lines of a picture's contours (H, W); results and originals are measured with the same eye."""
    return find_plain_lines(picture)


def compute_edge_f1(given: Lines, found: Lines, tolerance: float = TOLERANCE) -> float:
    """Compute the F1 in [0, 1] of two line maps (H, W); lines within `tolerance` px (for a side of 128 px) agree.

    Raises ValueError for maps of two shapes. Two blank maps agree wholly.
    """
    if given.shape != found.shape:
        raise ValueError(f"Expected line maps of one shape, got {given.shape} and {found.shape}.")
    if not given.any() or not found.any():
        return float(not given.any() and not found.any())
    reach = tolerance * max(given.shape) / 128
    precision = float((measure_line_distance(given)[found > 0] <= reach).mean())
    recall = float((measure_line_distance(found)[given > 0] <= reach).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def measure_line_distance(lines: Lines) -> NDArray[np.float32]:
    """Measure the distance of every pixel to the nearest line, px, (H, W)."""
    return np.asarray(
        cv2.distanceTransform((lines == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32
    )


def is_color_obeyed(color: str, picture: Pixels, mask: NDArray[np.bool_]) -> bool:
    """Return whether most of the drawn thing has the colour asked for."""
    return measure_color_share(color, picture[mask]) >= MAJORITY


def compute_mean_lab(picture: Pixels, mask: NDArray[np.bool_]) -> Floats:
    """Compute the mean Lab colour (3,) of the pixels in the mask."""
    return np.asarray(to_lab(picture)[mask].mean(axis=0), np.float64)


def score_nearness(found: Floats, places: Sequence[Floats], own: int) -> float:
    """Return the share in [0, 1] of the other places that are farther from `found` than place `own`."""
    away = [float(np.linalg.norm(found - place)) for place in places]
    return float(np.mean([away[own] < other for k, other in enumerate(away) if k != own]))


def to_lab(picture: Pixels) -> NDArray[np.float32]:
    """Convert RGB uint8 (H, W, 3) to Lab (H, W, 3): lightness 0 to 100, a, b."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def describe_look(picture: Pixels) -> Floats:
    """Describe a picture's colours and texture at 128 px by a vector of statistics."""
    lab = to_lab(cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA).astype(np.uint8))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    channels = [*np.moveaxis(lab, 2, 0), chroma]
    color = [
        value for channel in channels for value in (channel.mean(), channel.std(), *np.percentile(channel, PERCENTILES))
    ]
    across, down = cv2.Sobel(lab[..., 0], cv2.CV_32F, 1, 0) / 4, cv2.Sobel(lab[..., 0], cv2.CV_32F, 0, 1) / 4
    histogram = np.histogram(np.hypot(across, down), GRADIENT_BINS)[0] / across.size
    contrast = [
        float((channel - cv2.GaussianBlur(channel, (0, 0), sigma)).std())
        for sigma in BLUR_SIGMAS
        for channel in (lab[..., 0], chroma)
    ]
    return np.asarray([*color, *np.sqrt(histogram), *np.log1p(contrast)], np.float64)


@dataclass(frozen=True, eq=False)
class LookMeasure:
    """LookMeasure gives the distance between looks: Euclidean after a linear map of their statistics."""

    map: Floats  # (statistics, dimensions)

    @classmethod
    def standardise(cls, pictures: Sequence[Pixels]) -> LookMeasure:
        """Measure every statistic in units of its spread over `pictures`. Raises ValueError for fewer than 2."""
        if len(pictures) < 2:
            raise ValueError(f"A measure of looks needs at least 2 pictures, got {len(pictures)}.")
        return cls(np.diag(1 / np.maximum(np.std([describe_look(picture) for picture in pictures], axis=0), 1e-6)))

    @classmethod
    def fit(
        cls, styles: Sequence[tuple[Pixels, Sequence[Pixels]]], dimensions: int = 10, shrinkage: float = 0.3
    ) -> LookMeasure:
        """Fit what tells looks apart whatever is drawn: linear discriminants of styles (Fisher 1936).

        Each style gives its reference and several other contents in the same look. A statistic counts the less, the
        more it changes with content; the references' own deviations count as much as half of the contents.
        """
        looks = [
            (describe_look(reference), np.stack([describe_look(other) for other in others]))
            for reference, others in styles
        ]
        means = np.stack([others.mean(axis=0) for _, others in looks])
        within = np.concatenate(
            [
                np.concatenate((others, np.tile(reference, (max(1, len(others) // 2), 1)))) - mean
                for (reference, others), mean in zip(looks, means, strict=True)
            ]
        )
        spread = within.T @ within / len(within)
        spread += np.eye(len(spread)) * 1e-6
        spread = (1 - shrinkage) * spread + shrinkage * np.diag(np.diag(spread))
        whiten = np.linalg.cholesky(np.linalg.inv(spread))
        _, _, axes = np.linalg.svd((means - means.mean(axis=0)) @ whiten, full_matrices=False)
        return cls(whiten @ axes[:dimensions].T)

    def measure_distance(self, one: Pixels, other: Pixels) -> float:
        """Measure the distance between two pictures' looks."""
        return float(np.linalg.norm((describe_look(one) - describe_look(other)) @ self.map))

    def find_nearest(self, picture: Pixels, references: Sequence[Pixels]) -> int:
        """Return the index of the reference whose look is nearest."""
        return int(np.argmin([self.measure_distance(picture, reference) for reference in references]))


def measure_difference(one: Pixels, other: Pixels) -> float:
    """Measure the mean absolute difference of two pictures, in [0, 1]."""
    return float(np.abs(one.astype(np.float32) - other.astype(np.float32)).mean() / 255)
