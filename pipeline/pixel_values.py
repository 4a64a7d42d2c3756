"""Compare and check values that hold pixels."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # see pipeline/hints.py
    import numpy as np
    from numpy.typing import NDArray


class PixelValue:
    """PixelValue is a value whose pixels, and all else that it holds, say whether another equals it."""

    def _list_parts(self) -> tuple[Any, ...]:
        import numpy as np

        held = (getattr(self, each.name) for each in fields(self))  # type: ignore[arg-type]
        return tuple((each.shape, each.tobytes()) if isinstance(each, np.ndarray) else each for each in held)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._list_parts() == other._list_parts()

    def __hash__(self) -> int:
        return hash(self._list_parts())


def describe_size(pixels: NDArray[np.uint8]) -> str:
    """Return the size of pixels (H, W, ...) as people write it: "512 x 384"."""
    return f"{pixels.shape[1]} x {pixels.shape[0]}"


def expect_array(array: object, what: str, dimensions: int, dtype: type) -> None:
    """Raise TypeError unless `array`, called `what`, is a filled array of that many dimensions and that dtype."""
    import numpy as np

    if not isinstance(array, np.ndarray) or array.ndim != dimensions or array.dtype != dtype or array.size == 0:
        came = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"Expected {what} as a {dimensions}-d {np.dtype(dtype)} array, got {came}.")


def expect_picture(pixels: NDArray[np.uint8], what: str, error: type[Exception]) -> None:
    """Raise TypeError, or `error` for other channels, unless `pixels`, called `what`, are RGB, (H, W, 3)."""
    import numpy as np

    expect_array(pixels, what, 3, np.uint8)
    if pixels.shape[2] != 3:
        raise error(f"{what.capitalize()} has 3 colour channels; this one has {pixels.shape[2]}.")
