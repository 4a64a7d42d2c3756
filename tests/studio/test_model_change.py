"""The model that a person chose draws after the next start too, and its absence is told."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.settings import Settings
from pipeline.studio.model_change import CHOSEN, ModelChange
from pipeline.studio.opening import LoadState
from pipeline.studio.studio import Studio
from tests.tools.own_files import write_other_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def studio(shallow_engine: Engine, shallow_folder: Path, tmp_path: Path) -> Iterator[Studio]:
    """A studio whose engine is loaded, with one model of its owner's."""
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    write_other_model(shallow_folder, tmp_path / "models" / "checkpoints" / "dreamy.safetensors")
    yield start_studio(shallow_engine, tmp_path)
    shallow_engine.own_base.change(BaseWish())


def start_studio(engine: Engine, home: Path) -> Studio:
    made = Studio(Settings(user_dir=home / "user", models=home / "models", profile="sd15"))
    made._loaded_engine.set_result(engine)
    made._started, made.loading = True, LoadState("Ready", 1.0, ready=True)
    made._choice = engine.profile, "the test's"  # type: ignore[misc]
    return made


def choose(studio: Studio, model: str) -> ModelChange:
    change = ModelChange(studio)
    change.start(model, "")
    change.join()
    return change


def restart(studio: Studio, engine: Engine, home: Path) -> ModelChange:
    """Begin anew as a program does: with the engine's own model."""
    engine.own_base.change(BaseWish())
    change = ModelChange(start_studio(engine, home))
    change.restore()
    change.join()
    return change


def test_the_chosen_model_draws_after_a_restart(studio: Studio, shallow_engine: Engine, tmp_path: Path) -> None:
    name = studio.own_files.list_kind("checkpoint")[0].name
    assert choose(studio, name).present == (name, "")
    assert restart(studio, shallow_engine, tmp_path).present == (name, "")
    choose(studio, "")
    assert restart(studio, shallow_engine, tmp_path).present == ("", "")


def test_a_model_that_is_gone_is_told_and_comes_again(studio: Studio, shallow_engine: Engine, tmp_path: Path) -> None:
    name = studio.own_files.list_kind("checkpoint")[0].name
    choose(studio, name)
    shutil.move(tmp_path / "models", tmp_path / "away")
    (tmp_path / "models").mkdir()
    change = restart(studio, shallow_engine, tmp_path)
    assert (change.present, change.state.stage) == (("", ""), "failed")
    assert name in change.state.message
    shutil.rmtree(tmp_path / "models")
    shutil.move(tmp_path / "away", tmp_path / "models")
    assert restart(studio, shallow_engine, tmp_path).present == (name, "")


def test_a_damaged_choice_counts_as_none(
    studio: Studio, shallow_engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    choose(studio, studio.own_files.list_kind("checkpoint")[0].name)
    kept = tmp_path / "user" / CHOSEN
    stored = bytearray(kept.read_bytes())
    stored[12] ^= 1
    kept.write_bytes(stored)
    with caplog.at_level(logging.WARNING):
        assert restart(studio, shallow_engine, tmp_path).present == ("", "")
    assert "which model was chosen last" in caplog.text.lower()
