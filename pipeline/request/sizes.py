"""Choose a picture's size after the sheet that it is drawn on."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from pipeline.errors import SettingError

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile
    from pipeline.request.presets import Menu

TRUE = 24.0  # how much more proportions weigh than area
MOST_AREA = 1.8  # times the area that the engine draws by default


def choose_size(profile: ModelProfile, menu: Menu, sheet: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height (px) that suit a sheet of that width and height: its proportions, the usual area.

    A sheet of the usual proportions has the usual size.
    """
    wanted, usual = math.log(sheet[0] / sheet[1]), profile.width * profile.height
    if math.isclose(wanted, math.log(profile.width / profile.height)):
        return profile.size

    def measure_miss(size: tuple[int, int]) -> float:
        width, height = size
        return TRUE * abs(math.log(width / height) - wanted) + abs(math.log(width * height / usual))

    sides = range(menu.least_side, profile.max_side + 1, menu.side_step)
    offered = [
        size for size in product(sides, sides) if size[0] * size[1] <= MOST_AREA * usual and is_drawn(profile, *size)
    ]
    return min(offered, key=measure_miss)


def is_drawn(profile: ModelProfile, width: int, height: int) -> bool:
    """Return whether the engine draws pictures of that size in px."""
    try:
        profile.check_size(width, height)
    except SettingError:
        return False
    return True
