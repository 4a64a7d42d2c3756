"""Do what Croquis keeps something by, over and over, and say what the next start finds of it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from PIL import Image

from pipeline.errors import StoreError
from pipeline.models.checks import find_fault
from pipeline.models.hub import fetch_part
from pipeline.models.hub_cache import find_cached_revision, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart
from pipeline.picture.outputs import Outputs
from pipeline.picture.png_file import write_picture
from pipeline.settings import Settings
from pipeline.store import history as history_module
from pipeline.store.facts import gather_facts
from pipeline.store.keeper import Keeper
from pipeline.store.search import Wanted
from pipeline.studio.teaching_job import TeachingJob, make_facts
from pipeline.styles.library import StyleLibrary
from pipeline.teaching.checked_file import read_tensors, write_tensors
from tests.tools.hub_server import Hub, set_hub
from tests.tools.small_results import make_small_result
from tests.tools.style_folders import write_style

MOST = 8  # styles and pictures that are there at once
VISITOR = "desk"
MOST_DAYS = 10  # that the clock is put back at most
Known = dict[str, str]  # what there is, by its name


@dataclass(frozen=True)
class Step:
    """Step is one act: what it changes, and what is there after it; None where it is gone then."""

    name: str
    value: str | None
    before: str | None = None  # what is there until it is done
    between: bool = False  # whether for a while neither is there

    def list_ends(self) -> list[str | None]:
        """List what may be there where a kill ended the step."""
        return [self.before, self.value, *([None] if self.between else [])]


class Act(Protocol):
    """Act keeps things in a folder."""

    def find(self) -> Known:
        """Return what is there. Raises AssertionError where something is there and is not whole."""

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose what to do next; `name` is free."""

    def do(self, step: Step) -> None:
        """Do it. Once this returns it is acknowledged."""


class StyleAct:
    """StyleAct adds, renames and removes styles."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._library = StyleLibrary(offer_style(folder), folder / "added")

    def find(self) -> Known:
        """Return the words of each added style."""
        assert not self._library.problems, self._library.problems
        return {style.name: style.words[0] for style in self._library.all() if not style.builtin}

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose to add, to rename or to remove."""
        if not known or (len(known) < MOST and chance.random() < 0.5):
            return Step(name, f"words {name}")
        old = chance.choice(sorted(known))
        return Step(old, None if len(known) >= MOST or chance.random() < 0.5 else f"words {name}", known[old])

    def do(self, step: Step) -> None:
        """Add, rename or remove a style."""
        if step.before is None:
            self._library.add(make_noise(step.name), step.name, str(step.value))
            return
        id = next(style.id for style in self._library.all() if style.name == step.name)
        if step.value is None:
            self._library.remove(id)
        else:
            self._library.rename(id, step.name, step.value)


class PictureAct:
    """PictureAct writes pictures into a folder that the host chose."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._folder, self._outputs = folder / "outputs", Outputs(folder / "outputs")
        self._style = StyleLibrary(offer_style(folder), folder / "none").get("clay")

    def find(self) -> Known:
        """Return the words of each picture, which is opened whole."""
        found = {}
        for file in self._folder.glob("*.png"):
            with Image.open(file) as image:
                image.load()
                found[str(image.info["parameters"]).split("\n")[0].removesuffix(", clay")] = "whole"
        return found

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose to write another picture."""
        return Step(name, "whole")

    def do(self, step: Step) -> None:
        """Write a picture."""
        self._outputs.write_picture(make_small_result(self._style, step.name))


class HistoryAct:
    """HistoryAct keeps pictures in the history, gives stars and deletes, while the clock goes back at each start."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._style = StyleLibrary(offer_style(folder), folder / "none").get("clay")
        put_clock_back(timedelta(days=given["chance"].uniform(0, MOST_DAYS)))
        self._keeper = Keeper(Settings(user_dir=folder), lambda id: id)

    def find(self) -> Known:
        """Return whether each picture has a star; its file is that which was kept."""
        history = self._keeper.open()
        self._keeper.wait()  # what a killed program left without a row comes in after the opening
        pictures = self._list()
        for each in pictures:
            history.read_picture(VISITOR, each.id)
        assert not self._keeper.fault, self._keeper.fault
        return {each.words: "star" if each.favourite else "kept" for each in pictures}

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose to keep, to give a star or to delete."""
        if not known or (len(known) < MOST and chance.random() < 0.5):
            return Step(name, "kept")
        old = chance.choice(sorted(known))
        is_plain = len(known) < MOST and known[old] == "kept"
        return Step(old, "star" if is_plain and chance.random() < 0.5 else None, known[old])

    def do(self, step: Step) -> None:
        """Keep a picture, give it a star or delete it."""
        if step.before is None:
            result = make_small_result(self._style, step.name)
            self._keeper.keep(write_picture(result), gather_facts(result), VISITOR)
            self._keeper.flush()
            if self._keeper.fault:
                raise StoreError(self._keeper.fault)
            return
        id = next(each.id for each in self._list() if each.words == step.name)
        if step.value is None:
            self._keeper.open().delete(VISITOR, [id])
        else:
            self._keeper.open().set_favourite(VISITOR, id, True)

    def _list(self) -> list[Any]:
        """List the pictures of all pages."""
        pictures, before, is_last = [], None, False
        while not is_last:
            found = self._keeper.open().find(VISITOR, Wanted(before=before))
            pictures += found.pictures
            before, is_last = found.before, found.before is None
        return pictures


class TeachingAct:
    """TeachingAct begins trainings and writes their checkpoints."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._folder = folder / "teaching"

    def find(self) -> Known:
        """Return what is taught and after which checkpoint it goes on; its pictures can be read."""
        job = TeachingJob.find(self._folder)
        if job is None:
            return {}
        assert len(job.read_images()) == job.facts.pictures
        read = [read_tensors(file) for file in self._list_checkpoints()]
        assert None not in read, "a checkpoint is damaged"
        return {"job": f"{job.facts.name}:{read[-1][1]['step'] if read and read[-1] else 0}"}

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose to begin a training in the place of the last, or to go on with it."""
        before = known.get("job")
        if before is None or chance.random() < 0.3:
            return Step("job", f"{name}:0", before, between=True)
        title, step = before.split(":")
        return Step("job", f"{title}:{int(step) + 1}", before)

    def do(self, step: Step) -> None:
        """Begin, or write a checkpoint."""
        title, done = str(step.value).split(":")
        if done == "0":
            images = [make_noise(f"{title} {number}") for number in range(3)]
            TeachingJob.make(self._folder, make_facts(title, ["a"] * 3, "pocket", None), images)
            return
        write_tensors(self._folder / f"checkpoint-{int(done):08d}.tensors", {"w": torch.ones(5_000)}, {"step": done})
        for old in self._list_checkpoints()[:-2]:
            old.unlink()

    def _list_checkpoints(self) -> list[Path]:
        return sorted(self._folder.glob("checkpoint-*.tensors"))


class DownloadAct:
    """DownloadAct fetches a model's files from a Hub of this machine's own, and takes them away again."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._part: ModelPart = given["part"]
        monkeypatch = pytest.MonkeyPatch()
        set_hub(Hub(address=given["hub"]), folder / "cache", monkeypatch)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # whatever the environment says

    def find(self) -> Known:
        """Return whether the model is here, each of its files by its hash."""
        commit = find_cached_revision(self._part)
        if commit is None:
            return {}
        faults = [find_fault(snapshot_folder(self._part, commit) / file.path, file) for file in self._part.files]
        assert not any(faults), faults
        return {"part": "whole"}

    def choose(self, known: Mapping[str, str], name: str, chance: random.Random) -> Step:
        """Choose to fetch it, or to take it away."""
        return Step("part", None, "whole") if known else Step("part", "whole")

    def do(self, step: Step) -> None:
        """Fetch it, or take it away."""
        if step.value is None:
            shutil.rmtree(repo_folder(self._part))
        else:
            fetch_part(self._part)


ACTS = {
    "styles": StyleAct,
    "pictures": PictureAct,
    "history": HistoryAct,
    "training": TeachingAct,
    "download": DownloadAct,
}


def offer_style(folder: Path) -> Path:
    """Return the folder of the styles that came with the program, made where it is missing."""
    if not (folder / "builtin").exists():
        write_style(folder / "builtin", "clay")
    return folder / "builtin"


def make_noise(name: str) -> Image.Image:
    """Make a picture of 128 px that differs from name to name."""
    return Image.frombytes("RGB", (16, 16), random.Random(name).randbytes(768)).resize((128, 128))


def put_clock_back(by: timedelta) -> None:
    """Let the history believe that it is earlier than it is."""

    class EarlierDatetime(datetime):
        @classmethod
        def now(cls, tz: Any = UTC) -> datetime:
            return datetime.now(tz) - by

    history_module.datetime = EarlierDatetime  # type: ignore[misc]
