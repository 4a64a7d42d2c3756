"""Find what our texts name, and tell whether it is there: files and folders, modules to run, names of the code.

A text is a document, a JSON, a settings file, a script of the page, or the comments and docstrings of a Python file.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

TEXTS = {".py", ".md", ".js", ".mjs", ".css", ".json", ".toml", ".yml", ".yaml", ".txt", ".sh", ""}
LEFT_OUT = ("package-lock.json", ".LICENSE", "tests/test_paths.py")  # npm's, other people's, names that are broken
ENDINGS = "py|md|js|mjs|css|html|toml|ya?ml|npz|npy|json|txt|webp|svg|png|jpg|zip|bin|safetensors|sh|log|woff2"
FILE = re.compile(rf"(?<![\w/.:*{{}}<>$-])(?:[\w.*<>-]+/)*[\w*<>-]+\.(?:{ENDINGS})\b(?![\w/(]|\.\w)")
FOLDER = re.compile(r"`((?:[\w.-]+/)+)`|^[ \t]*((?:[\w.-]+/)+)(?=\s{2,}\S)", re.MULTILINE)  # the second: a tree, drawn
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
TO_RUN = re.compile(r"-m\s+((?:pipeline|tests|app)(?:\\?\.\w+)*)\b")  # in a pattern a dot has a backslash
DOTTED = re.compile(r"(?<![\w/.-])(?:pipeline|tests)(?:\.\w+)+")
MEMBER = re.compile(r"`(?!pipeline|tests)([a-z_]\w*)\.(\w+)[^`\n]*`|(?<![\w.])([a-z_]\w*)\.([A-Z][A-Z_]{2,})\b")
NAME = re.compile(rf"`([a-z]\w*_\w+|[A-Z]\w+)\b(?!\.(?:{ENDINGS})\b)[^`\n]*`")


@dataclass(frozen=True)
class Mention:
    """This is a name in a text of the tree."""

    name: str
    source: str  # the text's path from the root
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.name}"


def find_mentions(
    texts: Mapping[str, str], pattern: re.Pattern[str], *endings: str, whole: bool = False
) -> Iterator[Mention]:
    """Yield what `pattern` finds in the texts (path from the root -> text) whose path has one of these endings, or any.

    Python files are read for their comments and docstrings; `whole` reads their code too.
    """
    for source, text in texts.items():
        if endings and not source.endswith(endings):
            continue
        for first, part in _prose(text) if source.endswith(".py") and not whole else [(1, text)]:
            for match in pattern.finditer(part):
                name = ".".join(filter(None, match.groups())) or match.group()
                yield Mention(name, source, first + part.count("\n", 0, match.start()))


class Tree:
    """This knows what lies in a working tree: its paths, its texts, its modules and the names they define."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Return every file that git tracks or would track, from the root."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout
        return tuple(sorted(name for name in set(listed.split("\0")) if name and (self.root / name).is_file()))

    @cached_property
    def paths(self) -> frozenset[str]:
        """Return files and folders; a folder ends in a slash."""
        folders = {f"{parent}/" for name in self.files for parent in PurePosixPath(name).parents if parent.name}
        return frozenset({*self.files, *folders})

    @cached_property
    def top_folders(self) -> frozenset[str]:
        return frozenset(name.partition("/")[0] for name in self.files if "/" in name)

    @cached_property
    def texts(self) -> dict[str, str]:
        """Return path -> text of all that is ours to read."""
        ours = (name for name in self.files if PurePosixPath(name).suffix in TEXTS and not name.endswith(LEFT_OUT))
        return {name: _without_front_matter((self.root / name).read_text(encoding="utf-8")) for name in ours}

    def has_path(self, mention: Mention) -> bool:
        """Tell whether a path is there: from the root, from the text's folder or one above, or as the end of a path.

        `*` and `<id>` stand for any name.
        """
        name = re.sub(r"<\w+>", "*", mention.name).rstrip("./") + ("/" if mention.name.endswith("/") else "")
        folder = (self.root / mention.source).parent
        above = [folder, *(parent for parent in folder.parents if parent.is_relative_to(self.root))]
        return any(self._is_there(start, name) for start in above) or self._is_an_ending(name)

    def _is_there(self, start: Path, name: str) -> bool:
        if "*" in name:
            return any(start.glob(name))
        place = (start / name).resolve()
        if not place.is_relative_to(self.root):
            return False
        path = place.relative_to(self.root).as_posix()
        return path in self.paths or f"{path}/" in self.paths or path == "."

    def _is_an_ending(self, name: str) -> bool:
        if "*" not in name:
            return name in self._endings
        pattern = re.compile(re.escape(name).replace(r"\*", "[^/]*"))
        return any(pattern.fullmatch(ending) for ending in self._endings)

    @cached_property
    def _endings(self) -> frozenset[str]:
        """Return every path, and what is left of it when folders are cut off from the front."""
        cut = [path.split("/") for path in self.paths]
        return frozenset("/".join(parts[first:]) for parts in cut for first in range(len(parts)) if any(parts[first:]))

    def is_runnable(self, module: str) -> bool:
        """Tell whether `python -m module` runs something: a folder's __main__, or a file that has a main part."""
        place = self.root.joinpath(*module.replace("\\", "").split("."))
        file = place.with_suffix(".py")
        if file.is_file():
            return '__name__ == "__main__"' in file.read_text(encoding="utf-8")
        return (place / "__main__.py").is_file()

    def has_module(self, dotted: str) -> bool:
        """Tell whether a dotted name is a module of ours, or a name that one of ours defines."""
        place = self.root.joinpath(*dotted.split("."))
        if place.with_suffix(".py").is_file() or place.is_dir():
            return True
        module, _, name = dotted.rpartition(".")
        return name in self._defined.get(module.rpartition(".")[2], ())

    def has_member(self, mention: Mention) -> bool:
        """Tell whether `module.name` is defined in a module of ours of that name, or belongs to a library or value."""
        module, _, name = mention.name.partition(".")
        if re.fullmatch(ENDINGS, name):
            return True  # a file, and looked for as one
        if module in self._used.get(mention.source, ()) or module in self._imported:
            return True
        return name in self._defined.get(module, ())

    def has_name(self, name: str) -> bool:
        """Tell whether a name occurs in code: as an identifier, or as a text of its own."""
        return any(name in names for names in self._used.values())

    @cached_property
    def _code(self) -> dict[str, ast.Module]:
        return {name: _parsed(text) for name, text in self.texts.items() if name.endswith(".py")}

    @cached_property
    def _used(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(_used_names(code)) for name, code in self._code.items()}

    @cached_property
    def _defined(self) -> dict[str, frozenset[str]]:
        """Return module's last name -> names it defines; a folder's are its __init__'s and __main__'s."""
        found: dict[str, frozenset[str]] = {}
        for name, code in self._code.items():
            path = PurePosixPath(name)
            module = path.parent.name if path.stem in ("__init__", "__main__") else path.stem
            found[module] = found.get(module, frozenset()) | frozenset(_defined_names(code))
        return found

    @cached_property
    def _imported(self) -> frozenset[str]:
        """Return first names of other people's modules that are imported anywhere, and of Python's own."""
        nodes = [node for code in self._code.values() for node in ast.walk(code)]
        plain = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        given = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
        first = {name.partition(".")[0] for name in plain | given} - {"pipeline", "tests"}
        return frozenset(first | set(sys.stdlib_module_names))


def _without_front_matter(text: str) -> str:
    """Blank the YAML between two lines of three dashes at the start: it names files on the Hub."""
    if not text.startswith("---\n"):
        return text
    end = text.index("\n---\n", 4)
    return "\n" * text.count("\n", 0, end) + text[end:]


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _prose(text: str) -> tuple[tuple[int, str], ...]:
    """Return (first line, text) of every comment and docstring."""
    return (*_comments(text), *_docstrings(_parsed(text)))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _docstrings(code: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(code):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, docstring


def _used_names(code: ast.Module) -> Iterator[str]:
    for node in ast.walk(code):
        for name in ("name", "id", "attr", "arg", "asname"):
            if isinstance(found := getattr(node, name, None), str):
                yield found
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.-]+", node.value):
            yield node.value


def _defined_names(code: ast.Module) -> Iterator[str]:
    for node in ast.walk(code):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
