"""What both engines share: they draw one request at a time, and refuse what was made for another engine or size."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.engine.turns import Turns
from pipeline.errors import SettingError
from pipeline.models.profile import ModelProfile
from pipeline.request.presets import get_menu
from pipeline.values import GenerationRequest, StepPreview

OnStep = Callable[[StepPreview], None]


class DrawingEngine:
    """DrawingEngine has a profile and its menu, and draws one request at a time; the others wait."""

    def __init__(self, profile: ModelProfile) -> None:
        self.profile, self._menu = profile, get_menu(profile.name)
        self._turns = Turns(profile.title)

    @property
    def is_wanted(self) -> bool:
        """Return whether a picture waits that gives way to nobody: what gives way may end early for it."""
        return self._turns.is_wanted

    def retire(self, then: Callable[[], None]) -> None:
        """Stop drawing for good once the picture under way is finished; requests that wait get EngineChanged.

        `then` is called in between, to put another engine in this one's place.
        """
        self._turns.retire(then)

    def _expect_drawable(self, request: GenerationRequest) -> None:
        """Raise SettingError for a request of another engine or size: before the turn, so that nobody waits for it."""
        if request.engine != self.profile.name:
            raise SettingError(f"This request is for the engine {request.engine!r}; {self.profile.name!r} is loaded.")
        self._menu.expect_offered(request.sampling, request.conditioning, request.shortcuts)
        self._menu.expect_start(request.start is not None, request.sampling)
        self.profile.check_size(request.width, request.height)
