"""The walls between the rooms: who may import what (the table of ARCHITECTURE.md, read from the code itself)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from pipeline.settings import ROOT

SHARED = {
    "errors",
    "controls",
    "values",
    "prompt_syntax",
    "settings",
    "setting_checks",
    "timing",
    "strict_json",
    "plain_file",
    "whole_file",
    "disk_faults",
    "sealed_file",
    "own_weights",
    "pixel_values",
    "taught",
    "hints",
    "hires",
    "places",
    "kept_files",
    "freed_memory",
}
READ = SHARED | {"sketch", "request", "models", "styles", "machine", "picture"}
POCKET = {"controls", "values", "errors", "prompt_syntax", "settings"} | {
    *("sketch", "request", "models", "styles", "machine", "inking", "painters", "colours", "engine", "studio"),
}
ALLOWED = {  # room -> the rooms that it may import; a room that is not here may not exist
    **{shared: SHARED for shared in SHARED},
    "sketch": SHARED,
    "models": SHARED,
    "request": SHARED | {"models"},
    "machine": SHARED | {"models"},
    "styles": SHARED | {"models"},
    "picture": SHARED | {"models", "sketch", "request"},
    "store": {"errors", "values", "settings", "sealed_file", "whole_file", "kept_files", "picture"},
    "teaching": SHARED | {"sketch"},
    "painters": {"errors", "values"},
    "inking": {"errors", "values", "sketch"},
    "colours": {"errors", "values", "inking"},
    "engine": SHARED
    | {"models", "request", "machine", "styles", "sketch"}
    | {"painters", "inking", "colours", "teaching"},
    "metrics": {"errors", "values", "settings", "models", "request"},
    "studio": READ | {"engine", "store", "teaching", "metrics"},
    "exports": {"errors", "values", "sketch", "inking", "picture"},
    "page": READ | {"studio", "exports", "store", "teaching"},
    "service": READ | {"studio"},
    "commands": READ | {"studio", "store", "teaching"},
    "serve": READ | {"engine", "store", "studio", "service", "page", "metrics"},
    "app": SHARED | {"page", "service", "commands", "studio", "machine"},
    "pocket": set[str](),
    "pocket.references": {"painters", "values"},
    "pocket.data": POCKET - {"engine", "studio"},
    "pocket.train": POCKET | {"pocket.data"},
    "pocket.evaluate": POCKET | {"pocket.data", "pocket.train", "pocket.references"},
}
ONE_MODULE = {  # (room, room) -> the only modules of the second that the first may import
    ("request", "models"): {"pipeline.models.profile"},
    ("picture", "sketch"): {
        "pipeline.sketch.image_file",
        "pipeline.sketch.canvas",
        "pipeline.sketch.picture_pieces",
    },
    ("store", "picture"): {"pipeline.picture.png_file"},
    ("engine", "styles"): {"pipeline.styles.sentences"},
    ("engine", "teaching"): {"pipeline.teaching.networks"},
    ("page", "teaching"): {"pipeline.teaching.lesson"},
    ("serve", "engine"): {
        "pipeline.engine.remote_engine",
        "pipeline.engine.drawing_engine",
        "pipeline.engine.turns",
    },
    ("commands", "store"): {
        *("pipeline.store.keeper", "pipeline.store.history", "pipeline.store.logins"),
        "pipeline.store.tables",
    },
    ("commands", "teaching"): {"pipeline.teaching.lesson"},
    ("picture", "request"): {"pipeline.request.presets"},
}
# Rooms whose `__init__` holds code: a setting that comes before Gradio's import, and three tables of functions.
WITH_CODE = {"page", "painters", "references", "unseen"}
FLOORS = 9
UNSEEN = "pipeline.pocket.evaluate.unseen"


def name_module(file: Path) -> str:
    """Return the dotted name of a file of the checkout."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_module(file): file for file in [*(ROOT / "pipeline").rglob("*.py"), ROOT / "app.py"]}


def find_imports(text: str, modules: Iterable[str]) -> Iterator[str]:
    """Yield the modules of ours that a text imports, inside functions and for types alone too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules and not node.level:
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else str(node.module) for name in whole)


def find_room(module: str) -> str:
    """Return the room that a module lies in; the rooms of pocket are told apart."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["pocket"] else 1]) if parts else module


@cache
def read_arrows() -> frozenset[tuple[str, str]]:
    """Return (module, imported module) for all code of ours, tests aside."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in MODULES.items()}
    return frozenset(
        (name, goal) for name, text in texts.items() for goal in find_imports(text, MODULES) if goal != name
    )


def find_trespassers(arrows: Iterable[tuple[str, str]]) -> list[str]:
    """Return the arrows that go through a wall."""
    found = []
    for source, goal in sorted(arrows):
        here, there = find_room(source), find_room(goal)
        through = here != there and (
            there not in ALLOWED.get(here, set()) or goal not in ONE_MODULE.get((here, there), {goal})
        )
        if through or (goal.startswith(UNSEEN) and here != "pocket.evaluate"):
            found.append(f"{source} -> {goal}")
    return found


def count_floors(goals: Mapping[str, set[str]]) -> int:
    """Return the length of the longest way through a graph. Raises ValueError at a circle."""
    heights: dict[str, int] = {}

    def climb(node: str, way: tuple[str, ...] = ()) -> int:
        if node in way:
            raise ValueError(f"A circle: {' -> '.join((*way[way.index(node) :], node))}")
        if node not in heights:
            heights[node] = 1 + max((climb(goal, (*way, node)) for goal in goals.get(node, ())), default=0)
        return heights[node]

    return max(map(climb, goals))


def group_arrows(arrows: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return each source with its goals, itself left out."""
    goals: dict[str, set[str]] = {}
    for source, goal in arrows:
        goals.setdefault(source, set()).update({goal} - {source})
    return goals


def test_every_import_keeps_to_the_table() -> None:
    assert {find_room(name) for name in MODULES} - {"pipeline"} <= set(ALLOWED)
    assert find_trespassers(read_arrows()) == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("pipeline.engine.denoise", "from pipeline.page import api"),
        ("pipeline.studio.studio", "from pipeline.pocket.train.tower import TOWER_SIDE"),
        ("pipeline.sketch.edges", "def read() -> None:\n    import pipeline.models.catalog"),
        ("pipeline.pocket.train.tower", "from pipeline.pocket.evaluate import unseen"),
        ("pipeline.request.order", "from pipeline.models.catalog import POCKET"),
        ("pipeline.picture.recipe", "if TYPE_CHECKING:\n    from pipeline.sketch import intake"),
    ],
)
def test_a_forbidden_import_is_found(source: str, text: str) -> None:
    assert source in MODULES
    assert find_trespassers((source, goal) for goal in find_imports(text, MODULES)) != []


def test_no_circle_and_few_floors() -> None:
    count_floors(group_arrows(read_arrows()))
    rooms = {(find_room(source), find_room(goal)) for source, goal in read_arrows()}
    assert count_floors(group_arrows(rooms)) <= FLOORS
    with pytest.raises(ValueError, match="circle"):
        count_floors({"a": {"b"}, "b": {"a"}})


def test_each_room_says_in_one_sentence_what_it_is() -> None:
    rooms = [file for name, file in MODULES.items() if file.name == "__init__.py" and name != "pipeline"]
    code = {file.parent.name: ast.parse(file.read_text(encoding="utf-8")) for file in rooms}
    said = {room: (ast.get_docstring(tree) or "").partition("\n")[0] for room, tree in code.items()}
    assert {room: words for room, words in said.items() if not words.endswith(".") or ". " in words} == {}
    assert {room for room, tree in code.items() if len(tree.body) > 1} == WITH_CODE
