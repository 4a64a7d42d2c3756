"""`python app.py draw`: a drawing or a folder in, PNG files out, exit codes, nothing heavy for --help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.arguments import UsageError, read_draw_arguments
from pipeline.commands.draw import BAD_INPUT, DONE, ENGINE, USAGE, run_draw
from pipeline.request.inputs import DRAW_INPUTS
from pipeline.settings import ROOT
from tests.test_house import HEAVY
from tests.tools.image_files import draw_fox, encode_png

POCKET = {"CROQUIS_PROFILE": "pocket", "HF_HUB_OFFLINE": "1"}
LIMIT = 120  # seconds


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a drawing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fox.png").write_bytes(encode_png(draw_fox()))
    return tmp_path


def run(*arguments: str) -> int:
    return run_draw(arguments, {"CROQUIS_PROFILE": "pocket", "CROQUIS_USER_DIR": str(Path.cwd() / "user")})


def run_program(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        cwd=folder,
        env={**os.environ, **POCKET, "CROQUIS_USER_DIR": str(folder / "user"), **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


@pytest.mark.slow
def test_a_drawing_becomes_the_picture_that_a_call_gives(desk: Path) -> None:
    done = run_program(desk, "draw", "fox.png", "-o", "out.png", "a fox", "--seed", "7", "--style", "comic")
    assert (done.returncode, done.stdout) == (DONE, "out.png\n"), done.stderr
    assert "fox.png: drawn in" in done.stderr and "Traceback" not in done.stderr
    from pipeline.picture.png_file import write_picture
    from pipeline.settings import read_settings
    from pipeline.studio.calls import draw_call, read_call
    from pipeline.studio.studio import Studio

    studio = Studio(read_settings(["--user-dir", str(desk / "own")], {"CROQUIS_PROFILE": "pocket"}))
    call = read_call({"sketch": desk / "fox.png", "prompt": "a fox", "seed": 7, "style": "comic"})
    (result,) = draw_call(studio, call)
    assert (desk / "out.png").read_bytes() == write_picture(result)


@pytest.mark.slow
def test_a_folder_gives_a_folder_and_tells_what_failed(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (drawings := desk / "drawings").mkdir()
    for name in ("a.png", "b.png", "b.gif"):
        (drawings / name).write_bytes((desk / "fox.png").read_bytes() if name != "b.png" else b"no picture")
    (drawings / "notes.txt").touch()
    assert run("drawings", "-o", "pictures", "--json", "--seed", "1", "--count", "2") == BAD_INPUT
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    written = {file.name for file in (desk / "pictures").iterdir()}
    assert written == {"a.png", "a-2.png", "b.gif.png", "b.gif-2.png"} == {Path(line["picture"]).name for line in lines}
    assert [line["details"]["seed"] for line in lines] == [1, 2, 1, 2]
    assert "b.png: This drawing is not an image" in said.err


@pytest.mark.slow
def test_strokes_are_drawn(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = next((ROOT / "assets" / "examples").glob("*fox.json"))
    (desk / "fox.json").write_text(json.dumps(json.loads(example.read_text(encoding="utf-8"))["canvas"]))
    assert run("--strokes", "fox.json", "a fox") == DONE
    assert capsys.readouterr().out == "fox-picture.png\n" and (desk / "fox-picture.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], USAGE, "A drawing is needed"),
        (["fox.png", "a", "fox"], USAGE, "put the prompt in quotes"),
        (["fox.png", "--sede", "7"], USAGE, "--sede"),
        (["fox.png", "--profile", "sdxl"], USAGE, "profile"),
        (["fox.png", "-o", "fox.jpg"], USAGE, "PNG files"),
        (["fox.png", "-o", "fox.png"], USAGE, "would replace the drawing"),
        (["."], USAGE, "another folder"),
        ([".", "-o", "fox.png"], USAGE, "another folder"),
        (["empty", "-o", "pictures"], USAGE, "no image file"),
        (["nothing.png"], BAD_INPUT, "cannot be read"),
        (["fox.png", "--seed", "many"], BAD_INPUT, "'many' came"),
        (["fox.png", "--num-inference-steps", "51"], BAD_INPUT, "from 1 to 50"),
        (["fox.png", "--mask", "nothing.png"], BAD_INPUT, "mask's file cannot be read"),
        (["--strokes", "fox.png"], BAD_INPUT, "cannot be read"),
        (["fox.png", "--assets", "empty"], ENGINE, "pocket"),
    ],
)
def test_what_is_wrong_is_told_with_an_exit_code(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: int, words: str
) -> None:
    (desk / "empty").mkdir()
    assert run(*arguments) == code
    said = capsys.readouterr()
    assert words in said.err and said.out == "" and not list(desk.glob("*-picture.png"))


def test_every_input_has_an_option_that_reaches_the_call(desk: Path) -> None:
    options: list[str] = []
    expected: dict[str, Any] = {"prompt": "a fox"}
    for each in DRAW_INPUTS:
        if each.name not in ("sketch", "prompt", "strokes", "mask"):
            options += [f"--{each.name.replace('_', '-')}", "1"]
            expected[each.name] = "1" if each.number is None else 1
    asked = read_draw_arguments(["fox.png", *options, "a fox", "--mask", "m.png"], {})
    assert asked.inputs == expected and asked.mask == Path("m.png")
    with pytest.raises(UsageError):
        read_draw_arguments(["--no-such-option", "1"], {})


def test_help_imports_nothing_heavy_and_tells_the_exit_codes(desk: Path) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['app.py', 'draw', '--help']; sys.path.insert(0, {str(ROOT)!r})\n"
        f"try: runpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')\n"
        f"except SystemExit as end: print(end.code, sorted({HEAVY | {'numpy', 'PIL'}} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, timeout=LIMIT)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert "exit codes:" in done.stdout and "--num-inference-steps" in done.stdout and "CROQUIS_DEVICE" in done.stdout
