"""Seal what is written to be read back: its SHA-256 stands behind it, so that a changed byte is noticed.

PNG and WebP end where they say they do, so that a picture with a seal is one still; what reads JSON or safetensors
refuses what stands behind them, so that a seal that is damaged itself is not taken for none.
"""

from __future__ import annotations

import hashlib

MARK = b"\nsha256 "
LENGTH = len(MARK) + 64 + 1  # bytes of a seal: the mark, the hash in hexadecimal, a line's end


def seal(content: bytes) -> bytes:
    """Return content with its seal behind it."""
    return content + MARK + hashlib.sha256(content).hexdigest().encode() + b"\n"


def has_seal(stored: bytes) -> bool:
    """Return whether something ends as a seal does, whether it is right or not."""
    return stored[-LENGTH:-65] == MARK and stored.endswith(b"\n")


def unseal(stored: bytes) -> bytes | None:
    """Return what was sealed; None where it is not whole, or there is no seal."""
    content = stored[:-LENGTH]
    return content if seal(content) == stored else None
