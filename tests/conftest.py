"""Fixtures shared by all tests: model folders with random weights, and engines loaded from them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest
from PIL import Image

from pipeline.values import Style
from tests.__main__ import SERVED_ROOMS

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.models.profile import ModelProfile
    from pipeline.store.history import History
    from tests.tools.hub_server import Hub
    from tests.tools.serving import Server

# What a person set for their own Croquis, the page's library and the Hub is not for the tests.
FOREIGN = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
for _name in [name for name in os.environ if name in FOREIGN or name.startswith(("CROQUIS_", "GRADIO_"))]:
    del os.environ[_name]

# A busy machine makes any single example slow; the whole suite's time is what counts.
hypothesis.settings.register_profile("croquis", deadline=None)
hypothesis.settings.load_profile("croquis")

MakeStyle = Callable[..., Style]
OpenHistory = Callable[..., "History"]
# Tests of the running app; so are those with the fixture `server`. Names of files and folders below tests/
SERVED = ("browser/", "benchmarks/test_whole_tree.py")
ALONE = (
    "benchmarks/test_balanced.py",
    "benchmarks/test_history.py",
    "benchmarks/test_levers.py",
    "browser/test_canvas_speed.py",
    "browser/test_live_by_hand.py",
    "browser/test_reload_loss.py",
    "page/test_live.py",
)
# Files that take the longest, in this order, so that no worker has one left when the others are through
LONGEST = (
    "benchmarks/test_whole_tree.py",
    "browser/test_accessibility_and_layout.py",
    "browser/test_reconnecting.py",
    "browser/test_teaching_by_hand.py",
    "browser/test_refusals.py",
    "test_paths.py",  # of make quick
    "page/test_languages.py",
)
TESTS = Path(__file__).parent
WITH_A_STORE = ("SQLite", "PostgreSQL", "SQLite, pictures in a store")  # kinds of open_history
SHIPPED_POCKET = TESTS.parent / "assets" / "pocket"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what runs the app, and what needs the machine for itself: measured times, and what waits for a moment.

    Without Ray the cluster's tests are skipped, except where `-m cluster` asks for them: then they fail.
    """
    lacks_ray = find_spec("ray") is None and config.option.markexpr != "cluster"
    for item in items:
        if lacks_ray and item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.skip(reason="needs requirements-cluster.txt"))
        if lies_in(item, ALONE):
            item.add_marker(pytest.mark.alone)
        elif lies_in(item, SERVED) or "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.served)
            if item.path.parent != TESTS and not lies_in(item, SERVED_ROOMS):
                raise pytest.UsageError(f"{item.nodeid}: name its room in SERVED_ROOMS of tests/__main__.py")
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (rank_by_length(item), -tests[item.path]))


def lies_in(item: pytest.Item, names: tuple[str, ...]) -> bool:
    """Tell whether a test lies in one of these files and folders."""
    return name_below_tests(item.path).startswith(names)


def rank_by_length(item: pytest.Item) -> int:
    """Return the place of a test's file among the longest ones, which is the same for all others."""
    name = name_below_tests(item.path)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@cache
def name_below_tests(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Run torch on one thread: small models are quickest there, and sums come out in one order."""
    from pipeline.machine import torch_threads

    with pytest.MonkeyPatch.context() as patch, torch_threads.use_threads(1):
        patch.setattr(torch_threads, "USUAL_COUNT", 1)
        yield


@pytest.fixture(scope="session")
def sd15_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write SD 1.5's layout with small random weights."""
    from tests.tools.models import write_sd15

    return write_sd15(tmp_path_factory.mktemp("models") / "sd15")


@pytest.fixture(scope="session")
def packaged_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the second layout, whose words come from a package, with small random weights."""
    from tests.tools.packaged_folder import write_packaged

    return write_packaged(tmp_path_factory.mktemp("models") / "packaged")


@pytest.fixture(scope="session")
def packaged_engine(packaged_folder: Path) -> Engine:
    from pipeline.engine.engine import Engine
    from tests.tools.packaged_folder import make_packaged_profile

    return Engine.load(make_packaged_profile(), folder=packaged_folder, device="cpu")


@pytest.fixture(scope="session")
def sd15_engine(sd15_folder: Path) -> Engine:
    return load_small_engine(sd15_folder)


@pytest.fixture(scope="session")
def shallow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write SD 1.5's layout with as few layers as there can be, for tests that compile them."""
    from tests.tools.models import write_shallow_sd15

    return write_shallow_sd15(tmp_path_factory.mktemp("models") / "shallow")


@pytest.fixture(scope="session")
def shallow_engine(shallow_folder: Path) -> Engine:
    return load_small_engine(shallow_folder)


def load_small_engine(folder: Path) -> Engine:
    """Load an engine from small files of SD 1.5."""
    from pipeline.engine.engine import Engine
    from tests.tools.models import make_tiny_sd15_profile

    return Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")


@pytest.fixture(scope="session")
def shipped_folder() -> Path:
    """Return the folder of the trained weights in the tree."""
    assert (SHIPPED_POCKET / "manifest.json").is_file(), "assets/pocket holds no trained weights"
    return SHIPPED_POCKET


@pytest.fixture(scope="session")
def shipped_engine(shipped_folder: Path) -> PocketEngine:
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.models.catalog import POCKET

    return PocketEngine.load(POCKET, folder=shipped_folder)


@pytest.fixture(scope="session")
def make_style(tmp_path_factory: pytest.TempPathFactory) -> MakeStyle:
    """Return make_style(id, seed=0, template="{prompt}"): it makes a style whose image is patches of colour of the
    seed."""
    folder = tmp_path_factory.mktemp("styles")

    def make(identity: str, seed: int = 0, template: str = "{prompt}") -> Style:
        path = folder / f"{identity}-{seed}.png"
        patches = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(patches).resize((128, 128), Image.Resampling.BILINEAR).save(path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Style(identity, identity.title(), ("patches",), template, "CC0-1.0", "tests", sha256, path)

    return make


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run `python app.py`."""
    from tests.tools.serving import run_app

    with run_app(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def model_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Run a Hub of this machine's own that offers a/b: model_index.json and 2 MB of weights."""
    from tests.tools.hub_server import offer_weights, serve_hub, set_hub

    with serve_hub() as served:
        offer_weights(served, "a/b", tmp_path / "repository", 2_000_000)
        set_hub(served, tmp_path / "cache", monkeypatch)
        monkeypatch.setattr("pipeline.models.hub.WAITS", (0.01,) * 3)
        yield served


@pytest.fixture
def hub_profile(model_hub: Hub) -> ModelProfile:
    """Return SD 1.5 with the part that `model_hub` offers as its base, and one that nothing downloads."""
    from tests.tools.hub_server import make_hub_profile

    return make_hub_profile(model_hub, "a/b")


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write sentence-transformers/clip-ViT-B-32's layout with small random weights."""
    from tests.tools.clip_folder import write_clip

    return write_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the URL of a PostgreSQL that this worker's tests share."""
    from tests.tools.postgres import run_postgres

    with run_postgres() as url:
        yield url


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """Return the URL of a PostgreSQL that holds nothing."""
    from sqlalchemy import create_engine

    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
    return postgres


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def open_history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenHistory]:
    """Return open_history(pictures, bytes), which opens the history of one folder with these limits.

    Each test that asks for it runs on SQLite and on PostgreSQL; WITH_A_STORE adds one with its pictures in fsspec.
    """
    from pipeline.kept_files import open_kept_files
    from pipeline.store.database import open_database, open_server
    from pipeline.store.history import History
    from pipeline.store.limits import Limits

    url = request.getfixturevalue("empty_postgres") if request.param == "PostgreSQL" else ""
    place = f"memory://{tmp_path.name}" if "store" in request.param else ""
    opened: list[History] = []

    def open_one(pictures: int = 1_000, bytes: int = 10**9, **limits: int) -> History:
        file = tmp_path / "history" / "history.sqlite3"
        database = open_server(url) if url else open_database(file)[0]
        files = open_kept_files(place, tmp_path / "history")
        opened.append(History(files, database, Limits(pictures, bytes, **limits)))
        return opened[-1]

    yield open_one
    for history in opened:
        history.close()
