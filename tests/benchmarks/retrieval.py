"""Measure how fast and right the search is: python -m tests.benchmarks.retrieval [--json] [--sizes N] [--only NAME].

One line a row. First "search": the whole search with the text tower, and how often the right style comes first or among
three, on the prompts used for tuning and on those held out. Then for each size (10,000, 100,000 and 1,000,000 vectors
of 512, made by tests/tools/clustered_vectors.py to crowd as embeddings do) hnswlib, through pipeline/styles/index.py
and alone, beside exact comparison in numpy, faiss HNSW, usearch and chromadb with the same graph
(tests/tools/index_libraries.py): building, loading, memory, files, single queries one by one on one thread, recall@10,
and what the "text" tower adds. Rivals come with: pip install -r requirements-bench.txt. A million vectors take five to
twelve processor minutes to build for each library; with --folder what is built stays and is not built again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from pipeline.prompt_syntax import Prompt
from pipeline.styles.encoders import PocketEncoder
from pipeline.styles.library import StyleLibrary
from pipeline.styles.phrases import split_prompt
from pipeline.styles.search import StyleSearch
from tests.benchmarks.report import Row, print_progress, print_rows
from tests.tools.clustered_vectors import BLOCK as MOST_QUERIES
from tests.tools.index_comparison import NEIGHBOURS, TEXT, compare_libraries
from tests.tools.index_libraries import INSTALL, LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 100_000, 1_000_000)
SEARCH = "search"
NAMES = (SEARCH, TEXT, *LIBRARIES)
PROMPTS = ROOT / "tests" / "data" / "style_prompts.json"
OWN_PROMPTS = PROMPTS.with_name("word_prompts.json")


def time_calls(call: Callable[[int], object], times: int) -> Row:
    """Measure wall time, and the processor's own, which a busy machine does not stretch."""
    call(0)
    wall, processor = [], []
    for n in range(times):
        start, start_processor = time.perf_counter(), time.process_time()
        call(n)
        wall.append(1e3 * (time.perf_counter() - start))
        processor.append(1e3 * (time.process_time() - start_processor))
    return {
        "median_ms": round(statistics.median(wall), 3),
        "p95_ms": round(float(np.quantile(wall, 0.95)), 3),
        "processor_median_ms": round(statistics.median(processor), 3),
    }


def list_right_styles(row: Row) -> list[str]:
    return [row["style"]] if isinstance(row["style"], str) else row["style"]


def find_ranks(search: StyleSearch, rows: list[Row]) -> Iterator[int]:
    for row in rows:
        found = [match.style.id for match in search.find(Prompt(row["prompt"]), 3).matches]
        yield min((found.index(id) for id in list_right_styles(row) if id in found), default=3)


def measure_prompts(search: StyleSearch, encoder: PocketEncoder) -> Iterator[Row]:
    data = json.loads(PROMPTS.read_text(encoding="utf-8"))
    fresh = [f"{row['prompt']}, number {n}" for n, row in enumerate(data["labelled"])]  # no piece of it is remembered
    yield {
        "what": "search with the text tower",
        **time_calls(lambda n: search.find(Prompt(fresh[n + 120 * (n == 0)])), 120),
    }
    shelf = search._current_shelf()
    said = split_prompt("a noodle stall lit by pink and blue neon signs in the rain", shelf.names)
    vectors = encoder.encode_text(said)

    def without_tower(n: int) -> object:
        return shelf.find(said, vectors, search._measure_nearness_to_things(vectors), 5)

    yield {
        "what": f"search without the text tower, {len(shelf.styles)} styles, {len(said)} pieces",
        **time_calls(without_tower, 300),
    }
    for held_out in (False, True):
        rows = [row for row in data["labelled"] if row["held_out"] == held_out]
        places = list(find_ranks(search, rows))
        asked = sum(not search.find(Prompt(row["prompt"]), 1).asks_for_style for row in rows)
        plain = [row for row in data["styleless"] if row["held_out"] == held_out]
        yield {
            "what": "held-out prompts" if held_out else "prompts used for tuning",
            "prompts": len(rows),
            "first": places.count(0),
            "among_three": sum(place < 3 for place in places),
            "first_share": round(places.count(0) / len(rows), 4),
            "among_three_share": round(sum(place < 3 for place in places) / len(rows), 4),
            "style_missed": asked,
            "style_imagined": sum(search.find(Prompt(row["prompt"]), 1).asks_for_style for row in plain),
            "styleless": len(plain),
        }
    yield from measure_own_prompts(search)


def measure_own_prompts(search: StyleSearch) -> Iterator[Row]:
    """Count finds in prompts of ten other languages, and in prompts that name no style."""
    data = json.loads(OWN_PROMPTS.read_text(encoding="utf-8"))
    places = list(find_ranks(search, data["foreign"]))
    yield {"what": "prompts in ten other languages", "prompts": len(places), "first": places.count(0)}
    for held_out in (False, True):
        plain = [row["prompt"] for row in data["plain"] if row["held_out"] == held_out]
        found = sum(search.find(Prompt(prompt), 1).asks_for_style for prompt in plain)
        what = "held-out prompts without a style" if held_out else "prompts without a style used for tuning"
        yield {"what": what, "prompts": len(plain), "style_imagined": found}


def main() -> None:
    asked = read_options()
    print_rows(measure_rows(asked), asked.json)


def read_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one JSON list instead of lines")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of vectors")
    options.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    options.add_argument("--queries", type=int, default=500, help="to each library, at each size")
    options.add_argument("--build-threads", type=int, default=1, help="queries are answered by one in any case")
    options.add_argument("--folder", type=Path, help="keeps vectors and indexes; a temporary one if not given")
    asked = options.parse_args()
    if min(asked.sizes) < NEIGHBOURS or not 1 <= asked.queries <= MOST_QUERIES or asked.build_threads < 1:
        options.error(f"sizes are {NEIGHBOURS} or more, queries 1 to {MOST_QUERIES:,}, build threads 1 or more")
    missing = [each.package for name, each in LIBRARIES.items() if name in asked.only and not each.is_installed()]
    if missing and asked.only is not NAMES:
        options.error(f"{' and '.join(missing)} not installed: {INSTALL}")
    return asked


def measure_rows(asked: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        if SEARCH in asked.only:
            yield from measure_search(Path(temporary))
        names = [name for name in asked.only if name != SEARCH]
        for size in asked.sizes if names else ():
            folder = (asked.folder or Path(temporary)) / str(size)
            yield from compare_libraries(size, names, folder, asked.queries, asked.build_threads, print_progress)
            if not asked.folder:
                shutil.rmtree(folder)


def measure_search(folder: Path) -> Iterator[Row]:
    encoder = PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder")
    start = time.perf_counter()
    search = StyleSearch(StyleLibrary(ROOT / "styles", folder / "added"), encoder, folder / "cache")
    yield {"what": "first arranging of all words", "s": round(time.perf_counter() - start, 2)}
    yield from measure_prompts(search, encoder)


if __name__ == "__main__":
    main()
