"""Open any common image file as upright 8-bit sRGB, every limit checked from the header before a pixel is decoded."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, ImageSequence

from pipeline.errors import FileTooLarge, SketchError
from pipeline.plain_file import read_plain_file
from pipeline.sketch.picture_pieces import expect_few_pieces

MIN_SIDE = 64  # px
MAX_SIDE = 4096  # px
MAX_PIXELS = 16_000_000
MAX_BYTES = 20_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # of ISO/IEC 23008-12
STRIP = 64  # rows that are worked on at once
MOST_FRAMES = 40  # looked at, until one is not empty
MOST_LOOKED_AT = 4 * MAX_PIXELS  # of all frames that are looked at

# What Pillow's decoders let escape on hostile bytes; the fuzz test in test_image_file.py holds this list to account.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AttributeError,
    AssertionError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def limit_pillow() -> None:
    """Make Pillow refuse pictures over MAX_PIXELS anywhere in this process, Gradio's own decoding included."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def open_image(data: bytes | Path, what: str = "drawing") -> Image.Image:
    """Return the first frame of an image file that is not empty, upright, at most 8 bits a channel, in sRGB.

    Raises SketchError, its words built around `what`, for anything broken, foreign, too small or too large.
    """
    stored = read_bytes(data, what)
    expect_few_pieces(stored, what)
    return decode_image(open_stored(stored, what), what)


def open_stored(stored: bytes, what: str) -> Image.Image:
    """Return an image file with only its header read, its sides within the limits. Raises SketchError."""
    try:
        image = Image.open(io.BytesIO(stored), formats=choose_formats(stored))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise SketchError(describe_pixel_limit(what)) from error
    except DECODER_ERRORS as error:
        if is_heic(stored):
            raise SketchError(f"This {what}'s file is damaged: it is a HEIC without a whole picture.") from error
        raise SketchError(
            f"This {what} is not an image that can be read. Use a PNG, JPEG, WebP, HEIC, BMP, GIF or TIFF file."
        ) from error
    expect_size(image.width, image.height, what)
    return image


def read_bytes(data: bytes | Path, what: str) -> bytes:
    """Read a file. Raises SketchError when it cannot be read, is empty or over MAX_BYTES."""
    if isinstance(data, bytes):
        expect_length(len(data), what)
        return data
    try:
        if data.is_file():
            expect_length(data.stat().st_size, what)
        return read_plain_file(data)
    except OSError as error:
        raise SketchError(f"The {what}'s file cannot be read: {error.strerror or error}.") from error


def expect_length(length: int, what: str) -> None:
    """Raise SketchError for an empty file, FileTooLarge for one of more than MAX_BYTES."""
    if length == 0:
        raise SketchError(f"The {what}'s file is empty.")
    if length > MAX_BYTES:
        raise FileTooLarge(f"A {what} is a file of at most {MAX_BYTES // 10**6} MB; this one has {length / 1e6:.1f}.")


def is_heic(stored: bytes) -> bool:
    """Return whether a file starts as a HEIC, as phones keep photographs; an AVIF, of the same family, is none."""
    return stored[4:8] == b"ftyp" and stored[8:12] in HEIC_BRANDS and b"avif" not in stored[8:64]


def choose_formats(stored: bytes) -> tuple[str, ...]:
    """Return the formats by which Pillow may open a file; HEIC's decoder is loaded where one comes."""
    if not is_heic(stored):
        return FORMATS
    import pi_heif

    pi_heif.register_heif_opener()
    return ("HEIF",)


def decode_image(image: Image.Image, what: str) -> Image.Image:
    """Decode the first frame that is not empty, and turn it upright. Raises SketchError where the file is broken."""
    kind = image.format
    try:
        image = find_drawn_frame(image)
        ImageOps.exif_transpose(image, in_place=True)
        return convert_to_srgb(convert_to_8_bits(image))
    except DECODER_ERRORS as error:
        raise SketchError(
            f"This {what}'s file is broken: it starts as {kind} but cannot be read to its end."
        ) from error


def find_drawn_frame(image: Image.Image) -> Image.Image:
    """Return the first frame of an animation that has more than one colour; the first of all where none has.

    It is a copy: an animation's decoder holds more pictures of its size, and can go.
    """
    image.seek(0)
    image.load()
    if getattr(image, "n_frames", 1) == 1:
        return image if image.format != "WEBP" else release_decoder(image)
    if not is_plain(image):
        return image.copy()
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        if number >= MOST_FRAMES or number * image.width * image.height >= MOST_LOOKED_AT:
            break
        if not is_plain(frame):
            return frame.copy()
    image.seek(0)
    return image.copy()


def release_decoder(image: Image.Image) -> Image.Image:
    """Return a copy of a WebP picture; Pillow keeps three more of its size, its decoder's and what it read."""
    image.fp = None  # type: ignore[attr-defined]
    return image.copy()


def is_plain(image: Image.Image) -> bool:
    """Return whether all of a picture has one colour, or none of it can be seen."""
    *colours, alpha = cast(list[tuple[int, int]], image.convert("RGBA").getextrema())
    return alpha[1] == 0 or all(lowest == highest for lowest, highest in (*colours, alpha))


def convert_to_srgb(image: Image.Image) -> Image.Image:
    """Convert a picture that carries a colour profile (Display P3, Adobe RGB, ProPhoto, CMYK, ...) to sRGB.

    A profile that cannot be read is passed over, as browsers do.
    """
    stored = image.info.get("icc_profile")
    if not stored or image.mode not in ("L", "LA", "P", "RGB", "RGBA", "CMYK"):
        return image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(stored))
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return image
        return apply_profile(image, profile)
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return image


def apply_profile(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """Return a picture of colours in `profile` as RGB in sRGB, its transparency kept. Raises PyCMSError."""
    mode = {"L": "L", "LA": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    if mode == "L" and profile.profile.xcolor_space.strip() == "RGB":
        mode = "RGB"
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    colors = image if image.mode == mode else image.convert("RGBA" if mode == "RGB" else mode).convert(mode)
    converted = ImageCms.profileToProfile(
        colors, profile, ImageCms.createProfile("sRGB"), renderingIntent=intent, outputMode="RGB"
    )
    if converted is None:
        return image
    if image.has_transparency_data:
        converted.putalpha(image.convert("RGBA").getchannel("A"))
    return converted


def expect_size(width: int, height: int, what: str = "drawing") -> None:
    """Raise SketchError unless both sides and their product are within the limits above."""
    if width * height > MAX_PIXELS:
        raise SketchError(f"{describe_pixel_limit(what)} This one is {width} x {height}.")
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise SketchError(f"A {what} is {MIN_SIDE} to {MAX_SIDE} pixels wide and high; this one is {width} x {height}.")


def describe_pixel_limit(what: str) -> str:
    """Return the sentence that refuses a larger picture."""
    return f"A {what} has at most {MAX_PIXELS // 10**6} megapixels."


def convert_to_rgb(image: Image.Image, what: str = "drawing") -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 from any Pillow mode, what is transparent laid on white.

    Raises SketchError for a colour mode that Pillow cannot convert.
    """
    try:
        return lay_on_paper(convert_to_srgb(convert_to_8_bits(image)))
    except DECODER_ERRORS as error:
        raise SketchError(f"This {what}'s kind of colour ({image.mode}) cannot be read. Save it as RGB.") from error


def lay_on_paper(image: Image.Image) -> NDArray[np.uint8]:
    """Return a picture on white, (H, W, 3), a strip after the other: no second picture of its size is needed."""
    laid, is_clear = np.empty((image.height, image.width, 3), np.uint8), image.has_transparency_data
    for top in range(0, image.height, STRIP):
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
        if is_clear:
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip.convert("RGBA"))
        laid[top : top + STRIP] = np.asarray(strip.convert("RGB"))
    return laid


def has_transparency(image: Image.Image) -> bool:
    """Return whether any pixel lets the ground show."""
    if not image.has_transparency_data:
        return False
    lowest, _ = cast(tuple[int, int], take_alpha(image).getextrema())
    return lowest < 250


def take_alpha(image: Image.Image) -> Image.Image:
    """Return how opaque a picture is, as greys; no second picture of its size is made of one that says so itself."""
    return (image if image.mode in ("RGBA", "LA") else image.convert("RGBA")).getchannel("A")


def convert_to_8_bits(image: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float greys to 0-255. Pillow's own convert("L") would clip them to white."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    stored = np.asarray(image)
    scale = find_full_scale(max(float(read_values(row).max()) for row in stored))
    bits = np.empty(stored.shape, np.uint8)
    for row, values in zip(bits, stored, strict=True):  # by rows, or floats of all of them would be here at once
        row[:] = np.clip(read_values(values) * (255 / scale), 0, 255).round()
    return Image.fromarray(bits)


def read_values(stored: NDArray[Any]) -> NDArray[np.float64]:
    """Return greys as finite numbers."""
    return np.nan_to_num(stored.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def find_full_scale(highest: float) -> float:
    """Return the value that means white: the least customary one (of 1, 8, 10, 12 or 16 bits) that holds them all."""
    return next((scale for scale in (1.0, 255.0, 1023.0, 4095.0, 65535.0) if highest <= scale), highest)
