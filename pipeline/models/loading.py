"""Surround every from_pretrained with silence, one lock and one kind of error."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from pipeline.errors import ModelError, quote_error

# One load at a time: transformers and accelerate build models on a "meta" device by patching torch for the whole
# process, so that two threads that load at once leave one of them with weights that hold no data.
LOAD_LOCK = threading.RLock()


@contextlib.contextmanager
def guard_loading(place: Path, *logs: Any) -> Iterator[None]:
    """Read a model from `place`, `logs` being the logging modules of the libraries that do.

    They lose their progress bars, and for the while their warnings about what is done on purpose: a BERT as text
    encoder, no image encoder. What they raise over files of the wrong shape or kind becomes a ModelError.
    """
    with LOAD_LOCK, silence_logs(logs):
        try:
            yield
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"The model in {place} could not be loaded: {quote_error(error)}") from error


@contextlib.contextmanager
def silence_logs(logs: Sequence[Any]) -> Iterator[None]:
    """Let the logging modules of diffusers or transformers report errors alone, and no progress bars."""
    before = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, verbosity in zip(logs, before, strict=True):
            log.set_verbosity(verbosity)
