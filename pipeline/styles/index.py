"""Find nearest vectors by hnswlib, kept on disk behind a manifest that is read first.

hnswlib 0.8 trusts its caller: a query of the wrong width ends the process, a flipped bit in the file may too, a full
disk goes unnoticed and NaN is taken in. So the vectors are the truth, the graph is a cache: both are loaded only
when their hashes match, and a graph that does not is built again.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CroquisError
from pipeline.models.checks import compute_sha256
from pipeline.plain_file import read_plain_file
from pipeline.sealed_file import seal, unseal

log = logging.getLogger(__name__)

SPACE = "ip"  # of unit vectors: hnswlib's distance is 1 - cosine
LINKS = 16  # M: edges per node
BUILD_BREADTH = 100  # ef_construction
SEARCH_BREADTH = 64  # ef, enough for recall@10 of 0.99 among a few thousand vectors
WIDE_BREADTH = 200  # ef for more than FEW vectors: 0.994 among 100,000, in 0.3 ms (tests/benchmarks/retrieval.py)
FEW = 2_000
LAYOUT = 1  # of the folder; raised when its files change

MANIFEST, VECTORS, GRAPH = "manifest.json", "vectors.npy", "graph.bin"


class StaleIndex(CroquisError):
    """What is on disk is missing, broken or of other vectors; build it again."""


@dataclass(frozen=True)
class Manifest:
    """What a folder must hold before any of it is loaded."""

    layout: int
    space: str
    dimension: int
    count: int
    encoder: str
    revision: str
    keys: tuple[str, ...]  # one per vector, in order
    vectors_sha256: str
    graph_sha256: str


class StyleIndex:
    """Unit vectors with keys, searched by inner product (HNSW, Malkov and Yashunin 2016).

    Queries may come from many threads at once; an index never changes after it is built.
    """

    def __init__(self, keys: Sequence[str], vectors: NDArray[np.float32], graph: Any) -> None:
        self.keys = tuple(keys)
        self.vectors = vectors  # (n, d)
        self._graph = graph
        self._lock = threading.Lock()  # hnswlib's own query threads are not safe beside each other

    @classmethod
    def build(cls, keys: Sequence[str], vectors: NDArray[np.float32], *, threads: int = 1) -> StyleIndex:
        """Build an index of vectors (n, d) float32, n >= 1, rows of length 1, one key each; else raise ValueError."""
        checked = _check_vectors(vectors, len(keys))
        graph = _empty_graph(checked.shape[1])
        graph.init_index(len(keys), ef_construction=BUILD_BREADTH, M=LINKS, random_seed=7)
        graph.add_items(checked, np.arange(len(keys)), num_threads=threads)
        return cls(keys, checked, graph)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        """Length of each vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.keys)

    def find_nearest(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows (m, k') and their cosine similarities (m, k'), best first, with k' = min(k, number of vectors).

        Raises ValueError unless queries is (m, d) float32 and finite, and k >= 1.
        """
        self._check_query(queries, k)
        k = min(k, len(self))
        with self._lock:
            # ef below k would return fewer than k and raise
            self._graph.set_ef(max(k, SEARCH_BREADTH if len(self) <= FEW else WIDE_BREADTH))
            rows, distances = self._graph.knn_query(queries, k=k, num_threads=1)
        return rows.astype(np.int64), np.clip(1 - distances, -1, 1).astype(np.float32)

    def find_nearest_exactly(
        self, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the same as find_nearest by comparing with every vector: the tests' oracle."""
        self._check_query(queries, k)
        similarities = queries @ self.vectors.T
        k = min(k, len(self))
        near = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(similarities, near, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        rows = np.take_along_axis(near, order, axis=1)
        return rows.astype(np.int64), np.clip(np.take_along_axis(best, order, axis=1), -1, 1)

    def save(self, folder: Path, *, encoder: str, revision: str) -> None:
        """Write vectors, graph, then the manifest that vouches for both; each file replaces its older self whole."""
        folder.mkdir(parents=True, exist_ok=True)
        hashes = (
            _replace_file(folder / VECTORS, lambda file: np.save(file, self.vectors, allow_pickle=False)),
            _replace_file(folder / GRAPH, lambda file: self._graph.save_index(str(file)), self._is_same_graph),
        )
        manifest = Manifest(LAYOUT, SPACE, self.dimension, len(self), encoder, revision, self.keys, *hashes)
        text = json.dumps(asdict(manifest), ensure_ascii=False)
        _replace_file(folder / MANIFEST, lambda file: file.write_bytes(seal(text.encode())))

    @classmethod
    def load(cls, folder: Path, *, encoder: str, revision: str) -> StyleIndex:
        """Load an index. Raises StaleIndex unless the folder holds sound vectors of this encoder's revision.

        A graph that is missing or broken beside sound vectors is built again. Whether `keys` are those that are
        wanted now is for the caller to see.
        """
        manifest = _read_manifest(folder)
        if (manifest.encoder, manifest.revision) != (encoder, revision):
            raise StaleIndex(f"The index in {folder} is of {manifest.encoder} {manifest.revision}.")
        vectors = _load_vectors(folder / VECTORS, manifest)
        if _sha256(folder / GRAPH) != manifest.graph_sha256:
            log.warning("%s does not match its manifest; building it again.", folder / GRAPH)
            return cls.build(manifest.keys, vectors)
        graph = _empty_graph(manifest.dimension)
        graph.load_index(str(folder / GRAPH), max_elements=manifest.count)
        return cls(manifest.keys, vectors, graph)

    def _is_same_graph(self, file: Path) -> bool:
        """Compare the file's length: hnswlib does not report a full disk."""
        return file.stat().st_size == int(self._graph.index_file_size())

    def _check_query(self, queries: NDArray[np.float32], k: int) -> None:
        if queries.ndim != 2 or queries.shape[1] != self.dimension or queries.dtype != np.float32:
            raise ValueError(f"Expected (m, {self.dimension}) float32 queries, got {queries.dtype} {queries.shape}.")
        if not np.isfinite(queries).all():
            raise ValueError("A query holds NaN or infinity.")
        if k < 1:
            raise ValueError(f"k is 1 or more, not {k}.")


def _empty_graph(dimension: int) -> Any:
    import hnswlib

    return hnswlib.Index(space=SPACE, dim=dimension)


def _check_vectors(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    if vectors.ndim != 2 or vectors.dtype != np.float32 or vectors.shape[0] != count or 0 in vectors.shape:
        raise ValueError(f"Expected ({count}, d) float32 vectors, got {vectors.dtype} {vectors.shape}.")
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):  # NaN fails too
        raise ValueError("Every vector has length 1 and is finite.")
    return np.ascontiguousarray(vectors)


def _replace_file(target: Path, write: Any, is_sound: Any = lambda file: True) -> str:
    """Write beside the target, read back, then replace it. Returns the SHA-256 of what was read back."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=target.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        if not is_sound(temporary):
            raise OSError(f"{target} could not be written whole: is the disk full?")
        digest = _sha256(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _read_manifest(folder: Path) -> Manifest:
    try:
        raw = json.loads(unseal(read_plain_file(folder / MANIFEST)) or "")
        manifest = Manifest(**{**raw, "keys": tuple(raw["keys"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise StaleIndex(f"{folder / MANIFEST} is missing or broken: {error}") from error
    if (manifest.layout, manifest.space, manifest.count) != (LAYOUT, SPACE, len(manifest.keys)):
        raise StaleIndex(f"{folder / MANIFEST} is of another layout.")
    return manifest


def _load_vectors(file: Path, manifest: Manifest) -> NDArray[np.float32]:
    if _sha256(file) != manifest.vectors_sha256:
        raise StaleIndex(f"{file} does not match its manifest.")
    try:
        vectors = np.load(file, allow_pickle=False)
        return _check_vectors(vectors.reshape(manifest.count, manifest.dimension), manifest.count)
    except ValueError as error:
        raise StaleIndex(f"{file} is broken: {error}") from error


def _sha256(file: Path) -> str:
    """Return the hash of a file's bytes, "" where there is none."""
    return compute_sha256(file) if file.is_file() else ""
