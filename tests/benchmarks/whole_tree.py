"""Draw with every feature of SD 1.5 through the running app: python -m tests.benchmarks.whole_tree FOLDER [--small].

FOLDER is a tree that tests/tools/sd15_tree.py wrote; with --small, a small one is written there first. `python app.py`
runs on it and is spoken to by Gradio's client, as anybody's program would. Each picture has to have its size and
something in it, to be another one than without its feature, to be told as it was asked, and the app's log to hold no
fault. Rows: seconds on the clock and of the processor, the app's peak resident megabytes, and what is wrong, if
anything is. --only names the features by a piece of their names; --keep a folder for what was drawn right, from which
another run goes on; --brief leaves out what goes the way of another feature through the code and is tested elsewhere
(Feature.repeats says where). The status is 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from gradio_client import Client
from gradio_client.exceptions import AppError
from huggingface_hub.constants import HF_HUB_CACHE

from pipeline.models.catalog import SD15
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.identified import FileKind
from pipeline.page.own_files_panel import KINDS
from tests.benchmarks.kept_rows import KeptRows
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.benchmarks.tree_features import MODELS, PLAIN, TAUGHT, Feature, choose, list_features, list_of_model
from tests.benchmarks.tree_files import Files, Picture
from tests.tools.own_folders import LAYOUTS, write_own_folders
from tests.tools.own_models import write_own_models
from tests.tools.page_events import PageEvents
from tests.tools.serving import Server, run_app
from tests.tools.taught_pictures import write_pictures

USUAL = {"prompt": "a red fox", "style": "comic", "preset": "best", "seed": 7}
FAULTS = re.compile(r"Traceback|RuntimeWarning|overflow|\bnan\b|CRITICAL|ERROR", re.IGNORECASE)
MADE_FROM: tuple[FileKind, ...] = ("checkpoint", "vae")  # what own_models.py makes others from
LIMIT = 1_800  # seconds that anything may take


class Run:
    """Run draws features by a running app, and looks at what comes."""

    def __init__(self, server: Server, room: Path, asked: argparse.Namespace) -> None:
        self.client = Client(server.url, verbose=False, download_files=room / "downloads", analytics_enabled=False)
        self.events = PageEvents(server.url, server.host_url)
        self.files, self.kept, self._side = Files(room, asked.side), KeptRows(asked.keep), asked.side
        self._usual = {**USUAL, "width": asked.side, "height": asked.side, "num_inference_steps": asked.steps}
        self._log, self._process = server.log, psutil.Process(server.process.pid)
        self._read = 0  # bytes of the log

    def measure(self, name: str, work: Callable[[], list[str]]) -> Row:
        """Do something, and return its row: what it took, and what was wrong."""
        print_progress(name)
        begin_peak(self._process.pid)
        clock, processor = time.monotonic(), sum(self._process.cpu_times()[:2])
        try:
            faults = work()
        except Exception as error:  # noqa: BLE001 - whatever failed is its row's, and the others go on
            faults = [f"{type(error).__name__}: {error}"]
        row: Row = {"what": name, "s": round(time.monotonic() - clock, 1)}
        row["processor_s"] = round(sum(self._process.cpu_times()[:2]) - processor, 1)
        row["peak_mb"] = read_peak(self._process.pid)
        faults += self._read_log()
        return row | {"wrong": "; ".join(faults)} if faults else row

    def draw_row(self, feature: Feature) -> Row:
        """Draw a feature's picture and return its row; a kept one is not drawn again."""
        if (found := self.kept.find(feature.name)) is not None:
            row, path, details = found
            if path is not None:
                self.files.keep(feature.name, Picture(path, details))
            return row
        row = self.measure(feature.name, lambda: self.draw(feature))
        if "wrong" not in row:
            picture = self.files.find(feature.name)
            self.kept.add(row, *((picture.path, picture.details) if picture else ()))
        return row

    def draw(self, feature: Feature) -> list[str]:
        """Draw a feature's picture and return what is wrong with it."""
        inputs = {"sketch": self.files.send("drawing"), **self._usual}
        inputs |= {name: self.files.fill(value) for name, value in feature.inputs.items()}
        try:
            path, details = self.client.predict(**inputs, api_name="/draw")
        except AppError as error:
            return [] if feature.refused and feature.refused in str(error) else [f"refused: {error}"]
        if feature.refused:
            return [f"drawn, where “{feature.refused}” was to be said"]
        picture = Picture(Path(path), details)
        faults = picture.list_faults(feature, (self._side, self._side))
        faults += self.files.compare(feature, picture)
        self.files.keep(feature.name, picture)
        return faults

    def add_style(self) -> list[str]:
        """Add a style of one's own, which a feature wears."""
        added = self.client.predict(image=self.files.send("own"), name="Stripes", words="", api_name="/add_style")
        self.files.styles["own style"] = added["id"]
        return []

    def list_own(self) -> list[str]:
        """Look whether the page lists each layout's files, and each wrong file with its sentence."""
        from tests.models.wrong_files import WRONG_FILES

        shown = self.events.send("own-files", "look")
        missing = [
            f"{layout}-{kind} is not listed"
            for layout, kinds in LAYOUTS.items()
            for kind in kinds
            if kind in KINDS and f"{layout}-{kind}" not in [each["name"] for each in shown[kind]]
        ]
        said = [f"{each.name}: {each.said}" for each in WRONG_FILES if not is_told(each, shown["faults"])]
        return missing + said

    def change_model(self, model: str, vae: str) -> list[str]:
        """Let a model and a VAE draw from now on, as the page does."""
        shown = self.events.send("own-files", "choose", model=model, vae=vae)
        wrong = [] if shown["present"] == {"model": model, "vae": vae} else [f"{shown['present']} draws"]
        return wrong + ([shown["message"]] if shown["message"] else [])

    def teach(self, steps: int, folder: Path) -> list[str]:
        """Teach a style, stop on the way, go on to the end, and keep its id for the picture that wears it."""
        pictures = [self.files.upload(file) for file in write_pictures(folder, 3)]
        self.client.predict(pictures=pictures, name=TAUGHT, steps=steps, api_name="/teach_style")
        self._wait_for_lesson(lambda told: told["state"] == "learning" and told["step"] >= 1)
        self.client.predict(action="stop", api_name="/teaching")
        stopped = self._wait_for_lesson(lambda told: told["state"] not in ("looking", "learning"))
        self.client.predict(action="go_on", api_name="/teaching")
        done = self._wait_for_lesson(lambda told: told["state"] in ("done", "failed"))
        self.files.styles[TAUGHT] = done["style"]
        faults = [] if done["state"] == "done" and done["step"] == steps else [f"taught: {done}"]
        return faults + ([] if stopped["state"] == "stopped" and stopped["step"] < steps else [f"stopped: {stopped}"])

    def _wait_for_lesson(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            told: dict[str, Any] = self.client.predict(action="look", api_name="/teaching")
            if holds(told) or told["state"] in ("failed", "done"):
                return told
            time.sleep(0.05)
        raise TimeoutError(f"Teaching did not come so far in {LIMIT} s: {told}")

    def _read_log(self) -> list[str]:
        """Return the lines of the app's log since the last look that tell of a fault."""
        new = self._log.read_bytes()[self._read :]
        self._read += len(new)
        return [f"log: {line[:200]}" for line in new.decode(errors="replace").splitlines() if FAULTS.search(line)]


def is_told(wrong: Any, faults: Sequence[str]) -> bool:
    """Return whether a wrong file is named with its sentence."""
    return any(wrong.name in fault and wrong.said in fault for fault in faults)


def begin_peak(process: int) -> None:
    """Let the peak of a process's resident memory begin anew, where Linux keeps one."""
    place = Path(f"/proc/{process}/clear_refs")
    if place.exists():
        place.write_text("5")


def read_peak(process: int) -> int | None:
    """Return the peak of a process's resident memory in MB; None where there is no Linux to keep it."""
    place = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", place.read_text()) if place.exists() else None
    return int(found[1]) // 1000 if found else None


def draw_all(asked: argparse.Namespace, room: Path) -> Iterator[Row]:
    """Start the app on the tree and yield a row for each feature."""
    own = write_own_folders(asked.own or room / "own", asked.folder)
    files = [own / "webui" / LAYOUTS["webui"][kind] / f"webui-{kind}.safetensors" for kind in MADE_FROM]
    write_own_models(own / "forge", asked.folder, *files)
    has_poses = find_cached_revision(SD15.parts["poses"]) is not None  # this machine's person fetched them
    chosen = {"PROFILE": "sd15", "DEVICE": "cpu", "DTYPE": asked.dtype, "SD15": asked.folder, "MODELS": own}
    settings = {f"CROQUIS_{name}": str(value) for name, value in {**chosen, "SAFETY": asked.safety}.items()}
    started = time.monotonic()
    with run_app(room, **settings, HF_HUB_CACHE=HF_HUB_CACHE) as server:
        run = Run(server, room, asked)
        yield {"what": "the page answers", "s": round(time.monotonic() - started, 1)}
        yield from draw_features(run, asked, has_poses)
        if not asked.only or "model" in asked.only:
            yield from change_models(run, asked.brief)
        if not asked.only or "teach" in asked.only:
            yield from teach_and_wear(run, asked.lesson, room / "pictures")
        plain = Feature("the first one again", unlike=(), like=PLAIN)
        yield run.measure(plain.name, lambda: run.draw(plain))


def draw_features(run: Run, asked: argparse.Namespace, has_poses: bool) -> Iterator[Row]:
    """Yield a row for each picture that one call draws."""
    features = [each for each in list_features(asked.side, has_poses) if not (asked.brief and each.repeats)]
    yield run.measure("own files listed", run.list_own)
    yield run.measure("a style added", run.add_style)
    for feature in choose(features, asked.only) if asked.only else features:
        yield run.draw_row(feature)


def change_models(run: Run, brief: bool) -> Iterator[Row]:
    """Let each of MODELS draw, and the first one again, without a restart.

    In brief no model alone: tests/engine/test_own_weights_beside_diffusers.py exchanges it, but never both at once.
    """
    for name, (model, vae) in MODELS.items():
        if brief and name == "own model":
            continue
        features = list(list_of_model(name))
        if any(run.kept.find(each.name) is None for each in features):
            yield run.measure(f"{name} chosen", lambda model=model, vae=vae: run.change_model(model, vae))  # type: ignore[misc]
        for each in features:
            yield run.draw_row(each)
    yield run.measure("the tree's own again", lambda: run.change_model("", ""))


def teach_and_wear(run: Run, steps: int, folder: Path) -> Iterator[Row]:
    """Teach a style and draw in it."""
    if run.kept.find("the taught style worn") is None:
        yield run.measure("a style taught, stopped, gone on with", lambda: run.teach(steps, folder))
    yield run.draw_row(Feature("the taught style worn", {"style": run.files.styles.get(TAUGHT, "")}))


def read_options(given: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--small", action="store_true", help="write a small tree into the folder first")
    options.add_argument("--own", type=Path, help="folder that keeps the own models from one run to the next")
    options.add_argument("--keep", type=Path, help="folder that keeps what was drawn from one run to the next")
    options.add_argument("--only", nargs="+", help="pieces of features' names; model and teach for those two")
    options.add_argument("--brief", action="store_true", help="without what goes the way of another feature")
    options.add_argument("--side", type=int, default=256, help="px")
    options.add_argument("--steps", type=int, default=2)
    options.add_argument("--lesson", type=int, default=4, help="steps that the style is taught")
    options.add_argument("--dtype", default="auto", help="auto, float32 or bfloat16")
    options.add_argument("--safety", default="off", help="on or off")
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    return options.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    asked = read_options(given)
    if asked.small:
        from tests.tools.sd15_tree import write_sd15_tree

        write_sd15_tree(asked.folder, small=True)
    with tempfile.TemporaryDirectory(prefix="croquis-whole-") as room:
        rows = Noted(draw_all(asked, Path(room)))
        print_rows(rows, asked.json)
    return 1 if any("wrong" in row for row in rows.seen) else 0


class Noted:
    """Noted hands rows on, and keeps them."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows, self.seen = rows, list[Row]()

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.seen.append(row)
            yield row


if __name__ == "__main__":
    sys.exit(main())
