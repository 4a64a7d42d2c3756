"""How fast and how right the search is: python -m tests.benchmarks.retrieval [--json] [--quick].

One line a row. Rows of vectors: hnswlib through StyleIndex beside exact comparison in numpy, at 32 and at
100,000 synthetic styles that lie between real phrases. Rows of prompts: the whole search with the text tower, and
how often the right style comes first or among three, on the prompts used for tuning and on those held out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.clip import PocketEncoder
from pipeline.phrases import pieces
from pipeline.search import StyleSearch
from pipeline.style_index import StyleIndex
from pipeline.styles import StyleLibrary

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "tests" / "data" / "style_prompts.json"
Row = dict[str, Any]


def timed(call: Callable[[int], object], times: int) -> Row:
    """Wall time, and the processor's own, which a busy machine does not stretch."""
    call(0)
    wall, processor = [], []
    for n in range(times):
        start, start_processor = time.perf_counter(), time.process_time()
        call(n)
        wall.append(1e3 * (time.perf_counter() - start))
        processor.append(1e3 * (time.process_time() - start_processor))
    return {"median_ms": round(statistics.median(wall), 3), "p95_ms": round(float(np.quantile(wall, 0.95)), 3),
            "processor_median_ms": round(statistics.median(processor), 3)}


def synthetic_styles(count: int, phrases: np.ndarray, seed: int) -> np.ndarray:
    """Unit vectors between real phrases: three of them in random shares, and a little noise."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet((1, 1, 1), count).astype(np.float32)
    vectors = np.einsum("ns,nsd->nd", shares, phrases[random.integers(0, len(phrases), (count, 3))])
    vectors += (0.2 / np.sqrt(vectors.shape[1])) * random.normal(size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def vector_rows(count: int, queries: int, phrases: np.ndarray) -> Iterator[Row]:
    vectors, asked = synthetic_styles(count, phrases, 1), synthetic_styles(queries, phrases, 2)
    start = time.perf_counter()
    index = StyleIndex.build([str(n) for n in range(count)], vectors)
    built = time.perf_counter() - start
    k = min(10, count)
    right = index.nearest_exactly(asked, k)[0].tolist()
    found = index.nearest(asked, k)[0].tolist()
    recall = statistics.fmean(len(set(a) & set(b)) / k for a, b in zip(found, right, strict=True))
    for name, search in (("hnswlib", index.nearest), ("numpy exact", index.nearest_exactly)):
        times = timed(lambda n, search=search: search(asked[n : n + 1], k), queries)
        yield {"what": f"{name}, {count:,} vectors of {vectors.shape[1]}", **times,
               "recall_at_10": round(recall, 4) if name == "hnswlib" else 1.0,
               "build_s": round(built, 2) if name == "hnswlib" else 0.0}


def right_ones(row: Row) -> list[str]:
    return [row["style"]] if isinstance(row["style"], str) else row["style"]


def ranks(search: StyleSearch, rows: list[Row]) -> Iterator[int]:
    for row in rows:
        found = [match.style.id for match in search.find(row["prompt"], 3).matches]
        yield min((found.index(id) for id in right_ones(row) if id in found), default=3)


def prompt_rows(search: StyleSearch, encoder: PocketEncoder) -> Iterator[Row]:
    data = json.loads(PROMPTS.read_text(encoding="utf-8"))
    fresh = [f"{row['prompt']}, number {n}" for n, row in enumerate(data["labelled"])]  # no piece of it is remembered
    yield {"what": "search with the text tower", **timed(lambda n: search.find(fresh[n + 120 * (n == 0)]), 120)}
    shelf = search._current_shelf()
    said = pieces("a noodle stall lit by pink and blue neon signs in the rain", shelf.names)
    vectors = encoder.encode_text(said)

    def without_tower(n: int) -> object:
        return shelf.find(said, vectors, search._nearness_to_things(vectors), 5)

    yield {"what": f"search without the text tower, {len(shelf.styles)} styles, {len(said)} pieces",
           **timed(without_tower, 300)}
    for held_out in (False, True):
        rows = [row for row in data["labelled"] if row["held_out"] == held_out]
        places = list(ranks(search, rows))
        asked = sum(not search.find(row["prompt"], 1).named for row in rows)
        plain = [row for row in data["styleless"] if row["held_out"] == held_out]
        yield {"what": "held-out prompts" if held_out else "prompts used for tuning", "prompts": len(rows),
               "first": places.count(0), "among_three": sum(place < 3 for place in places),
               "first_share": round(places.count(0) / len(rows), 4),
               "among_three_share": round(sum(place < 3 for place in places) / len(rows), 4),
               "style_missed": asked, "style_imagined": sum(search.find(row["prompt"], 1).named for row in plain),
               "styleless": len(plain)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--quick", action="store_true", help="5,000 synthetic vectors instead of 100,000")
    asked = options.parse_args()
    rows: list[Row] = []
    for row in measured(5_000 if asked.quick else 100_000):
        rows.append(row)
        if not asked.json:
            print(", ".join([row["what"], *(f"{key} {value}" for key, value in row.items() if key != "what")]),
                  flush=True)
    if asked.json:
        json.dump(rows, sys.stdout, indent=1)


def measured(many: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        encoder = PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder")
        library = StyleLibrary(ROOT / "styles", Path(folder) / "added")
        start = time.perf_counter()
        search = StyleSearch(library, encoder, Path(folder) / "cache")
        yield {"what": "first arranging of all words", "s": round(time.perf_counter() - start, 2)}
        yield from prompt_rows(search, encoder)
        phrases = np.concatenate([search._things.vectors, search._current_shelf()._index.vectors])
        for count in (32, many):
            yield from vector_rows(count, 300, phrases)


if __name__ == "__main__":
    main()
