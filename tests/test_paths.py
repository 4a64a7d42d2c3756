"""Whatever our texts name is there: files, folders, modules to run, names of the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields

import pytest

from pipeline.settings import PREFIX, ROOT, Settings
from tests.tools.mentions import DOTTED, FILE, FOLDER, LINK, MEMBER, NAME, TO_RUN, Mention, Tree, find_mentions

ELSEWHERE = {  # a path that is not in the tree -> why a text names it
    "croquis-styles.png": "what the page saves a sheet of styles as",
    "picture.png": "what the clients in README and examples/ write",
    "base/": "a folder that the reader gives as CROQUIS_SD15",
    "controlnet/": "the same",
    "ip_adapter/": "the same",
    "lcm_lora/": "the same",
    "model_index.json": "in a model folder of diffusers",
    "scheduler_config.json": "the same",
    "retrieval/": "the same",
    "taesd/": "the same",
    "data/pocket-pack.zip": "written by python -m pipeline.pocket.data.pack",
    "runs/": "written by python -m pipeline.pocket.train",
    "<folder>/shard-<n>/pictures.npy": "training's prepared lessons",
    "sheet.png": "written by python -m pipeline.pocket.evaluate --sheet",
    "FILE.png": "a name that the reader gives --sheet",
    "FILE.svg": "a name that the reader gives --curve",
    "FILE-colors.png": "written beside FILE.png",
    "FILE-edges.png": "the same",
    "ID.json": "any drawing below tests/data/sketches",
    "styles/.none": "a folder that must not be there",
    "dist/esm/index.mjs": "in the npm package of which assets/vendor/ holds a copy",
}
TREE = Tree(ROOT)


def lost_paths(texts: Mapping[str, str]) -> list[Mention]:
    """Files and folders that a text names and the tree lacks; a path from the root is looked for in code too."""
    tops = "|".join(re.escape(folder) for folder in sorted(TREE.top_folders))
    from_the_root = re.compile(rf"(?<![\w/.:-])(?:{tops})/[\w./*<>-]+")
    found = [*find_mentions(texts, FILE), *find_mentions(texts, FOLDER), *find_mentions(texts, LINK, ".md")]
    found += find_mentions(texts, from_the_root, whole=True)
    return [each for each in dict.fromkeys(found) if each.name not in ELSEWHERE and not TREE.has_path(each)]


def lost_modules(texts: Mapping[str, str]) -> list[Mention]:
    """What `python -m` cannot run, and dotted names of no module of ours."""
    idle = [each for each in find_mentions(texts, TO_RUN, whole=True) if not TREE.is_runnable(each.name)]
    return idle + [each for each in find_mentions(texts, DOTTED) if not TREE.has_module(each.name)]


def lost_names(texts: Mapping[str, str]) -> list[Mention]:
    """`module.name` and `name` in prose that no code holds any more."""
    members = [each for each in find_mentions(texts, MEMBER, ".py", ".md") if not TREE.has_member(each)]
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    names = [each for each in find_mentions(texts, NAME, ".py", ".md") if each.name not in known]
    return members + [each for each in names if not TREE.has_name(each.name)]


Lost = Callable[[Mapping[str, str]], list[Mention]]


@pytest.mark.parametrize("lost", [lost_paths, lost_modules, lost_names])
def test_what_a_text_names_is_there(lost: Lost) -> None:
    found = sorted(map(str, lost(TREE.texts)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("lost", "source", "text", "name"),
    [
        (lost_paths, "docs/a.md", "The engine is pipeline/engine/gone.py, or so.", "pipeline/engine/gone.py"),
        (lost_paths, "docs/a.md", "See [the card](../gone.md).", "../gone.md"),
        (lost_paths, "docs/a.md", "    gone/      a room", "gone/"),
        (lost_paths, "pipeline/engine/a.py", '"""A step, as gone.py takes it."""', "gone.py"),
        (lost_paths, "pipeline/engine/a.py", "x = 1  # as in `gone/`", "gone/"),
        (lost_paths, "pipeline/engine/a.py", 'PLACE = "tests/gone.py"', "tests/gone.py"),
        (lost_paths, "styles/ghibli/style.json", '{"credit": "Painted by pipeline/gone/."}', "pipeline/gone/."),
        (lost_paths, "assets/app.js", "// the order of page/gone.py", "page/gone.py"),
        (lost_paths, "README.md", "its styles/*/gone.json", "styles/*/gone.json"),
        (lost_modules, "README.md", "`python -m pipeline.gone` trains", "pipeline.gone"),
        (lost_modules, "README.md", "`python -m pipeline.styles.library` has no main part", "pipeline.styles.library"),
        (lost_modules, "tests/a.py", r'MATCH = r"python -m tests\.gone"', r"tests\.gone"),
        (lost_modules, "pipeline/a.py", '"""As pipeline.engine.gone does."""', "pipeline.engine.gone"),
        (lost_names, "README.md", "the table `samplers.GONE`", "samplers.GONE"),
        (lost_names, "pipeline/a.py", '"""One of samplers.GONE."""', "samplers.GONE"),
        (lost_names, "pipeline/a.py", '"""As `no_such_name` does."""', "no_such_name"),
    ],
)
def test_a_broken_name_is_found(lost: Lost, source: str, text: str, name: str) -> None:
    assert name in {each.name for each in lost({source: text})}


def test_paths_that_lie_elsewhere_are_named_and_not_in_the_tree() -> None:
    named = {(name, source) for source, text in TREE.texts.items() for name in ELSEWHERE if name in text}
    assert set(ELSEWHERE) - {name for name, _ in named} == set()
    assert [each for each in named if TREE.has_path(Mention(*each, line=1))] == []
