"""ControlNets are read when a picture asks for them and let go when memory is short."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.engine import controlnets
from pipeline.engine.engine import Engine
from pipeline.errors import ModelError
from pipeline.machine.memory import FreeMemory
from pipeline.machine.plan import MemoryPlan
from tests.conftest import MakeStyle
from tests.tools.controlnets import make_hint, write_controlnets
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request


@pytest.fixture(scope="module")
def folder(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = shutil.copytree(sd15_folder, tmp_path_factory.mktemp("nets") / "sd15")
    write_controlnets(own)
    return own


@pytest.fixture
def engine(folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")


def hints(*names):
    return tuple(make_hint(name, 64, 64) for name in names)


def test_each_is_read_when_it_is_asked_for_and_stays(engine: Engine, make_style: MakeStyle) -> None:
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    assert engine._controlnets.list_loaded() == ("controlnet",) and "controlnet_depth" not in engine.revisions
    engine.draw(change_request(plain, hints=hints("depth", "scribble")))
    assert engine._controlnets.list_loaded() == ("controlnet", "controlnet_depth", "controlnet_scribble")
    assert {"controlnet_depth", "controlnet_scribble"} <= set(engine.revisions)
    kept = engine._controlnets._loaded["controlnet_depth"].network
    engine.draw(change_request(plain, hints=hints("depth")))
    assert engine._controlnets._loaded["controlnet_depth"].network is kept


def test_where_memory_is_short_the_one_used_longest_ago_goes(engine: Engine, make_style: MakeStyle) -> None:
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    nets = engine._controlnets
    first = np.asarray(engine.draw(plain).images[0])
    for name in ("lineart", "depth", "lineart"):
        engine.draw(change_request(plain, hints=hints(name)))
    assert nets.list_loaded() == ("controlnet", "controlnet_depth", "controlnet_lineart")
    asked: list[MemoryPlan] = []

    def measure(plan: MemoryPlan) -> int:  # room for one more once one has gone
        asked.append(plan)
        return 0 if len(nets.list_loaded()) > 2 else 10**12

    nets._measure = measure
    engine.draw(change_request(plain, hints=hints("scribble")))
    assert nets.list_loaded() == ("controlnet", "controlnet_lineart", "controlnet_scribble")  # depth went
    assert asked[0].controlnet == 2 * 722558240  # in 32 bits
    nets._measure = lambda plan: 0
    engine.draw(change_request(plain, hints=hints("depth")))
    assert nets.list_loaded() == ("controlnet_depth",)  # the one read with the model went, too
    assert np.array_equal(first, np.asarray(engine.draw(plain).images[0]))  # and comes again
    assert nets.list_loaded() == ("controlnet",)


def test_the_memory_plan_decides_by_what_is_free(
    engine: Engine, make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, nets = make_request(engine, make_style("neon", 1), num_inference_steps=1), engine._controlnets
    nets.provide(change_request(plain, hints=hints("lineart")))
    request = change_request(plain, hints=hints("scribble"))
    plan = nets._plan(request, 1)
    needed = plan.controlnet + max(plan.steps, plan.decode, plan.encode)
    for main, stays in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(controlnets, "measure_free_memory", lambda device, main=main: FreeMemory(None, main))
        nets.provide(request)
        assert ("controlnet_lineart" in nets.list_loaded()) == stays
        nets._loaded.pop("controlnet_scribble")


def test_nothing_goes_while_there_is_room(engine: Engine, make_style: MakeStyle) -> None:
    engine._controlnets._measure = lambda plan: 10**13
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    for name in ("lineart", "depth", "openpose", "softedge", "scribble"):
        engine.draw(change_request(plain, hints=hints(name)))
    assert len(engine._controlnets.list_loaded()) == 6


@pytest.mark.parametrize("mode", ["fp8", "cpu"])
def test_a_mode_that_is_changed_reads_them_anew(engine: Engine, make_style: MakeStyle, mode: str) -> None:
    request = make_request(engine, make_style("neon", 1), hints=hints("depth", "canny"), num_inference_steps=1)
    before = np.asarray(engine.draw(request).images[0]).astype(int)
    engine._placement.switch_mode("fp8")
    assert engine._controlnets.list_loaded() == ("controlnet",)
    engine._placement.switch_mode(mode)  # type: ignore[arg-type]
    nets = engine._controlnets.provide(request)
    dtypes = {weight.dtype for weight in nets["depth"].network.parameters()}
    assert any("float8" in str(dtype) for dtype in dtypes) == (mode == "fp8")
    engine._placement.switch_mode("cpu")
    assert np.array_equal(before, np.asarray(engine.draw(request).images[0]).astype(int))


def test_files_that_are_not_here_are_told_before_anything_is_computed(
    sd15_engine: Engine, make_style: MakeStyle
) -> None:
    request = make_request(sd15_engine, make_style("neon", 1), hints=hints("depth"))
    with pytest.raises(ModelError, match="controlnet_depth"):
        sd15_engine.draw(request)
    assert sd15_engine._controlnets.list_loaded() == ("controlnet",)


def test_networks_that_are_not_here_are_downloaded_in_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models.catalog import SD15
    from pipeline.models.locate import PresentParts

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("pipeline.models.locate.find_cached_revision", lambda part: None)
    told = r'Download it in Settings, under "Follow in your drawing", or choose another one there\.'
    for folder, roles in ((None, ["controlnet_depth", "depth"]), (tmp_path, ["controlnet_depth"])):
        with pytest.raises(ModelError, match=told):
            PresentParts(SD15, folder).expect(roles)
    with pytest.raises(ModelError, match=r"Download them in Settings, or choose another one there\."):
        PresentParts(SD15).expect(["controlnet_depth", "ip_adapter_plus"])
    both = r'Start the download under "A bigger model", and download what else is missing in Settings, or draw with'
    with pytest.raises(ModelError, match=both):
        PresentParts(SD15).expect(["controlnet_depth", "taesd"])
    with pytest.raises(ModelError, match=r'Start the download under "A bigger model", or draw with another preset'):
        PresentParts(SD15).expect(["controlnet"])
    assert not PresentParts(SD15).has("controlnet_depth")
