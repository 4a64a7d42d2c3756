"""Hold the process that runs OpenVINO's graphs: open graphs in it, have them computed, and let it go."""

from __future__ import annotations

import json
import logging
import mmap
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pipeline.errors import look_for_cancel
from pipeline.settings import ROOT

log = logging.getLogger(__name__)

RUNNER = (sys.executable, "-m", "pipeline.engine.graph_runner")
CONVERTER = (sys.executable, "-m", "pipeline.engine.graph_conversion")
DTYPES = {"bf16": torch.bfloat16, "f32": torch.float32}  # OpenVINO's names of numbers
HINTS = {torch.bfloat16: "bf16", torch.float32: "f32"}
NUMBERS = "numbers-"  # how the folders begin that a file of numbers passes through
ERROR = re.compile(r"^[A-Za-z][\w.]*: .+$", re.MULTILINE)  # how a traceback ends
LOOK = 0.2  # seconds between two looks whether who waits has cancelled
PATIENCE = 1800.0  # seconds that an answer may take


class GraphsFailed(Exception):
    """GraphsFailed says that the process died, or that OpenVINO refused; torch draws then."""


class Numbers(NamedTuple):
    """Numbers are the tensors that both processes see: a graph's inputs and outputs."""

    inputs: list[Tensor]
    outputs: list[Tensor]


class GraphProcess:
    """GraphProcess is a process with graphs in it. Not safe for many threads: the engine's lock is around it.

    `folder` holds the files that numbers pass through; each is gone as soon as both processes have it.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads
        self._graphs: dict[str, Numbers] = {}
        self._answers: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            RUNNER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def open(self, name: str, graph: Path, shapes: Sequence[Sequence[int]], dtype: torch.dtype) -> None:
        """Compile a graph for the shapes of its inputs. Raises GraphsFailed, and Cancelled, which ends the process."""
        options = {
            "INFERENCE_PRECISION_HINT": HINTS[dtype],
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": "1",
            "ENABLE_CPU_PINNING": False,  # other programs have the machine, too
        }
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=NUMBERS, ignore_cleanup_errors=True) as room:
            file = Path(room) / "numbers"
            file.touch()
            asked = {"graph": str(graph), "shapes": [list(shape) for shape in shapes], "options": options}
            places = self._ask("open", name, cancellable=True, **asked, numbers=str(file))["places"]
            with file.open("r+b") as opened:
                mapped = mmap.mmap(opened.fileno(), 0)
        tensors = [
            torch.frombuffer(mapped, dtype=DTYPES[kind], count=prod(shape), offset=first).view(shape)
            for first, shape, kind in places
        ]
        self._graphs[name] = Numbers(tensors[: len(shapes)], tensors[len(shapes) :])

    def run(self, name: str, inputs: Sequence[Tensor | None]) -> list[Tensor]:
        """Compute the outputs of an opened graph; None are zeros. Raises GraphsFailed."""
        numbers = self._graphs[name]
        for place, given in zip(numbers.inputs, inputs, strict=True):
            if given is None:
                place.zero_()
            else:
                place.copy_(given)
        self._ask("run", name)
        return [each.clone() for each in numbers.outputs]

    def drop(self, name: str) -> None:
        """Let go of an opened graph. Raises GraphsFailed."""
        del self._graphs[name]
        self._ask("drop", name)

    def close(self) -> None:
        """End the process; its memory is the system's again on return."""
        self._graphs.clear()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was still to be said to it
                    pipe.close()

    def _listen(self) -> None:
        """Pass on each answer, and an empty one at the end."""
        try:
            for line in self._process.stdout or ():
                self._answers.put(line)
        except ValueError:  # closed meanwhile
            pass
        self._answers.put("")

    def _ask(self, what: str, name: str, *, cancellable: bool = False, **given: Any) -> dict[str, Any]:
        """Ask the process to do something and return its answer. Raises GraphsFailed for an error or its end."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        try:
            stdin.write(json.dumps({"do": what, "name": name, **given}) + "\n")
            stdin.flush()
        except (OSError, ValueError) as error:
            raise GraphsFailed(f"its process ended (exit code {self._process.poll()})") from error
        waited = 0.0
        while True:
            try:
                line = self._answers.get(timeout=LOOK)
                break
            except queue.Empty:
                waited += LOOK
                if waited > PATIENCE:
                    raise GraphsFailed("its process gave no answer") from None
                if cancellable:
                    look_for_cancel()
        if not line:
            raise GraphsFailed(f"its process ended (exit code {self._process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise GraphsFailed(answer["error"].strip().splitlines()[0][:300])
        return answer


def run_converter(folder: Path) -> None:
    """Convert the network that lies in a folder, in a process of its own. Raises GraphsFailed, and Cancelled."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            (*CONVERTER, str(folder)), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=ROOT
        )
        try:
            while process.poll() is None:
                look_for_cancel()
                try:
                    process.wait(LOOK)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")
            log.warning("OpenVINO's converter said: %s", said[-4000:])
            reasons = ERROR.findall(said)[-1:]
            raise GraphsFailed(f"converting ended with exit code {process.returncode}: {''.join(reasons)[:300]}")
