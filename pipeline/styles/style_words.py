"""Check a style's name and words as a person wrote them, and make its folder's name of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from pipeline.errors import StyleError

NAME_LIMIT = 60  # characters
WORDS_LIMIT = 500  # characters
# "auto" means "choose for me"; the others are devices on Windows, whatever follows them.
RESERVED = {"auto", "con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def make_slug(name: str) -> str:
    """Make a folder's name from any name: of its ASCII letters and digits, else of its hash."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))[:NAME_LIMIT].strip("-")
    if not words:
        return f"style-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"style-{words}" if words in RESERVED else words


def clean_name(name: object) -> str:
    """Return a style's name as one line. Raises StyleError where it is no text, empty or over NAME_LIMIT."""
    text = _clean_line(name, "A style's name")
    if not any(unicodedata.category(letter)[0] in "LNSP" for letter in text):
        raise StyleError("A style needs a name.")
    if len(text) > NAME_LIMIT:
        raise StyleError(f"A style's name holds at most {NAME_LIMIT} characters; this one has {len(text)}.")
    return text


def clean_words(words: object) -> tuple[str, ...]:
    """Return the phrases of a style's words, split at commas. Raises StyleError where they are no text or too long."""
    text = _clean_line(words, "A style's words")
    if len(text) > WORDS_LIMIT:
        raise StyleError(f"A style's words hold at most {WORDS_LIMIT} characters; these have {len(text)}.")
    return tuple(dict.fromkeys(phrase for part in re.split(r"[,;]", text) if (phrase := part.strip())))


def _clean_line(text: object, what: str) -> str:
    """Return one line without control characters or halves of characters."""
    if not isinstance(text, str):
        raise StyleError(f"{what}: expected text, {type(text).__name__} came.")
    if len(text) > 20 * WORDS_LIMIT:  # do not normalise megabytes first
        raise StyleError(f"{what}: {len(text):,} characters came; that is too many.")
    whole = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if unicodedata.category(c) not in ("Cc", "Cn", "Co") else " " for c in whole).split())
