"""Read the text inside a PNG file without decoding a pixel, every length bounded (PNG 3rd ed., 5.3, 11.3.3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from pipeline.errors import PictureFileError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_FILE = 20_000_000  # bytes
MAX_CHUNKS = 20_000
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
OTHER_SIGNATURES = {
    b"\xff\xd8\xff": "a JPEG",
    b"GIF8": "a GIF",
    b"RIFF": "a WebP",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
}

Texts = dict[str, tuple[bytes, bytes]]  # keyword -> chunk kind, what follows the keyword


def read_texts(data: bytes) -> Texts:
    """Read the file's text chunks, the first of each keyword. Raises PictureFileError unless it is a whole PNG file."""
    if not data.startswith(SIGNATURE):
        raise PictureFileError(f"A picture made here is a PNG file; this one is {guess_kind(data)}.")
    if len(data) > MAX_FILE:
        raise PictureFileError(f"A picture file has at most {MAX_FILE // 10**6} MB, not {len(data) / 1e6:.1f}.")
    texts: Texts = {}
    for kind, body in walk_chunks(data):
        if kind in TEXT_CHUNKS and (parted := body.partition(b"\0"))[1]:
            texts.setdefault(parted[0].decode("latin-1"), (kind, parted[2]))
    return texts


def guess_kind(data: bytes) -> str:
    """Guess the kind of a file from its first bytes, in words for a message."""
    return next((name for start, name in OTHER_SIGNATURES.items() if data.startswith(start)), "something else")


def walk_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, body) of each chunk up to IEND, checked against its checksum. Raises PictureFileError."""
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise PictureFileError("This picture file is cut off: it ends before the PNG does.")
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:
            raise PictureFileError("This picture file is cut off: it ends before the PNG does.")
        if zlib.crc32(kind + body) != int.from_bytes(checksum):
            raise PictureFileError("This picture file is damaged: a checksum in it is wrong.")
        if kind == b"IEND":
            return
        yield kind, body
        at += 12 + length
    raise PictureFileError(f"This picture file is made of more than {MAX_CHUNKS:,} pieces; no picture made here is.")


def decode_text(kind: bytes, body: bytes, limit: int) -> bytes:
    """Return the text of one chunk, inflated where it is packed; UTF-8 from iTXt, Latin-1 from the others.

    Raises PictureFileError where it is malformed or longer than `limit` bytes.
    """
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = body[:1] == b"\1"
        # after the two flags: language tag, translated keyword, text
        parts = body[2:].split(b"\0", 2)
        if len(parts) < 3:
            raise PictureFileError("This picture file's text is malformed.")
        body = parts[2]
    elif packed:
        body = body[1:]
    return inflate_text(body, limit) if packed else expect_short_text(body, limit)


def inflate_text(packed: bytes, limit: int) -> bytes:
    """Inflate a packed text of at most `limit` bytes. Raises PictureFileError."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, limit + 1)
    except zlib.error as error:
        raise PictureFileError("This picture file's packed text is damaged.") from error
    expect_short_text(text, limit)
    if not inflater.eof:
        raise PictureFileError("This picture file's packed text is cut off.")
    return text


def expect_short_text(text: bytes, limit: int) -> bytes:
    """Return the text; raise PictureFileError where it is longer than `limit` bytes."""
    if len(text) > limit:
        raise PictureFileError(f"This picture file's text is over {limit / 1e6:g} MB long; none made here is.")
    return text
