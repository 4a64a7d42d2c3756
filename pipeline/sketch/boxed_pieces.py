"""Count the boxes of a HEIC or AVIF file (ISO/IEC 14496-12, 23008-12): its items, what they are made of, its frames.

Each item is decoded or looked up by the others' names; a file of a few hundred kB may hold thousands of each.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

from pipeline.errors import phrase

MOST_BOXES = 20_000  # of one file; a phone's photograph has some 300
MOST_ITEMS = 2_000  # a photograph of 48 MP in tiles of 512 px has 200 with its depth
MOST_FRAMES = 2_000  # of an animation
ITEMS, BOXES, FRAMES = phrase("items"), phrase("pieces"), phrase("frames")
LEAST_ENTRY = 12  # bytes of an item in their list
MOST_DEPTH = 8  # boxes within one another
CONTAINERS: Mapping[bytes, int] = {  # the bytes of each before the boxes within it
    **dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"), 0),
    b"meta": 4,
}
SAMPLES = (b"stsz", b"stz2")
Count = Callable[[str, int, int], None]  # of a kind of piece, the most of it, so many more


def count_boxed(stored: bytes, add: Count) -> None:
    """Call `add` with every box, item, reference and frame of a file. Raises struct.error where it is cut off."""
    for kind, begin, end in iterate_boxes(stored, 0, len(stored)):
        add(BOXES, MOST_BOXES, 1)
        if kind in SAMPLES:
            add(FRAMES, MOST_FRAMES, struct.unpack_from(">I", stored, begin + 8)[0])
        elif kind == b"iinf":
            add(ITEMS, MOST_ITEMS, min(read_count(stored, begin), (end - begin) // LEAST_ENTRY))
        elif kind == b"iref":
            for reference, size in iterate_references(stored, begin, end):
                add(ITEMS, 2 * MOST_ITEMS, struct.unpack_from(">H", stored, reference + size)[0])


def iterate_boxes(stored: bytes, at: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte of the content and end of each box, of those within others, too."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", stored, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", stored, at + 8)[0], 16
        last = end if size == 0 else min(end, at + size)
        yield kind, at + head, last
        if kind in CONTAINERS and depth < MOST_DEPTH:
            yield from iterate_boxes(stored, at + head + CONTAINERS[kind], last, depth + 1)
        at = max(last, at + head)


def read_count(stored: bytes, begin: int) -> int:
    """Return how many items an `iinf` says that it lists."""
    is_short = stored[begin] == 0
    return int(struct.unpack_from(">H" if is_short else ">I", stored, begin + 4)[0])


def iterate_references(stored: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each list of references begins, and the bytes of an item's number in it."""
    size = 2 if stored[begin] == 0 else 4
    for _, reference, _ in iterate_boxes(stored, begin + 4, end):
        yield reference, size
