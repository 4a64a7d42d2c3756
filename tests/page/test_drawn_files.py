"""Served pictures: each at an address that nobody guesses, and within bounds of number and bytes."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.page.drawn_files import FOLDER, MOST_GONE, DrawnFiles

KILOBYTE = b"x" * 1_000


def list_files(cache: Path) -> set[str]:
    """List the files that lie on the disk."""
    return {str(file) for file in cache.rglob("*") if file.is_file()}


def test_equal_bytes_lie_at_addresses_of_their_own_below_our_folder(tmp_path: Path) -> None:
    files = DrawnFiles(str(tmp_path))
    first, second = files.keep_bytes(KILOBYTE, "fox.png"), files.keep_bytes(KILOBYTE, "../fox.png")
    assert Path(first).read_bytes() == KILOBYTE and Path(first).name == Path(second).name == "fox.png"
    assert first != second and {Path(each).parents[1] for each in (first, second)} == {tmp_path / FOLDER}
    copy = files.keep_file(Path(first))
    assert files.paths == list_files(tmp_path) == {first, second, copy}


def test_no_more_bytes_lie_there_than_there_is_room_for(tmp_path: Path) -> None:
    files = DrawnFiles(str(tmp_path), megabytes=0.0105)
    kept = [files.keep_bytes(KILOBYTE, "fox.png") for _ in range(25)]
    assert files.paths == list_files(tmp_path) == set(kept[-10:])
    assert len(list((tmp_path / FOLDER).iterdir())) == 10  # no empty folder stays
    large = files.keep_bytes(KILOBYTE * 20, "large.png")  # one that has no room by itself is served all the same
    assert list_files(tmp_path) == {large}


def test_no_more_files_lie_there_than_may(tmp_path: Path) -> None:
    files = DrawnFiles(str(tmp_path), most=4)
    kept = [files.keep_bytes(b"", "fox.png") for _ in range(9)]
    assert files.paths == list_files(tmp_path) == set(kept[-4:])


def test_what_an_earlier_process_left_is_counted_and_goes_in_time(tmp_path: Path) -> None:
    left = [DrawnFiles(str(tmp_path)).keep_bytes(KILOBYTE, "fox.png") for _ in range(3)]
    for age, file in enumerate(left):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))  # the last is the oldest
    files = DrawnFiles(str(tmp_path), most=3)
    made = files.keep_bytes(KILOBYTE, "fox.png")
    assert files.paths == list_files(tmp_path) == {*left[:2], made}  # Gradio deletes by these paths


def test_what_gradio_deleted_takes_no_room_and_leaves_no_folder(tmp_path: Path) -> None:
    files = DrawnFiles(str(tmp_path), megabytes=1)
    for path in [files.keep_bytes(KILOBYTE, "fox.png") for _ in range(MOST_GONE + 1)]:
        os.remove(path)
        files.paths.remove(path)
    kept = {files.keep_bytes(KILOBYTE, "fox.png") for _ in range(950)}
    assert list_files(tmp_path) == kept and len(list((tmp_path / FOLDER).iterdir())) == 950
