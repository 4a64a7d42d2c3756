"""Teach a style from the command line: a folder of pictures in, a style in the library out."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.arguments import IMAGE_SUFFIXES, UsageError, make_command_parser
from pipeline.commands.draw import BAD_INPUT, DONE, ENGINE, STOPPED, USAGE
from pipeline.commands.progress import POLL, Progress
from pipeline.errors import CroquisError, ModelError, SettingError
from pipeline.settings import Settings, add_setting_options, read_given_settings
from pipeline.teaching.lesson import LEAST_PICTURES, MOST_PICTURES, STEPS_LIMIT

if TYPE_CHECKING:
    from pipeline.studio.studio import Studio
    from pipeline.studio.teacher import Teaching

DESCRIPTION = (
    f"Teach a style by {LEAST_PICTURES} to {MOST_PICTURES} pictures. It is in the library then, and its name goes to "
    "standard output. Stopped by hand (Ctrl+C) or killed, the same command goes on from where it was."
)
EXIT_CODES = """exit codes:
  0  the style is there
  2  usage: an option, or a setting of the machine, is wrong
  3  the pictures or the name cannot be used
  4  the model cannot be used, or something went wrong in it
  130  stopped by hand"""


def run_teach(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Teach what the command line asks for; return the exit code."""
    progress = Progress()
    try:
        given, settings = read_teach_arguments(arguments, environment)
        files = list_pictures(Path(given.folder).expanduser())
    except UsageError as error:
        progress.tell(str(error))
        return USAGE
    from pipeline.studio.studio import Studio

    try:
        return TeachCommand(Studio(settings), progress).run(files, given.output, given.steps)
    except CroquisError as error:  # the styles that come with Croquis are missing or broken
        progress.tell(str(error))
        return ENGINE


def read_teach_arguments(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[argparse.Namespace, Settings]:
    """Read the command line. Raises UsageError, SystemExit for --help."""
    parser = make_command_parser("teach", DESCRIPTION, EXIT_CODES)
    parser.add_argument("folder", metavar="FOLDER", help="folder of the pictures")
    parser.add_argument("-o", "--output", metavar="NAME", required=True, help="what the style is called")
    parser.add_argument(
        "--steps", type=int, metavar="N", help=f"how long it learns, 1 to {STEPS_LIMIT}; else by itself"
    )
    add_setting_options(parser.add_argument_group("the machine"))
    try:
        given = parser.parse_args(list(arguments))
        return given, read_given_settings(given, environment)
    except SettingError as error:
        raise UsageError(str(error)) from error


def list_pictures(folder: Path) -> list[Path]:
    """List the picture files of a folder, by name. Raises UsageError where it is none."""
    if not folder.is_dir():
        raise UsageError(f"The pictures are taken from a folder; there is none at {folder}.")
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())


class TeachCommand:
    """TeachCommand teaches one style and shows how far it is."""

    def __init__(self, studio: Studio, progress: Progress) -> None:
        self._studio, self._progress, self._teacher = studio, progress, studio.teacher

    def run(self, files: Sequence[Path], name: str, steps: int | None) -> int:
        """Teach the style; return the exit code."""
        try:
            self._progress.wait_for_models(self._studio)
            self._begin(files, name, steps)
        except ModelError as error:
            self._progress.tell(str(error))
            return ENGINE
        except CroquisError as error:
            self._progress.tell(str(error))
            return BAD_INPUT
        return self._watch()

    def _begin(self, files: Sequence[Path], name: str, steps: int | None) -> None:
        left = self._teacher.look()
        if left.state == "stopped" and left.name == name:
            self._progress.tell(f"Going on with “{name}”.")
            self._teacher.go_on()
            return
        self._teacher.begin([(file.name, file) for file in files], name, steps)

    def _watch(self) -> int:
        """Show how far it is until it ends; Ctrl+C stops it once what was learnt is kept."""
        before = signal.signal(signal.SIGINT, lambda *_: self._teacher.stop())
        try:
            while (shown := self._teacher.look()).state in ("looking", "learning"):
                self._progress.show(describe(shown))
                time.sleep(POLL)
        finally:
            signal.signal(signal.SIGINT, before)
        if shown.state == "done":
            print(shown.style, flush=True)
            self._progress.tell(f"“{shown.name}” is one of your styles now.")
            return DONE
        self._progress.tell(shown.message or "Stopped. The same command goes on from here.")
        return STOPPED if shown.state == "stopped" else ENGINE


def describe(shown: Teaching) -> str:
    """Say in one line how far it is."""
    if shown.state == "looking":
        return f"Looking at the pictures: {shown.step} of {shown.of}"
    left = "" if shown.seconds_left is None else f", {shown.seconds_left:.0f} s left"
    return f"Learning: {shown.step} of {shown.of}, loss {shown.loss:.3f}{left}"
