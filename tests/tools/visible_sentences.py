"""Collect every sentence that a person may read on the page: scripts', components', and what the server tells.

`python -m tests.tools.visible_sentences de` prints, as JSON, what the catalogue of a language lacks and has too much.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr

from pipeline.models.catalog import PROFILES
from pipeline.page.languages import list_profile_texts, list_texts
from pipeline.page.layout import build_page
from pipeline.settings import read_settings
from pipeline.sketch.examples import read_examples
from pipeline.studio.studio import Studio

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "tests" / "node"
# Nobody reads their sentences on the page: training, other ways in, and what is told before the page is there.
UNSEEN = {"pocket", "colours", "commands", "service", "api_words.py", "inputs.py", "settings.py", "theme.py"} | {
    *("setting_checks.py", "keys.py", "logins.py", "host_link.py", "signing.py"),
}
INTERNAL = {"ValueError", "TypeError", "RuntimeError", "KeyError", "AssertionError", "SystemExit", "AttributeError"}
LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LABELLED = {"page", "studio"}  # rooms whose labels count too: they are what the page shows
# Rooms and modules that put sentences together: words which stand within one count too.
PHRASED = {"models", "teaching", "device.py", "opening.py"}
REPORTS = {"report", "_report", "LoadState"}  # calls whose first text is a stage of the work, as the page shows it
LABEL = re.compile(r"[A-Z][a-z]{3,}|[A-Z][a-z]* .+|\{0\}( is ready|… \{1\})", re.DOTALL)
SENTENCE = re.compile(r"[A-Z“{].*[a-z\d}”)].*[.?!…]$", re.DOTALL)
# words within a sentence, or a sentence that is put together; commands are for a terminal
PHRASE = re.compile(r"^(?!pip |`)[a-z]+ \S|^(?!pip )[^`]*[a-z{}]{2,} [a-z]{2,} ", re.DOTALL)
VARIABLE = re.compile(r"\{\w+\}")
WORDED = re.compile(r"[^\W\d_]{2}")
TAG = re.compile(r"<[^<>]*>")


def collect_script_sentences() -> tuple[set[str], list[str]]:
    """Return what the scripts show through say(), and a list of what they show without it, as file:line: text."""
    found = subprocess.run(["node", "sentences.mjs"], cwd=NODE, capture_output=True, text=True, check=True)
    read = json.loads(found.stdout)
    return set(read["said"]), read["unsaid"]


@cache
def collect_server_sentences() -> frozenset[str]:
    """Return the sentences in pipeline/ that the page may be told; what varies in them is {0}, {1}, ..."""
    files = [file for file in (ROOT / "pipeline").rglob("*.py") if not set(file.parts) & UNSEEN]
    return frozenset(
        text
        for file in files
        for text in list_sentences(
            ast.parse(file.read_text("utf-8")), bool(set(file.parts) & LABELLED), bool(set(file.parts) & PHRASED)
        )
    )


def list_sentences(tree: ast.Module, with_labels: bool = False, with_phrases: bool = False) -> Iterator[str]:
    """List the sentences in a module: neither docstrings nor log entries nor what only programmers read.

    Of HTML every text between two tags counts, sentence or not; labels and phrases count where asked, stages of the
    work and what `phrase` marks always.
    """
    yield from list_stages(tree)
    yield from list_marked_phrases(tree)
    for node in walk_texts(tree, set(list_skipped(tree))):
        raw = read_raw(node) or ""
        pieces = [piece.strip() for piece in TAG.split(raw)]
        is_html = len(pieces) > 1
        for piece in pieces:
            text = number_variables(piece)
            counts = is_html or SENTENCE.fullmatch(text) or (with_labels and LABEL.fullmatch(text))
            counts = counts or (with_phrases and PHRASE.search(text))
            if WORDED.search(text) and "\\" not in text and counts:
                yield text


def list_stages(tree: ast.Module) -> Iterator[str]:
    """List the stages that a module reports while it works."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in REPORTS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def list_marked_phrases(tree: ast.Module) -> Iterator[str]:
    """List the words that a module marks by `phrase`, since sentences are put together of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "phrase":
            yield from (number_variables(str(each.value)) for each in node.args if isinstance(each, ast.Constant))


def walk_texts(node: ast.AST, skipped: set[ast.AST]) -> Iterator[ast.expr]:
    """Walk the outermost texts below a node: of an f-string the whole, then the texts that it chooses among."""
    for child in ast.iter_child_nodes(node):
        if child in skipped:
            continue
        if isinstance(child, ast.Constant | ast.JoinedStr | ast.BinOp) and read_raw(child) is not None:
            yield child
            for value in ast.walk(child):
                if isinstance(value, ast.FormattedValue):
                    yield from walk_texts(value, skipped)
        else:
            yield from walk_texts(child, skipped)


def list_skipped(tree: ast.Module) -> Iterator[ast.AST]:
    """List the nodes of docstrings, of log entries and of errors that no person is told."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in LOGGED | INTERNAL | {"Field", "add_argument", "ArgumentParser"}:
                yield node


def number_variables(raw: str) -> str:
    """Write {0}, {1}, ... for what varies in a text: zero bytes, and the names that str.format fills."""
    numbers = iter(range(len(raw)))
    return re.sub(r"\0|\{\w*\}", lambda _: f"{{{next(numbers)}}}", raw)


def read_raw(node: ast.AST) -> str | None:
    """Return a text with a zero byte for each thing that varies."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = read_raw(node.left), read_raw(node.right)
        return None if left is None or right is None else left + right
    return None


def list_variables(text: str) -> list[str]:
    """List what varies in a sentence, in the order of their names."""
    return sorted(VARIABLE.findall(text))


def collect_component_texts() -> set[str]:
    """Return what the components of the page show, for every engine that may draw."""
    texts = set(list_texts(build_whole_page())) | {each["name"] for each in read_examples(ROOT / "assets" / "examples")}
    names = {json.loads(file.read_text("utf-8"))["name"] for file in (ROOT / "styles").glob("*/style.json")}
    titles = {profile.title for profile in PROFILES.values()}
    return (texts | names | titles).union(*(list_profile_texts(profile) for profile in PROFILES.values()))


def build_whole_page() -> gr.Blocks:
    """Build the page of a studio that never loads its models; a person's folder of its own keeps others' styles out."""
    with TemporaryDirectory() as home:
        return build_page(Studio(read_settings([], {"CROQUIS_USER_DIR": home})))


def collect_sentences() -> set[str]:
    """Return every key that a catalogue holds."""
    texts = collect_script_sentences()[0] | collect_server_sentences() | collect_component_texts()
    return {text for text in texts if WORDED.search(text)}


def main() -> None:
    """Print what a language's catalogue lacks and what it holds in vain."""
    file = ROOT / "assets" / "languages" / f"{sys.argv[1]}.json"
    known, wanted = set(json.loads(file.read_text("utf-8"))), collect_sentences()
    found = {"missing": sorted(wanted - known), "stale": sorted(known - wanted)}
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
