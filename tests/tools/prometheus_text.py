"""Read Prometheus's text format, as /metrics answers it."""

from __future__ import annotations

import re


def find_samples(text: str, name: str, **labels: str) -> list[float]:
    """Return the values of a measurement's samples that have these labels."""
    lines = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    return [float(value) for given, value in lines if wanted <= set(given.split(","))]
