"""Draw learning curves of all *.jsonl below a folder as one SVG.

A panel for every figure that a part logged, over minutes of training.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

PANEL, GAP, HEAD = (300, 170), 46, 34  # px
COLUMNS = 3
LEFT_OUT = {"step", "minutes", "rate"}
COLORS = ("#1f6fb4", "#d1495b", "#2e8b57", "#e08e0b", "#6a4c93", "#444444", "#00838f", "#8d5524")

Points = tuple[tuple[float, float], ...]  # minutes, value


@dataclass(frozen=True)
class Series:
    """Series is one figure of one run over its time."""

    run: str
    name: str
    points: Points

    @property
    def panel(self) -> str:
        """Return the panel: "regions" and "regions-wide" share one for a loss, but with no other part."""
        return f"{self.run.partition('-')[0]}: {self.name}"


def read_runs(folder: Path) -> list[Series]:
    """Read every figure of every log in the folder and below, by run and name; lines cut off by a kill are passed over.

    Raises FileNotFoundError where there is no log.
    """
    logs = sorted(folder.rglob("*.jsonl"), key=lambda log: log.stem)
    if not logs:
        raise FileNotFoundError(f"{folder} holds no *.jsonl: `python -m pipeline.pocket.train` writes them.")
    return [one for log in logs for one in read_log(log)]


def read_log(log: Path) -> Iterator[Series]:
    found: dict[str, list[tuple[float, float]]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = parse_line(line)
        for name, value in entry.items():
            if name not in LEFT_OUT and math.isfinite(value):
                add_point(found.setdefault(name, []), entry["minutes"], value)
    for name, points in found.items():
        yield Series(log.stem, name, tuple(points))


def add_point(points: list[tuple[float, float]], minutes: float, value: float) -> None:
    """Add a point and drop what a kill undid: a resumed run logs those minutes once more."""
    while points and points[-1][0] >= minutes:
        points.pop()
    points.append((minutes, value))


def parse_line(line: str) -> dict[str, float]:
    """Parse a line's numbers; nothing of a line that is no entry."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(entry, dict) or not isinstance(entry.get("minutes"), int | float):
        return {}
    return {name: float(value) for name, value in entry.items() if isinstance(value, int | float)}


def draw_curves(series: Sequence[Series]) -> str:
    """Draw an SVG with one panel for each figure of a part, the runs in one colour each throughout."""
    names = list(dict.fromkeys(one.panel for one in series))
    runs = list(dict.fromkeys(one.run for one in series))
    color = {run: COLORS[i % len(COLORS)] for i, run in enumerate(runs)}
    cell = (PANEL[0] + 2 * GAP, PANEL[1] + 2 * GAP)
    wide, tall = cell[0] * min(COLUMNS, max(1, len(names))), HEAD + cell[1] * -(-len(names) // COLUMNS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>',
        *draw_legend(color),
    ]
    for number, name in enumerate(names):
        corner = (number % COLUMNS * cell[0] + GAP, HEAD + number // COLUMNS * cell[1] + GAP)
        parts += draw_panel([one for one in series if one.panel == name], color, corner)
    return "\n".join([*parts, "</svg>", ""])


def draw_legend(color: dict[str, str]) -> Iterator[str]:
    left = GAP
    for run, stroke in color.items():
        yield f'<text x="{left}" y="22" fill="{stroke}" font-weight="bold">{escape(run)}</text>'
        left += 9 * len(run) + 18


def draw_panel(series: Sequence[Series], color: dict[str, str], corner: tuple[int, int]) -> Iterator[str]:
    """Draw frame, title, both axes' ends and a line for each run."""
    left, top = corner
    right, bottom = left + PANEL[0], top + PANEL[1]
    minutes, values = ([point[axis] for one in series for point in one.points] for axis in (0, 1))
    (first, last), (low, high) = find_span(minutes), find_span(values)
    yield f'<rect x="{left}" y="{top}" width="{PANEL[0]}" height="{PANEL[1]}" fill="none" stroke="#bbb"/>'
    yield f'<text x="{left}" y="{top - 8}">{escape(series[0].panel)}</text>'
    yield f'<text x="{left - 4}" y="{top + 10}" text-anchor="end">{high:.4g}</text>'
    yield f'<text x="{left - 4}" y="{bottom}" text-anchor="end">{low:.4g}</text>'
    yield f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{last:.4g} min</text>'
    yield f'<text x="{left}" y="{bottom + 16}">{first:.4g}</text>'
    for one in series:
        line = " ".join(
            f"{left + PANEL[0] * (x - first) / (last - first):.1f},{bottom - PANEL[1] * (y - low) / (high - low):.1f}"
            for x, y in one.points
        )
        yield f'<polyline points="{line}" fill="none" stroke="{color[one.run]}" stroke-width="1.5"/>'


def find_span(values: Sequence[float]) -> tuple[float, float]:
    """Find least and greatest, never equal."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def plot_runs(folder: Path, into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(draw_curves(read_runs(folder)), encoding="utf-8")
