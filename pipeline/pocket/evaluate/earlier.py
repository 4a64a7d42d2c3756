"""The figures of the version before, from its card and log, of what was measured as it is now.

Version 7 drew 256 px in one step with its style in its weights: `python -m pipeline.pocket.evaluate --count 200`, two
shared cores, November 2026. What is drawn at 512 since is measured with the same eye, whose lengths grow with the side.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.pocket.evaluate.measures import Figure

VERSION = "  version 7"
MEASURED = {  # trial -> value, the limits of its interval, how many
    "edges": (0.803, 0.792, 0.815, 200),
    "hand": (0.823, 0.805, 0.839, 75),
    "colors": (0.980, 0.950, 1.000, 100),
    "usual": (0.692, 0.590, 0.780, 40),
    "styles": (0.615, 0.545, 0.680, 200),
    "painters": (0.855, 0.805, 0.900, 200),
    "unseen": (0.125, 0.025, 0.250, 40),
    "seeds": (0.034, 0.030, 0.041, 6),
}
EARLIER: Mapping[str, Figure] = MappingProxyType({key: Figure(VERSION, *values) for key, values in MEASURED.items()})
