"""What surrounds every from_pretrained: silence, and one kind of error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from pipeline.errors import ModelError


@contextlib.contextmanager
def loading(place: Path, *logs: Any) -> Iterator[None]:
    """Reads a model from `place`, `logs` being the logging modules of the libraries that do.

    They lose their progress bars, and for the while their warnings about what is done on purpose: a BERT as text
    encoder, no image encoder. What they raise over files of the wrong shape or kind becomes a ModelError.
    """
    before = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"The model in {place} could not be loaded: {first_line[:300]}") from error
    finally:
        for log, verbosity in zip(logs, before, strict=True):
            log.set_verbosity(verbosity)
