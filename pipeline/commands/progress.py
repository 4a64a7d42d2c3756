"""Tell on standard error how far a command is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pipeline.values import StepPreview


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
        self.show(f"{name}: step {step.step} of {step.of}")

    def tell(self, text: str) -> None:
        """Write a line that stays."""
        clear = f"\r{' ' * len(self._passing)}\r" if self._passing else ""
        self._stream.write(f"{clear}{text}\n")
        self._stream.flush()
        self._passing = ""
