"""Count what a picture file is made of, before a decoder works through it: scans, frames, palettes, directories.

Each costs time at the picture's full size, whatever its own: a progressive JPEG of 16 MB may hold 300,000 scans of
4000 x 4000 px, 1 ms each. Nothing is decoded here; what is broken is for the decoder to say.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping

from pipeline.errors import SketchError, phrase
from pipeline.sketch.boxed_pieces import count_boxed

MOST_SCANS = 100  # of a JPEG; a progressive one has 10
MOST_FRAMES = 2_000  # of an animation
MOST_PALETTES = 2_000  # of a GIF, whose frames may have one each, or of a PNG
MOST_CHUNKS = 60_000  # of any kind of file; a PNG of 20 MB written in 1 kB has 20,000
MOST_BLOCKS = 400_000  # of 255 bytes at most, within a GIF
MOST_DIRECTORIES = 200  # of a TIFF: its pages and what hangs on them
MOST_ENTRIES = 10_000  # of all of a TIFF's directories
TAG_BYTES = 4  # files' lengths that its entries may point to, all together

SCANS, FRAMES, PALETTES = phrase("scans"), phrase("frames"), phrase("palettes")
CHUNKS, PAGES, BLOCKS, TAGS = phrase("pieces"), phrase("pages"), phrase("blocks"), phrase("bytes of tags")
TOO_MANY = "This {what}'s file has more than {most} {pieces} and would take too long to open. Save it anew as a PNG."

MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)  # of a JPEG, but for those within a scan's data
ALONE = (0x01, *range(0xD0, 0xD9))  # markers that no length follows
TIFF_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # bytes by type; else 1
GIF_EXTENSION, GIF_IMAGE = 0x21, 0x2C


class _Counter:
    """_Counter raises SketchError once there are more of something than a file may have."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._counts: dict[str, int] = {}

    def add(self, pieces: str, most: int, count: int = 1) -> None:
        self._counts[pieces] = self._counts.get(pieces, 0) + count
        if self._counts[pieces] > most:
            raise SketchError(TOO_MANY.format(what=self._what, most=f"{most:,}", pieces=pieces))


def expect_few_pieces(stored: bytes, what: str) -> None:
    """Raise SketchError, its words built around `what`, for a file that would keep its decoder busy for long."""
    counter = _Counter(what)
    try:
        for start, count in COUNTERS.items():
            if stored.startswith(start):
                count(stored, counter)
        if stored[4:8] == b"ftyp":
            count_boxed(stored, counter.add)
    except (struct.error, IndexError):  # cut off or broken
        return


def _count_jpeg(stored: bytes, counter: _Counter) -> None:
    at = 2
    while (found := MARKER.search(stored, at)) is not None:
        kind, at = found[1][0], found.end()
        if kind == 0xD9:
            return
        if kind in ALONE:
            continue
        counter.add(CHUNKS, MOST_CHUNKS)
        if kind == 0xDA:
            counter.add(SCANS, MOST_SCANS)
        at += struct.unpack_from(">H", stored, at)[0]


def _count_png(stored: bytes, counter: _Counter) -> None:
    at = 8
    while at + 8 <= len(stored):
        length, kind = struct.unpack_from(">I4s", stored, at)
        counter.add(CHUNKS, MOST_CHUNKS)
        if kind == b"fcTL":
            counter.add(FRAMES, MOST_FRAMES)
        if kind in (b"PLTE", b"sPLT"):
            counter.add(PALETTES, MOST_PALETTES)
        if kind == b"IEND":
            return
        at += 12 + length


def _count_webp(stored: bytes, counter: _Counter) -> None:
    at = 12
    while at + 8 <= len(stored):
        kind, length = struct.unpack_from("<4sI", stored, at)
        counter.add(CHUNKS, MOST_CHUNKS)
        if kind == b"ANMF":
            counter.add(FRAMES, MOST_FRAMES)
        at += 8 + length + length % 2


def _count_gif(stored: bytes, counter: _Counter) -> None:
    at = 13 + _measure_palette(stored[10], counter)
    while True:
        if stored[at] == GIF_IMAGE:
            counter.add(FRAMES, MOST_FRAMES)
            at += 11 + _measure_palette(stored[at + 9], counter)
        elif stored[at] == GIF_EXTENSION:
            counter.add(CHUNKS, MOST_CHUNKS)
            at += 2
        else:
            return
        while stored[at]:  # blocks of data, each with its length before it, up to an empty one
            counter.add(BLOCKS, MOST_BLOCKS)
            at += 1 + stored[at]
        at += 1


def _measure_palette(flags: int, counter: _Counter) -> int:
    """Count a GIF's palette, and return its bytes, by the flags before it; 0 where there is none."""
    if not flags & 0x80:
        return 0
    counter.add(PALETTES, MOST_PALETTES)
    return int(3 * 2 ** ((flags & 7) + 1))


def _count_tiff(stored: bytes, counter: _Counter) -> None:
    order = "<" if stored[:1] == b"I" else ">"
    is_big = stored[:4] in (b"II+\0", b"MM\0+")
    count_code, size, place = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    at = struct.unpack_from(f"{order}{place}", stored, 8 if is_big else 4)[0]
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        counter.add(PAGES, MOST_DIRECTORIES)
        entries = struct.unpack_from(f"{order}{count_code}", stored, at)[0]
        counter.add(CHUNKS, MOST_ENTRIES, entries)
        at += struct.calcsize(f"={count_code}")
        for _ in range(entries):
            kind, count = struct.unpack_from(f"{order}2xH{place}", stored, at)
            counter.add(TAGS, TAG_BYTES * len(stored), count * TIFF_SIZES.get(kind, 1))
            at += size
        at = struct.unpack_from(f"{order}{place}", stored, at)[0]


COUNTERS: Mapping[bytes, Callable[[bytes, _Counter], None]] = {
    b"\xff\xd8": _count_jpeg,
    b"\x89PNG\r\n\x1a\n": _count_png,
    b"RIFF": _count_webp,
    b"GIF8": _count_gif,
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _count_tiff),
}
