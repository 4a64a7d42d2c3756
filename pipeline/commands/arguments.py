"""Read the command line of `python app.py draw`: what is to be drawn, where it goes, how, and on which machine."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CroquisError, SettingError
from pipeline.request.inputs import DRAW_INPUTS, read_text
from pipeline.settings import OptionParser, Settings, add_setting_options, read_given_settings

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff", ".avif")
POSITIONAL = ("sketch", "prompt")
DESCRIPTION = "Draw one picture, or one of each drawing in a folder. The paths of the pictures go to standard output."
USAGE = """python app.py draw [options] DRAWING [PROMPT]
       python app.py draw [options] FOLDER [PROMPT] -o FOLDER
       python app.py draw [options] --strokes FILE.json [PROMPT]"""
STROKES = "JSON file of the drawing as the page's canvas keeps it, in place of DRAWING."
EXIT_CODES = """exit codes:
  0  every picture was drawn
  2  usage: an option, or a setting of the machine, is wrong
  3  a drawing, a word or a number cannot be used; of a folder the other drawings were drawn
  4  the model cannot be used, or something went wrong in it
  130  stopped by hand"""


class UsageError(CroquisError):
    """The command line is not what the command takes."""


@dataclass(frozen=True)
class Job:
    """Job is one drawing and the file that its first picture goes to."""

    drawing: Path
    picture: Path


@dataclass(frozen=True)
class DrawArguments:
    """DrawArguments holds a checked command line; the inputs are not looked into yet."""

    jobs: tuple[Job, ...]
    are_strokes: bool  # the drawing is the canvas's JSON
    inputs: Mapping[str, object]  # those of DRAW_INPUTS that were given, without the drawing
    mask: Path | None
    as_json: bool
    settings: Settings


def read_draw_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> DrawArguments:
    """Read the command line. Raises UsageError, SettingError for the value of an input, SystemExit for --help."""
    parser = make_parser()
    try:
        given = parser.parse_intermixed_args(list(arguments))  # options may stand between the words
        settings = read_given_settings(given, environment)
    except SettingError as error:
        raise UsageError(str(error)) from error
    words = list(given.words)
    drawing = given.strokes or (words.pop(0) if words else None)
    if drawing is None:
        raise UsageError("A drawing is needed: an image file, a folder of them, or --strokes FILE.json.")
    if len(words) > 1:
        raise UsageError(f"One drawing and one prompt are taken; put the prompt in quotes. {words[1]!r} came too.")
    texts = {
        each.name: getattr(given, each.name)
        for each in DRAW_INPUTS
        if each.name not in (*POSITIONAL, "strokes", "mask") and getattr(given, each.name) is not None
    }
    return DrawArguments(
        jobs=plan_jobs(Path(drawing).expanduser(), None if given.output is None else Path(given.output).expanduser()),
        are_strokes=given.strokes is not None,
        inputs={"prompt": words[0] if words else ""} | {name: read_text(name, text) for name, text in texts.items()},
        mask=None if given.mask is None else Path(given.mask),
        as_json=given.json,
        settings=settings,
    )


def make_command_parser(command: str, description: str, exit_codes: str, usage: str | None = None) -> OptionParser:
    """Make the parser of one of app.py's commands, without options so far."""
    return OptionParser(
        prog=f"python app.py {command}",
        usage=usage,
        description=description,
        epilog=exit_codes,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def make_parser() -> argparse.ArgumentParser:
    """Make the parser: an option for each input of a drawing and each setting of the machine."""
    parser = make_command_parser("draw", DESCRIPTION, EXIT_CODES, USAGE)
    parser.add_argument("words", nargs="*", metavar="DRAWING [PROMPT]", help="image file or folder, and what it shows")
    parser.add_argument("-o", "--output", metavar="PATH", help="PNG file, or folder; else DRAWING-picture.png, here")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each picture: its details")
    picture = parser.add_argument_group("the picture")
    for each in DRAW_INPUTS:
        if each.name not in POSITIONAL:
            kind = "FILE" if each.is_file or each.name == "strokes" else "VALUE"
            words = (
                "JSON file of the drawing as the page's canvas keeps it." if each.name == "strokes" else each.meaning
            )
            option = f"--{each.name.replace('_', '-')}"
            picture.add_argument(option, dest=each.name, metavar=kind, help=words.replace("%", "%%"))
    add_setting_options(parser.add_argument_group("the machine"))
    return parser


def plan_jobs(drawing: Path, output: Path | None) -> tuple[Job, ...]:
    """Say which drawings are drawn and where their pictures go. Raises UsageError."""
    if drawing.is_dir():
        return plan_folder(drawing, output)
    if output is None:
        output = Path(f"{drawing.stem}-picture.png")
    elif output.is_dir():
        output /= f"{drawing.stem}.png"
    if output.suffix.lower() != ".png":
        raise UsageError(f"Pictures are PNG files; {output.name!r} is none.")
    if output.resolve() == drawing.resolve():
        raise UsageError("The picture would replace the drawing; give another name with -o.")
    return (Job(drawing, output),)


def plan_folder(folder: Path, output: Path | None) -> tuple[Job, ...]:
    """Plan a job for each image file of a folder. Raises UsageError."""
    if output is None or output.is_file() or output.resolve() == folder.resolve():
        raise UsageError("Pictures of a folder go to another folder: -o FOLDER.")
    drawings = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    if not drawings:
        raise UsageError(f"There is no image file in {folder}; these are read: {', '.join(IMAGE_SUFFIXES)}.")
    stems = [file.stem for file in drawings]
    names = [f"{file.stem if stems.count(file.stem) == 1 else file.name}.png" for file in drawings]
    return tuple(Job(file, output / name) for file, name in zip(drawings, names, strict=True))
