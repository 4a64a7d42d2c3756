"""Open OpenVINO's graphs of the UNet and ControlNet, which draw in torch's place on a processor, where they can.

The graphs run in a process of their own (`graph_process.py`). Each takes one row: a guided step is two runs of a graph,
which takes as long as one run of two rows, and what is compiled serves steps with guidance and without. Where the
process dies torch goes on with the picture, and draws those after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pipeline.engine.acceleration import COMPILED
from pipeline.engine.denoise import Conditions
from pipeline.engine.graph_cache import GraphCache
from pipeline.engine.graph_process import GraphProcess, GraphsFailed
from pipeline.engine.network_graphs import list_graph_shapes, list_style_processors
from pipeline.engine.openvino_limits import find_trouble
from pipeline.errors import quote_error
from pipeline.machine.memory import measure_main_memory
from pipeline.machine.plan import format_gigabytes
from pipeline.machine.tiles import Window

log = logging.getLogger(__name__)

NO_ROOM = "OpenVINO takes {needed}, and {free} are free, so torch drew this picture."
FAILED = "OpenVINO failed, so torch draws until Croquis is started again: {why}."
CONVERTED = "OpenVINO's graphs of this model were made, which took {seconds} seconds; they are kept for the next time."
KEPT_SHAPES = 2  # of each graph: each has all of the weights
PROCESS_BYTES = 250_000_000  # of the process without a graph
WORK_BYTES = 100_000_000  # that each graph computes in

Shapes = tuple[tuple[int, ...], ...]


class GraphKey(NamedTuple):
    """GraphKey tells a compiled graph from others."""

    folder: Path
    graph: str  # one of network_graphs.name_graphs
    shapes: Shapes  # of its inputs

    @property
    def file(self) -> Path:
        """Return the file of the graph."""
        return self.folder / f"{self.graph}.xml"

    @property
    def bytes(self) -> int:
        """Return about how many bytes it takes, compiled."""
        return self.file.with_suffix(".bin").stat().st_size + WORK_BYTES


class OpenVINO:
    """OpenVINO opens the graphs that a picture needs, and runs them. Not safe for many threads: the engine's lock is
    around it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cache: GraphCache | None = None,
        measure: Callable[[], int] = measure_main_memory,
    ) -> None:
        """`folder` keeps the graphs; `measure` returns the free bytes of main memory."""
        self._cache, self._measure = cache or GraphCache(folder), measure
        self._folders: WeakKeyDictionary[Any, Path] = WeakKeyDictionary()
        self._process: GraphProcess | None = None
        self._opened: dict[GraphKey, str] = {}  # and its name in the process; the one used last at the end
        self._notices: list[str] = []
        self._failure = ""  # a notice that is told with the next picture, whatever became of this one
        self._names = 0
        self.has_failed = False
        self._drew = set[bool]()  # passes since `take_way`: True by OpenVINO, False by torch

    def begin(
        self,
        networks: Mapping[Any, str],
        conditions: Conditions,
        windows: Sequence[Window],
        spare: int,
        *,
        shallow: bool,
    ) -> bool:
        """Open what a picture needs; return whether it will be drawn here, and note it where it will not.

        `networks` are the UNet and the ControlNets that run, each with its kind; `windows` are in latent cells. `spare`
        bytes of main memory stay free. `shallow` says whether deep features serve several steps. Raises Cancelled.
        """
        trouble, is_here = find_trouble(next(iter(networks)), conditions), False
        if not self.has_failed:
            try:
                if not trouble:
                    folders = {network: self._provide(network, kind) for network, kind in networks.items()}
                    wanted = list_keys(next(iter(networks)), folders, conditions, windows, shallow)
                    trouble = self._make_room(wanted, spare)
                if trouble:
                    self._notices.append(trouble)
                else:
                    self._open(wanted)
                    is_here = True
            except (GraphsFailed, OSError) as error:
                self._fail(error)
        self._drew.add(is_here)
        return is_here

    def compute(self, network: Any, graph: str, inputs: Sequence[Tensor | None], shapes: Shapes) -> list[Tensor] | None:
        """Run a graph of a network for each row of its inputs, None for zeros and vectors for all rows; None where it
        failed, now or before. `shapes` are those of one row.
        """
        rows = max(len(each) for each in inputs if each is not None and each.ndim > 1)
        if self._process is None:
            return None
        try:
            key = GraphKey(self._folders[network], graph, shapes)
            if key not in self._opened:
                self._open([key])
            found = [self._process.run(self._opened[key], take_row(inputs, row)) for row in range(rows)]
        except (GraphsFailed, OSError) as error:
            self._fail(error)
            return None
        return [torch.cat(each) for each in zip(*found, strict=True)]

    def let_go(self) -> None:
        """End the process, which gives all its memory back, and forget which graphs are whose."""
        if self._process is not None:
            self._process.close()
        self._process = None
        self._opened.clear()
        self._folders.clear()

    @property
    def process_id(self) -> int | None:
        """Return the number of the process that runs the graphs; None where none is."""
        return self._process.pid if self._process else None

    @property
    def usual_way(self) -> str:
        """Return what stands behind the number format of a picture drawn now; "" where torch draws."""
        return "" if self.has_failed else f"by OpenVINO {version('openvino')}"

    def take_way(self) -> str:
        """Return what stands behind the number format of what was drawn since the last time; "" where torch drew."""
        drew, self._drew = self._drew, set()
        way = f"by OpenVINO {version('openvino')}" if True in drew else ""
        return f"partly {way}" if way and False in drew else way

    def take_notices(self) -> tuple[str, ...]:
        """Return notices, in words for the page, of what was noted since the last time."""
        found = (*self._notices, self._failure)
        self._notices, self._failure = [], ""
        return tuple(dict.fromkeys(filter(None, found)))

    def forget_last(self) -> None:
        """Forget what was noted of a picture that was stopped, or of the start; not that OpenVINO failed."""
        self._notices, self._drew = [], set()

    def _provide(self, network: Any, kind: str) -> Path:
        """Return the folder of a network's graphs, made where they are not kept."""
        if network not in self._folders:
            began = perf_counter()
            folder, is_new = self._cache.provide(network, kind)
            if is_new:
                self._notices.append(CONVERTED.format(seconds=f"{perf_counter() - began:.1f}"))
            self._folders[network] = folder
        return self._folders[network]

    def _make_room(self, wanted: Sequence[GraphKey], spare: int) -> str:
        """Let go of graphs that are not wanted until the wanted ones fit; return why they do not, if so."""
        missing = [each for each in wanted if each not in self._opened]
        needed = sum(each.bytes for each in missing) + (0 if self._process else PROCESS_BYTES)
        for each in [each for each in self._opened if each not in wanted]:
            same = [other for other in (*self._opened, *missing) if other[:2] == each[:2]]
            if len(same) > KEPT_SHAPES or (missing and self._measure() < needed + spare):
                self._drop(each)
        free = self._measure() - spare
        if not missing or free >= needed:
            return ""
        return NO_ROOM.format(needed=format_gigabytes(needed), free=format_gigabytes(max(0, free)))

    def _open(self, wanted: Sequence[GraphKey]) -> None:
        """Compile what is not compiled yet. Raises GraphsFailed, OSError, Cancelled."""
        missing, began = [each for each in wanted if each not in self._opened], perf_counter()
        if missing and self._process is None:
            self._process = GraphProcess(self._cache.folder, torch.get_num_threads())
        for each in missing:
            assert self._process is not None  # noqa: S101 - it was made above
            self._names += 1
            try:
                self._process.open(str(self._names), each.file, each.shapes, torch.bfloat16)
            except BaseException:  # cancelled, too: it is compiling still
                self._process.close()
                self._process = None
                self._opened.clear()
                raise
            self._opened[each] = str(self._names)
        for each in wanted:
            self._opened[each] = self._opened.pop(each)
        if missing:
            self._notices.append(COMPILED.format(seconds=f"{perf_counter() - began:.1f}"))

    def _drop(self, key: GraphKey) -> None:
        name = self._opened.pop(key)
        if self._process is not None:
            self._process.drop(name)

    def _fail(self, error: Exception) -> None:
        """Leave it to torch from now on."""
        log.warning("OpenVINO failed: %s", error)
        self.has_failed = True
        self._drew.add(False)
        self._failure = FAILED.format(why=quote_error(error))
        self.let_go()


def list_keys(
    unet: Any, folders: Mapping[Any, Path], conditions: Conditions, windows: Sequence[Window], shallow: bool
) -> list[GraphKey]:
    """List the graphs that a picture runs."""
    words, (style,) = unet.process_encoder_hidden_states(
        conditions.prompt_embeds, {"image_embeds": [conditions.image_embeds]}
    )
    keys = dict[GraphKey, None]()
    for network, folder in folders.items():
        graphs = ("control",) if network is not unet else ("whole", "shallow") if shallow else ("whole",)
        for graph in graphs:
            for window in windows:
                size, more = (window.height, window.width), (style.shape[2], len(list_style_processors(unet)))
                shapes = list_graph_shapes(graph, network.config, size, words.shape[1], *more)
                keys[GraphKey(folder, graph, shapes)] = None
    return list(keys)


def take_row(inputs: Sequence[Tensor | None], row: int) -> list[Tensor | None]:
    """Return one row of each input; zeros and vectors are the same for all."""
    return [each if each is None or each.ndim == 1 else each[row : row + 1] for each in inputs]
