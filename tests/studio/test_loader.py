"""What the studio does in the background once its engine is loaded."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import ModelError
from pipeline.models.catalog import POCKET
from pipeline.settings import Settings
from pipeline.studio.loader import Loader, embed_styles
from pipeline.studio.opening import Openers

WAIT = 60  # s


class EmbeddingEngine:
    """EmbeddingEngine embeds styles only once it may, and notes which."""

    profile = POCKET

    def __init__(self) -> None:
        self.may_begin, self.embedded, self.styles = threading.Event(), threading.Event(), list[str]()

    def embed_styles(self, styles: Any) -> int:
        """Wait, then note the styles' ids; return how many."""
        assert self.may_begin.wait(WAIT)
        self.styles = [style.id for style in styles]
        self.embedded.set()
        return len(self.styles)

    def retire(self, then: Any) -> None:
        """Let another engine take over."""
        then()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(profile="pocket", device="cpu", user_dir=tmp_path)


def load(settings: Settings, engine: EmbeddingEngine) -> Loader:
    """Load a studio whose engine this is."""
    search: Any = SimpleNamespace()
    loader = Loader(settings, Openers(lambda *_: engine, lambda *_: search))  # type: ignore[arg-type, return-value]
    assert loader.engine is engine  # type: ignore[comparison-overlap]
    return loader


def test_all_styles_are_embedded_in_the_background_once_the_model_is_loaded(settings: Settings) -> None:
    engine = EmbeddingEngine()
    loader = load(settings, engine)
    assert engine.styles == [], "the engine draws before any style is embedded"
    engine.may_begin.set()
    assert engine.embedded.wait(WAIT)
    assert engine.styles == [style.id for style in loader.library.all()] and len(engine.styles) > 40
    loader.close()


def test_an_engine_that_takes_over_embeds_them_too(settings: Settings) -> None:
    first, second = EmbeddingEngine(), EmbeddingEngine()
    for each in (first, second):
        each.may_begin.set()
    loader = load(settings, first)
    assert first.embedded.wait(WAIT)
    loader.change_engine(second, "asked for")  # type: ignore[arg-type]
    assert second.embedded.wait(WAIT) and second.styles == first.styles
    loader.close()


def test_styles_that_cannot_be_embedded_ahead_stop_nothing() -> None:
    def fail(styles: Any) -> int:
        raise ModelError("The image encoder is not here.")

    engine: Any = SimpleNamespace(embed_styles=fail)
    embed_styles(engine, [])


class Panic(BaseException):
    """Panic ends a call into a library written in Rust; PyO3 derives it from BaseException."""


def test_a_library_that_panics_while_loading_leaves_nobody_waiting(settings: Settings) -> None:
    def fail(*_: object) -> Any:
        raise Panic("index out of bounds")

    search: Any = SimpleNamespace()
    loader = Loader(settings, Openers(fail, lambda *_: search))
    loader.start_loading()
    assert isinstance(loader._loaded_engine.exception(WAIT), Panic)
    assert loader.loading.error and not loader.loading.ready
    assert loader.engine_or_none() is None
    loader.close()
