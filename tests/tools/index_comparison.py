"""Compare libraries that find nearest vectors: each builds and answers in processes of its own.

First each builds in turn, one process a library, and writes its index. Then fresh processes, one a library and one
with the text tower, load them and stay; queries go round among them, a block each, so that a change of the machine's
pace meets all. Where they do not fit into the free memory together they go round in groups; each row says with how
many others. Memory is what the process grew by, from before its library is imported (read from /proc, so on Linux).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.machine.memory import measure_main_memory
from tests.benchmarks.memory import read_resident_bytes
from tests.tools.clustered_vectors import DIMENSION, find_nearest_exactly, make_queries, write_vectors
from tests.tools.index_libraries import INSTALL, LIBRARIES, Library

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20
NEIGHBOURS = 10
BLOCK = 20  # queries to one library before the next one's turn
SAFE = 0.9  # of the free memory is used
BUILT = "built.json"  # written last: a folder that has it need not be built again
TEXT = "text"  # the tower's name among the libraries
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
Row = dict[str, Any]


class ProcessEnded(Exception):
    """This says how a process ended before it answered."""


class ChildProcess:
    """This runs work(connection, *given) in a process that ends with its parent."""

    def __init__(self, work: Callable[..., None], *given: object) -> None:
        spawn = multiprocessing.get_context("spawn")  # nothing of this process's memory
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=work, args=(theirs, *given), daemon=True)
        self._process.start()
        theirs.close()  # else the end of the process would not be heard

    def send(self, what: object) -> None:
        try:
            self._ours.send(what)
        except BrokenPipeError:
            raise self._describe_end() from None

    def receive(self) -> Any:
        try:
            return self._ours.recv()
        except (EOFError, ConnectionResetError):
            raise self._describe_end() from None

    def ask(self, what: object) -> Any:
        self.send(what)
        return self.receive()

    def wait_for_end(self) -> None:
        self._ours.close()
        self._process.join()

    def _describe_end(self) -> ProcessEnded:
        self._process.join()
        code = self._process.exitcode
        return ProcessEnded(f"ended with {code}" + (" (killed: out of memory?)" if code == -9 else ""))


def compare_libraries(
    size: int,
    names: Sequence[str],
    folder: Path,
    queries: int,
    threads: int,
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[Row]:
    """Yield a row per name for `size` vectors; `folder` keeps vectors and indexes. Builds with `threads`, asks with
    one."""
    limit_threads(threads)
    vectors = find_vectors_file(folder, size)
    rows: dict[str, Row] = {}
    for name in names:
        rows[name] = make_row_head(name, size) | (
            measure_build(name, vectors, folder / name, threads) if name != TEXT else {}
        )
        if name != TEXT:
            say(f"{rows[name]['what']}: {rows[name].get('outcome', 'is built')}")
    limit_threads(1)
    asked = make_queries(queries)
    right = find_nearest_exactly(np.load(vectors, mmap_mode="r"), asked, NEIGHBOURS)
    standing = [name for name in names if "outcome" not in rows[name] and name != TEXT]
    tower = [TEXT] * (TEXT in names)
    for group in group_by_memory(
        {name: rows[name]["file_mib"] * MIB for name in standing}, SAFE * measure_main_memory()
    ):
        for name, row in measure_answers([*group, *tower], folder, asked, right).items():
            rows[name] |= row
    yield from rows.values()


def limit_threads(threads: int) -> None:
    """Limit the threads of processes started from now on; most libraries read it once, at their import."""
    for limit in THREAD_LIMITS:
        os.environ[limit] = str(threads)


def find_vectors_file(folder: Path, size: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vectors.npy"
    if not file.is_file():
        write_vectors(file, size)
    return file


def make_row_head(name: str, size: int) -> Row:
    if name == TEXT:
        return {"what": "text tower, one new prompt", "library": TEXT, "beside": size}
    library = LIBRARIES[name]
    return {"what": f"{library.title}, {size:,} vectors of {DIMENSION}", "library": name, "vectors": size}


def group_by_memory(need: dict[str, float], free: float) -> list[list[str]]:
    """Return names in order, as many together as `free` bytes hold; one that is larger stands alone."""
    found: list[list[str]] = []
    left = 0.0
    for name, bytes_needed in need.items():
        if not found or bytes_needed > left:
            found.append([])
            left = free
        found[-1].append(name)
        left -= bytes_needed
    return found


def measure_build(name: str, vectors: Path, folder: Path, threads: int) -> Row:
    """Return what building took, from an earlier run where the folder still has it."""
    library = LIBRARIES[name]
    if not library.is_installed():
        return {"outcome": f"{library.package} is not installed: {INSTALL}"}
    wanted = {"version": library.version(), **library.settings, "build_threads": threads}
    file = folder / BUILT
    known: Row = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if wanted.items() <= known.items():
        return known
    child = ChildProcess(build_index, name, vectors, folder, threads)
    row = receive_row(child.receive)
    child.wait_for_end()
    if "outcome" in row:
        return {"outcome": f"building {row['outcome']}"}
    file.write_text(json.dumps(wanted | row), encoding="utf-8")
    return wanted | row


def build_index(parent: Connection, name: str, vectors: Path, folder: Path, threads: int) -> None:
    """Make the index and write it, in a process of its own; its peak memory holds the vectors that were given."""
    shutil.rmtree(folder, ignore_errors=True)  # half an index of a run that was stopped
    folder.mkdir(parents=True)
    before, library = read_resident_bytes("VmRSS"), LIBRARIES[name]()
    library.import_package()
    given = np.load(vectors)
    start, start_processor = time.perf_counter(), time.process_time()
    library.build(given, folder, threads)
    between = time.perf_counter()
    row = {"build_s": round(between - start, 2), "build_processor_s": round(time.process_time() - start_processor, 2)}
    library.save(folder)
    row |= {
        "save_s": round(time.perf_counter() - between, 2),
        "build_peak_mib": round((read_resident_bytes("VmHWM") - before) / MIB, 1),
        "file_mib": round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MIB, 1),
    }
    parent.send(row)


def measure_answers(names: Sequence[str], folder: Path, asked: Any, right: Any) -> dict[str, Row]:
    """Load all, let queries go round, and return what each took; a name whose process ended has an outcome."""
    children = {name: ChildProcess(answer_queries, name, folder / name, asked) for name in names}
    loaded = {name: receive_row(child.receive) for name, child in children.items()}
    answered: dict[str, list[Row]] = {name: [] for name in names}
    for turn, start in enumerate(range(0, len(asked), BLOCK)):
        block = range(start, min(start + BLOCK, len(asked)))
        for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
            if "outcome" not in loaded[name]:
                loaded[name] |= receive_row(partial(children[name].ask, block), answered[name])
    for name, child in children.items():
        if "outcome" not in loaded[name]:
            loaded[name] |= receive_row(partial(child.ask, None)) | summarize_answers(answered[name], right)
            loaded[name] |= {"alternated_with": len(names) - 1}
        child.wait_for_end()
    return add_text_time(loaded)


def receive_row(listen: Callable[[], Any], answered: list[Row] | None = None) -> Row:
    """Return a row that a process sent, or an outcome; answers go to `answered`."""
    try:
        said: Row | list[Row] = listen()
    except ProcessEnded as ended:
        return {"outcome": str(ended)}
    if isinstance(said, dict):
        return said
    if answered is not None:
        answered += said
    return {}


def answer_queries(parent: Connection, name: str, folder: Path, asked: Any) -> None:
    """Load, answer numbers of queries until None comes, then send the memory; in a process of its own."""
    before = read_resident_bytes("VmRSS")
    if name != TEXT:
        LIBRARIES[name].import_package()
    start = time.perf_counter()
    answer = load_text_tower() if name == TEXT else load_library(LIBRARIES[name](), folder, asked)
    answer(0)
    parent.send({"load_s": round(time.perf_counter() - start, 2)})
    while (block := parent.recv()) is not None:
        answer(max(0, block[0] - 1))  # fills caches that the others' turns emptied; not counted
        parent.send([time_answer(answer, number) for number in block])
    parent.send({"memory_mib": round((read_resident_bytes("VmRSS") - before) / MIB, 1)})


def load_library(library: Library, folder: Path, asked: Any) -> Callable[[int], list[int]]:
    library.load(folder)
    return lambda number: library.find_nearest(asked[number : number + 1], NEIGHBOURS)


def load_text_tower() -> Callable[[int], list[int]]:
    """Return a function that encodes a new prompt by the pocket model's text tower on one thread."""
    from pipeline.styles.encoders import PocketEncoder

    encoder, seen = PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder"), iter(range(10**9))

    def encode(number: int) -> list[int]:
        encoder.encode_text([f"a noodle stall in the rain, lit by neon signs, number {next(seen)}"])
        return []

    return encode


def time_answer(answer: Callable[[int], list[int]], number: int) -> Row:
    start, start_processor = time.perf_counter(), time.process_time()
    found = answer(number)
    return {
        "ms": 1e3 * (time.perf_counter() - start),
        "found": found,
        "processor_ms": 1e3 * (time.process_time() - start_processor),
    }


def summarize_answers(answered: Sequence[Row], right: Any) -> Row:
    """Return medians over all queries, and the share of the true nearest found where any were asked for."""
    wall = [each["ms"] for each in answered]
    row = {
        "queries": len(wall),
        "query_ms": round(statistics.median(wall), 3),
        "p95_ms": round(float(np.quantile(wall, 0.95)), 3),
        "processor_ms": round(statistics.median(each["processor_ms"] for each in answered), 3),
    }
    if answered[0]["found"]:
        shares = [
            len({*each["found"]} & {*true.tolist()}) / len(true) for each, true in zip(answered, right, strict=True)
        ]
        row["recall_at_10"] = round(statistics.fmean(shares), 4)
    return row


def add_text_time(rows: dict[str, Row]) -> dict[str, Row]:
    """Add what a person waits for: the tower's median and the library's."""
    tower = rows.get(TEXT, {}).get("query_ms")
    for name, row in rows.items():
        if tower is not None and name != TEXT and "query_ms" in row:
            row["with_text_ms"] = round(row["query_ms"] + tower, 3)
    return rows
