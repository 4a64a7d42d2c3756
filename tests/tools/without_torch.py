"""A pytest plugin that makes torch impossible to import and skips what needs it: `-p tests.tools.without_torch`.

`make quick` runs under it, so that the quick ring cannot come to need torch unnoticed: a test that reaches for it is
skipped there, and runs in the whole suite.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

BLOCKED = {"torch", "transformers", "diffusers", "sentence_transformers", "playwright"}


class Blocker(MetaPathFinder):
    """Refuse the libraries of the slow rings, in whichever test or module they are imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in BLOCKED:
            pytest.skip(f"needs {name}", allow_module_level=True)
        return None


assert not BLOCKED & set(sys.modules), "imported before they could be blocked"
sys.meta_path.insert(0, Blocker())
