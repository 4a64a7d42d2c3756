"""Read counts of a command line."""

from __future__ import annotations

from argparse import ArgumentTypeError


def read_count(text: str) -> int:
    """Read a count, at least 1, for argparse, which tells the person what was expected and what came."""
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"expected a whole number, at least 1, got {text!r}")
    return int(text)
