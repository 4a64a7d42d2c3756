"""Tell on standard error how far a command is."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from pipeline.errors import ModelError

if TYPE_CHECKING:
    from pipeline.studio.studio import Studio
    from pipeline.values import StepPreview

POLL = 0.1  # seconds between two looks at how far something is


class Progress:
    """Progress writes what is going on: on a terminal over one line, else the lines that stay alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._passing = ""

    def show(self, text: str) -> None:
        """Show what goes on now; a terminal alone shows it."""
        if self._stream.isatty() and text != self._passing:
            self._stream.write(f"\r{text:<{len(self._passing)}}")
            self._stream.flush()
            self._passing = text

    def show_step(self, name: str, step: StepPreview) -> None:
        """Show how far the drawing of that name is."""
        self.show(f"{name}: {'second pass, ' if step.is_second else ''}step {step.step} of {step.of}")

    def wait_for_models(self, studio: Studio) -> None:
        """Load the models of a studio and show how far that is. Raises ModelError where they cannot be loaded."""
        studio.start_loading()
        while not ((state := studio.loading).ready or state.error):
            self.show(f"{state.stage}: {state.fraction:.0%}")
            time.sleep(POLL)
        if state.error:
            raise ModelError(state.error)

    def tell(self, text: str) -> None:
        """Write a line that stays."""
        clear = f"\r{' ' * len(self._passing)}\r" if self._passing else ""
        self._stream.write(f"{clear}{text}\n")
        self._stream.flush()
        self._passing = ""
