"""What the papers say of the code is so: the import table, the length of the card, the version."""

from __future__ import annotations

import re
import tomllib

from pipeline.settings import ROOT
from tests.test_walls import ALLOWED, SHARED

CARD_LIMIT = 150  # lines


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def read_import_table() -> dict[str, set[str]]:
    """Return room -> rooms that it may import, as ARCHITECTURE.md writes it; "shared" stands for files over them."""
    rows = re.findall(r"^\| (\w+) \| (.+) \|$", read("ARCHITECTURE.md"), re.MULTILINE)[1:]
    written = {room: set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", names))) for room, names in rows}
    return {room: (names - {"shared"}) | (SHARED if "shared" in names else set()) for room, names in written.items()}


def test_the_import_table_is_that_of_the_walls() -> None:
    there = {path.stem for path in (ROOT / "pipeline").iterdir()} | {"app"}
    rooms = (there & set(ALLOWED)) - SHARED - {"pocket"}
    assert read_import_table() == {room: ALLOWED[room] & there for room in rooms}


def test_the_card_is_short() -> None:
    assert len(read("pipeline/pocket/README.md").splitlines()) <= CARD_LIMIT


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert re.search(rf"^## {re.escape(version)} \(", read("CHANGELOG.md"), re.MULTILINE)
