"""Find what our texts name, and tell whether it is there: files and folders, modules to run, names of the code.

A text is a document, a JSON, a settings file, a script of the page, or the comments and docstrings of a Python file.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
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
# a comment, or a text of Python's, in which a # begins none
COMMENT = re.compile(
    r"""(#[^\n]*)|\"{3}(?:[^"\\]|\\.|"(?!""))*"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""",
    re.DOTALL,
)
WORD = re.compile(r"[\w.-]+")


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
        for first, part in read_code(text).prose if source.endswith(".py") and not whole else [(1, text)]:
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
        if module in self._list_used(mention.source) or module in self._imported:
            return True
        return name in self._defined.get(module, ())

    def has_name(self, name: str) -> bool:
        """Tell whether a name occurs in code: as an identifier, or as a text of its own."""
        return any(name in code.used for code in self._code.values())

    def _list_used(self, source: str) -> frozenset[str]:
        return self._code[source].used if source in self._code else frozenset()

    @cached_property
    def _code(self) -> dict[str, Code]:
        return {name: read_code(text) for name, text in self.texts.items() if name.endswith(".py")}

    @cached_property
    def _defined(self) -> dict[str, frozenset[str]]:
        """Return module's last name -> names it defines; a folder's are its __init__'s and __main__'s."""
        found: dict[str, frozenset[str]] = {}
        for name, code in self._code.items():
            path = PurePosixPath(name)
            module = path.parent.name if path.stem in ("__init__", "__main__") else path.stem
            found[module] = found.get(module, frozenset()) | code.defined
        return found

    @cached_property
    def _imported(self) -> frozenset[str]:
        """Return first names of other people's modules that are imported anywhere, and of Python's own."""
        first = {name.partition(".")[0] for code in self._code.values() for name in code.imported}
        return frozenset(first - {"pipeline", "tests"} | set(sys.stdlib_module_names))


def _without_front_matter(text: str) -> str:
    """Blank the YAML between two lines of three dashes at the start: it names files on the Hub."""
    if not text.startswith("---\n"):
        return text
    end = text.index("\n---\n", 4)
    return "\n" * text.count("\n", 0, end) + text[end:]


@dataclass(frozen=True)
class Code:
    """This is what a Python file tells and names."""

    prose: tuple[tuple[int, str], ...]  # (first line, text) of every comment and docstring
    used: frozenset[str]  # identifiers, and texts that are one word
    defined: frozenset[str]
    imported: frozenset[str]  # modules, dotted, by the name they have here


@cache
def read_code(text: str) -> Code:
    """Read a Python file: its tree is walked once and not kept, since those of all files take long to collect."""
    nodes = list(ast.walk(ast.parse(text)))
    prose = (*_comments(text), *_docstrings(nodes))
    return Code(prose, *(frozenset(names(nodes)) for names in (_used_names, _defined_names, _imported_names)))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    line, reached = 1, 0
    for match in COMMENT.finditer(text):
        if match[1]:
            line, reached = line + text.count("\n", reached, match.start()), match.start()
            yield line, match[1]


def _docstrings(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, docstring


def _imported_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _used_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for name in ("name", "id", "attr", "arg", "asname"):
            if isinstance(found := getattr(node, name, None), str):
                yield found
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.fullmatch(node.value):
            yield node.value


def _defined_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
