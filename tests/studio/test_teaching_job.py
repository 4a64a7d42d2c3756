"""A training's folder is there whole or not at all, whatever ends the program while another one begins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import StoreError
from pipeline.studio import teaching_job
from pipeline.studio.teaching_job import TeachingJob, make_facts


class Killed(BaseException):
    """The program ended here."""


def make_job(folder: Path, name: str, count: int) -> TeachingJob:
    images = [Image.new("RGB", (64, 64), (number, 0, 0)) for number in range(count)]
    return TeachingJob.make(folder, make_facts(name, ["a"] * count, "pocket", None), images)


def expect_whole(folder: Path, names: set[str | None]) -> None:
    job = TeachingJob.find(folder)
    assert (job.facts.name if job else None) in names
    assert job is None or len(job.read_images()) == job.facts.pictures


def kill_at(monkeypatch: pytest.MonkeyPatch, place: object, name: str, after: int) -> None:
    """End the program at the call number `after` of a function, before it does anything."""
    real: Callable[..., object] = getattr(place, name)
    calls = iter(range(after + 1))

    def call(*arguments: object, **options: object) -> object:
        if next(calls, after) == after:
            raise Killed
        return real(*arguments, **options)

    monkeypatch.setattr(place, name, call)


MOMENTS = [(shutil, "rmtree", 0), (shutil, "rmtree", 1), *((Image.Image, "save", n) for n in range(4))]
MOMENTS += [(teaching_job, "write_whole", 0), (Path, "replace", 0), (Path, "unlink", 0)]


@pytest.mark.parametrize(("place", "name", "after"), MOMENTS)
def test_a_kill_while_a_training_begins_leaves_one_that_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: object, name: str, after: int
) -> None:
    folder = tmp_path / "teaching"
    make_job(folder, "before", 5)
    with monkeypatch.context() as killed, pytest.raises(Killed):
        kill_at(killed, place, name, after)
        make_job(folder, "after", 4)
    expect_whole(folder, {"before", None})
    make_job(folder, "next", 3)
    expect_whole(folder, {"next"})


def test_a_kill_while_the_one_before_is_deleted_leaves_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "teaching"
    make_job(folder, "before", 5)

    def delete_one(path: Path, ignore_errors: bool = False) -> None:
        if path == folder:
            next(iter(sorted(path.glob("picture-*")))).unlink()
            raise Killed

    with monkeypatch.context() as killed, pytest.raises(Killed):
        killed.setattr(shutil, "rmtree", delete_one)
        make_job(folder, "after", 4)
    expect_whole(folder, {None})


def test_where_the_disk_is_full_the_training_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "teaching"
    make_job(folder, "before", 5)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(StoreError, match="disk"):
        full.setattr(teaching_job, "write_whole", refuse)
        make_job(folder, "after", 4)
    expect_whole(folder, {"before"})
