"""Libraries that find nearest vectors, each behind the same four steps: build, save, load, ask.

All that have a graph get the same one: M, efConstruction and ef are those of pipeline/styles/index.py for a large
index (the bottom layer has 2 M links everywhere), inner product of unit vectors, 32-bit floats, one thread. Where a
library cannot be told, its `note` says so. Nothing is imported before build or load.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.styles.index import BUILD_BREADTH, LINKS, WIDE_BREADTH, StyleIndex

INSTALL = "pip install -r requirements-bench.txt"

Vectors = NDArray[np.float32]


class Library:
    """This is one library: `build` comes before `save`, `load` before `find_nearest`. One object holds one index."""

    name: ClassVar[str]  # as --only takes it
    title: ClassVar[str]
    package: ClassVar[str]  # on PyPI
    module: ClassVar[str]
    settings: ClassVar[dict[str, int]] = {"M": LINKS, "ef_construction": BUILD_BREADTH, "ef": WIDE_BREADTH}
    note: ClassVar[str] = ""

    @classmethod
    def is_installed(cls) -> bool:
        return find_spec(cls.module.partition(".")[0]) is not None

    @classmethod
    def import_package(cls) -> None:
        """Import the library, so that neither building nor loading is charged for it."""
        import_module(cls.module)

    @classmethod
    def version(cls) -> str:
        return version(cls.package)

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        """Build the index of `vectors`, (n, d) float32 of length 1; row r gets the key r."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def load(self, folder: Path) -> None:
        raise NotImplementedError

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        """Return keys of the k nearest to a query (1, d), best first."""
        raise NotImplementedError


class Croquis(Library):
    name, title, package, module = "croquis", "hnswlib through StyleIndex", "hnswlib", "hnswlib"
    note = "keeps the vectors beside the graph, checks hashes while loading and each query"
    _of: ClassVar[dict[str, str]] = {"encoder": "clustered", "revision": "1"}

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        self._index = StyleIndex.build([str(row) for row in range(len(vectors))], vectors, threads=threads)

    def save(self, folder: Path) -> None:
        self._index.save(folder, **self._of)

    def load(self, folder: Path) -> None:
        self._index = StyleIndex.load(folder, **self._of)

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        return list(self._index.find_nearest(query, k)[0][0].tolist())


class Hnswlib(Library):
    name, title, package, module = "hnswlib", "hnswlib", "hnswlib", "hnswlib"

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        self._graph = self._empty(vectors.shape[1])
        self._graph.init_index(len(vectors), ef_construction=BUILD_BREADTH, M=LINKS, random_seed=7)
        self._graph.add_items(vectors, np.arange(len(vectors)), num_threads=threads)

    def save(self, folder: Path) -> None:
        self._graph.save_index(str(folder / f"{self._graph.dim}.bin"))  # the file does not say its dimension

    def load(self, folder: Path) -> None:
        (file,) = folder.glob("*.bin")
        self._graph = self._empty(int(file.stem))
        self._graph.load_index(str(file))
        self._graph.set_ef(WIDE_BREADTH)

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        return list(self._graph.knn_query(query, k=k, num_threads=1)[0][0].tolist())

    @staticmethod
    def _empty(dimension: int) -> Any:
        import hnswlib

        return hnswlib.Index(space="ip", dim=dimension)


class Exact(Library):
    name, title, package, module = "exact", "numpy, exact", "numpy", "numpy"
    settings: ClassVar[dict[str, int]] = {}
    note = "no graph: compares with every vector"

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        self._vectors = vectors

    def save(self, folder: Path) -> None:
        np.save(folder / "vectors.npy", self._vectors, allow_pickle=False)

    def load(self, folder: Path) -> None:
        self._vectors = np.load(folder / "vectors.npy", allow_pickle=False)

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        similarities = self._vectors @ query[0]
        near = np.argpartition(similarities, -k)[-k:]
        return list(near[np.argsort(-similarities[near])].tolist())


class Faiss(Library):
    name, title, package, module = "faiss", "faiss HNSW", "faiss-cpu", "faiss"

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self._index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
        self._index.hnsw.efConstruction = BUILD_BREADTH
        self._index.add(vectors)

    def save(self, folder: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(folder / "index.faiss"))

    def load(self, folder: Path) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        self._index = faiss.read_index(str(folder / "index.faiss"))
        self._index.hnsw.efSearch = WIDE_BREADTH

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        return list(self._index.search(query, k)[1][0].tolist())


class Usearch(Library):
    name, title, package, module = "usearch", "usearch", "usearch", "usearch.index"

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        from usearch.index import Index

        self._index = Index(
            ndim=vectors.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=LINKS,
            expansion_add=BUILD_BREADTH,
            expansion_search=WIDE_BREADTH,
        )
        self._index.add(np.arange(len(vectors)), vectors, threads=threads)

    def save(self, folder: Path) -> None:
        self._index.save(str(folder / "index.usearch"))

    def load(self, folder: Path) -> None:
        from usearch.index import Index

        self._index = Index.restore(str(folder / "index.usearch"))
        self._index.expansion_search = WIDE_BREADTH  # the file does not keep it

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        return list(self._index.search(query[0], k, threads=1).keys.tolist())


class Chromadb(Library):
    name, title, package, module = "chromadb", "chromadb", "chromadb", "chromadb"
    note = (
        "a database: build_s holds its writing, so save_s is 0; the graph is read at the first query, in load_s; "
        "its threads cannot all be told, processor_ms shows what they take"
    )

    def build(self, vectors: Vectors, folder: Path, threads: int) -> None:
        client = self._client(folder)
        graph = {
            "space": "ip",
            "max_neighbors": LINKS,
            "ef_construction": BUILD_BREADTH,
            "ef_search": WIDE_BREADTH,
            "num_threads": threads,
        }
        table = client.create_collection("vectors", embedding_function=None, configuration={"hnsw": graph})
        most = client.get_max_batch_size()
        for start in range(0, len(vectors), most):
            block = vectors[start : start + most]
            table.add(ids=[str(row) for row in range(start, start + len(block))], embeddings=block)

    def save(self, folder: Path) -> None:
        """Do nothing: `build` has written everything."""

    def load(self, folder: Path) -> None:
        self._table = self._client(folder).get_collection("vectors", embedding_function=None)

    def find_nearest(self, query: Vectors, k: int) -> list[int]:
        return [int(key) for key in self._table.query(query_embeddings=query, n_results=k, include=[])["ids"][0]]

    @classmethod
    def import_package(cls) -> None:
        os.environ["ANONYMIZED_TELEMETRY"] = "False"  # no word to anybody, from its import on
        super().import_package()

    @staticmethod
    def _client(folder: Path) -> Any:
        import chromadb
        from chromadb.config import Settings

        return chromadb.PersistentClient(str(folder / "database"), settings=Settings(anonymized_telemetry=False))


LIBRARIES = {each.name: each for each in (Exact, Croquis, Hnswlib, Faiss, Usearch, Chromadb)}
