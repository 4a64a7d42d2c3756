"""Print the benchmarks' rows: a line each as they come, or one JSON list."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def print_rows(rows: Iterable[Row], as_json: bool) -> list[Row]:
    """Print rows as they come or as one JSON list; return them. A row's "what", where it has one, heads its line."""
    printed: list[Row] = []
    for row in rows:
        printed.append(row)
        if not as_json:
            head = [row["what"]] if "what" in row else []
            print(", ".join([*head, *(f"{name} {value}" for name, value in row.items() if name != "what")]), flush=True)
    if as_json:
        json.dump(printed, sys.stdout, indent=1)
    return printed


def print_progress(line: str) -> None:
    """Print how far the benchmark is to stderr, beside the rows."""
    print(line, file=sys.stderr, flush=True)
