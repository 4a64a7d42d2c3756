"""Draw pictures from the command line: a drawing or a folder of them in, PNG files out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.arguments import DrawArguments, Job, UsageError, read_draw_arguments
from pipeline.commands.progress import Progress
from pipeline.errors import EngineChanged, OutOfMemory, SettingError, SketchError, StyleError
from pipeline.studio.messages import explain_error

if TYPE_CHECKING:
    from pipeline.studio.calls import Call
    from pipeline.studio.studio import Studio
    from pipeline.values import GenerationResult

DONE, USAGE, BAD_INPUT, ENGINE, STOPPED = 0, 2, 3, 4, 130  # exit codes
PEOPLES = (SettingError, SketchError, StyleError)  # what is wrong with an input; other errors are the engine's


def run_draw(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Draw what the command line asks for; return the exit code."""
    progress = Progress()
    try:
        asked = read_draw_arguments(arguments, environment)
    except (UsageError, SettingError) as error:
        progress.tell(str(error))
        return USAGE if isinstance(error, UsageError) else BAD_INPUT
    try:
        from pipeline.studio.studio import Studio

        return DrawCommand(Studio(asked.settings), asked, progress).run()
    except KeyboardInterrupt:
        progress.tell("Stopped.")
        return STOPPED
    except StyleError as error:  # the styles that come with Croquis are missing or broken
        progress.tell(str(error))
        return ENGINE


class DrawCommand:
    """DrawCommand draws the jobs of one command line, one after the other."""

    def __init__(self, studio: Studio, asked: DrawArguments, progress: Progress) -> None:
        self._studio, self._asked, self._progress = studio, asked, progress

    def run(self) -> int:
        """Draw every job; return the exit code. What is wrong with one drawing does not keep the others from it."""
        code = DONE
        for job in self._asked.jobs:
            try:
                self._draw(job)
            except Exception as error:  # the edge of the program: every error becomes words and an exit code
                self._progress.tell(f"{job.drawing}: {explain_error(error)}")
                if find_exit_code(error) == ENGINE:
                    return ENGINE
                code = BAD_INPUT
        return code

    def _draw(self, job: Job) -> None:
        """Draw one job and write its pictures."""
        from pipeline.studio.calls import draw_call, read_call, read_order

        started = time.monotonic()
        call: Call = read_call(self._read_files(job) | dict(self._asked.inputs))
        read_order(self._studio, call)  # before the models are loaded: a wrong number need not wait for them
        self._progress.wait_for_models(self._studio)
        results = draw_call(self._studio, call, on_step=partial(self._progress.show_step, job.drawing.name))
        for number, result in enumerate(results, start=1):
            self._write(result, job, number)
        self._progress.tell(f"{job.drawing}: drawn in {time.monotonic() - started:.1f} s")

    def _read_files(self, job: Job) -> dict[str, object]:
        """Return the drawing and the mask as inputs. Raises SketchError for a file that cannot be read."""
        mask = {} if self._asked.mask is None else {"mask": self._asked.mask}
        if not self._asked.are_strokes:
            return {"sketch": job.drawing, **mask}
        try:
            return {"strokes": job.drawing.read_text(encoding="utf-8"), **mask}
        except (OSError, UnicodeError) as error:
            raise SketchError(f"The drawing's file cannot be read: {error}.") from error

    def _write(self, result: GenerationResult, job: Job, number: int) -> None:
        """Write a picture's file and say where it lies. Raises SettingError where it cannot be written."""
        from pipeline.studio.answers import describe_result

        file = name_picture(job.picture, number)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._studio.outputs.encode_picture(result))
        except OSError as error:
            raise SettingError(f"The picture cannot be written to {file}: {error.strerror}.") from error
        line = {"drawing": str(job.drawing), "picture": str(file), "details": describe_result(result)}
        print(json.dumps(line) if self._asked.as_json else file, flush=True)


def name_picture(first: Path, number: int) -> Path:
    """Return the file of the picture of that number: the first, from the second on with the number behind its name."""
    return first if number == 1 else first.with_stem(f"{first.stem}-{number}")


def find_exit_code(error: Exception) -> int:
    """Return the exit code of what went wrong with one drawing."""
    is_input = isinstance(error, PEOPLES) and not isinstance(error, EngineChanged | OutOfMemory)
    return BAD_INPUT if is_input else ENGINE
