"""Read and write the part of the picture that wears other styles, as the page keeps it: a mask as PNG, and styles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, ValidationError

from pipeline.errors import SettingError
from pipeline.page import view
from pipeline.page.sent_file import decode_base64
from pipeline.request.notation import write_mix
from pipeline.sketch.image_file import open_image
from pipeline.strict_json import StrictModel, describe_first_fault
from pipeline.values import Sketch, StyleMask

URL = "data:image/png;base64,"
LIMIT = 3_000_000  # characters


class PartValue(StrictModel):
    """PartValue is what the page sends: a mask over the picture, white where the styles are worn."""

    mask: Annotated[str, Field(max_length=LIMIT, pattern=f"^{URL}")]
    style: Annotated[str, Field(min_length=1, max_length=2_000)]


@dataclass(frozen=True, eq=False)
class StyledPart:
    """StyledPart is a part of the picture with its styles, as an order takes them."""

    mask: NDArray[np.uint8] | None = None  # (H, W), 255 where the styles are worn; it lies over the drawing
    mask_style: str = ""


def read_part(text: object, sketch: Sketch, size: tuple[int, int]) -> StyledPart:
    """Read the page's value; "" is no part. Its mask lies over the picture of `size` (width, height in px).

    Raises SettingError or SketchError.
    """
    if not text:
        return StyledPart()
    if not isinstance(text, str) or len(text) > LIMIT:
        raise SettingError("The part that wears another style is a mask and a style; something else came.")
    try:
        value = PartValue.model_validate_json(text)
    except ValidationError as error:
        raise SettingError(f"The brushed part cannot be read: {describe_first_fault(error)}.") from error
    mask = open_image(decode_base64(value.mask.removeprefix(URL)), "mask").convert("L")
    return StyledPart(crop_to_drawing(mask, sketch, size), value.style)


def crop_to_drawing(mask: Image.Image, sketch: Sketch, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return what of a mask over the whole picture lies over the drawing, which may be narrower."""
    from pipeline.sketch.edges import Frame

    height, width = sketch.pixels.shape[:2]
    frame = Frame.letterbox(width, height, *size)
    fitted = np.asarray(mask.resize(size, Image.Resampling.BILINEAR))
    across, down = frame.inner
    return np.ascontiguousarray(fitted[frame.top : frame.top + down, frame.left : frame.left + across])


def write_part(mask: StyleMask | None) -> str:
    """Write a request's mask as the page keeps it; "" where it has none. `read_part` reads the same back."""
    if mask is None:
        return ""
    style = write_mix(tuple((style.id, weight) for style, weight in mask.styles.parts))
    return json.dumps({"mask": view.make_data_url(Image.fromarray(mask.pixels), "png"), "style": style})
