"""Pictures drawn by OpenVINO are torch's but for the last bits, and torch draws what it cannot, with a sentence."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine import openvino_limits, openvino_networks
from pipeline.engine.acceleration import COMPILED
from pipeline.engine.engine import Engine
from pipeline.engine.graph_process import GraphsFailed
from pipeline.engine.openvino_limits import OTHER_NUMBERS, WITH_LORAS, WITH_PARTS, expect_openvino
from pipeline.engine.openvino_networks import FAILED, OpenVINO
from pipeline.errors import SettingError
from pipeline.own_weights import Lora
from pipeline.settings import Settings
from pipeline.studio import opening
from pipeline.values import Drawn, GenerationRequest, StyleMask, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_lora
from tests.tools.requests import change_request

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.slow]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs")


def load(folder: Path, **given: Any) -> Engine:
    return Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=folder, device="cpu", dtype="bfloat16", **given)


@pytest.fixture(scope="module")
def quick(shallow_folder: Path, graphs: Path) -> Iterator[Engine]:
    engine = load(shallow_folder, graphs=graphs)
    yield engine
    engine._placement.free_spare()


@pytest.fixture(scope="module")
def plain(shallow_folder: Path) -> Engine:
    return load(shallow_folder)


@pytest.fixture
def openvino(quick: Engine) -> Iterator[OpenVINO]:
    """Return what the engine draws by; it is as new afterwards."""
    openvino = quick._denoiser.openvino
    assert openvino is not None
    yield openvino
    openvino.has_failed = False


@pytest.fixture
def request_(quick: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(quick, make_style("neon", 1), num_inference_steps=4, guidance_scale=3.0)


def measure_difference(one: Drawn, other: Drawn) -> float:
    """Return the mean difference of two pictures, in 255ths."""
    return float(np.abs(np.asarray(one.images[0]).astype(int) - np.asarray(other.images[0])).mean())


def by_openvino(openvino: OpenVINO) -> str:
    return f"bfloat16, {openvino.usual_way}"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"shortcuts": Shortcuts(cache_interval=2, guidance_end=0.5)},
        {"ip_adapter_scale": 0.3},
        {"controlnet_conditioning_scale": 0.4},
        {"controlnet_conditioning_scale": 0.0},
    ],
    ids=["whole", "shallow and unguided", "another strength", "faint lines", "no lines"],
)
def test_pictures_are_torchs_but_for_the_last_bits(
    quick: Engine, plain: Engine, openvino: OpenVINO, request_: GenerationRequest, given: dict[str, Any]
) -> None:
    request = change_request(request_, **given)
    drawn, expected = quick.draw(request), plain.draw(request)
    assert drawn.numbers == by_openvino(openvino) == quick.present_revisions["numbers"]
    assert expected.numbers == "bfloat16"
    assert drawn.notices == (), "the start opened all that it takes"
    assert measure_difference(drawn, expected) < 2
    if given:
        assert measure_difference(drawn, quick.draw(request_)) > 2 * measure_difference(drawn, expected), "it counts"
    assert np.array_equal(drawn.images[0], quick.draw(request).images[0]), "equal requests, equal bytes"


def test_another_size_is_compiled_once_and_told(
    quick: Engine, plain: Engine, openvino: OpenVINO, make_style: MakeStyle
) -> None:
    before, after = COMPILED.split("{seconds}")
    for size in ((64, 128), (128, 64), (128, 128)):
        quick.profile = plain.profile = make_tiny_sd15_profile(any_dtype=True)
        small = make_request(quick, make_style("neon", 1), num_inference_steps=2)
        pixels = np.zeros(size[::-1], np.uint8)
        request = change_request(small, edges=type(small.edges)(pixels, "lines"), width=size[0], height=size[1])
        drawn = quick.draw(request)
        (told,) = drawn.notices
        assert told.startswith(before) and told.endswith(after)
        assert quick.draw(request).notices == ()
        assert measure_difference(drawn, plain.draw(request)) < 2
    kept = [each.graph for each in openvino._opened]
    assert {kept.count(name) for name in ("whole", "control")} == {2}, "each shape has all weights once more"


def test_a_process_that_dies_within_a_picture_leaves_it_to_torch(
    quick: Engine, plain: Engine, openvino: OpenVINO, request_: GenerationRequest
) -> None:
    quick.draw(request_)

    def kill(step: Any) -> None:
        if step.step == 2 and openvino.process_id:
            os.kill(openvino.process_id, signal.SIGKILL)

    drawn, expected = quick.draw(request_, on_step=kill), plain.draw(request_)
    (told,) = drawn.notices
    assert told.startswith(FAILED.partition("{")[0]) and "process ended" in told
    assert drawn.numbers == f"bfloat16, partly by OpenVINO {openvino_networks.version('openvino')}"
    assert measure_difference(drawn, expected) < 2
    assert openvino.process_id is None
    after = quick.draw(request_)
    assert np.array_equal(after.images[0], expected.images[0]) and after.numbers == "bfloat16"
    assert after.notices == () and openvino.process_id is None, "told once, and not tried again"


def test_what_it_cannot_draw_is_torchs_to_the_byte_and_told(
    quick: Engine,
    plain: Engine,
    openvino: OpenVINO,
    request_: GenerationRequest,
    make_style: MakeStyle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = write_lora(tmp_path / "ink.safetensors", quick._pipeline.unet, "kohya")
    worn = change_request(request_, loras=(Lora("ink", 0.6, "1" * 64, file),))
    left = np.zeros((64, 64), np.uint8)
    left[:, :32] = 255
    part = StyleMask(left, StyleMix.of(make_style("felt", 2)))
    for request, sentence in ((worn, WITH_LORAS), (change_request(request_, mask=part), WITH_PARTS)):
        drawn, expected = quick.draw(request), plain.draw(request)
        assert drawn.notices == (sentence,) and drawn.numbers == "bfloat16"
        assert np.array_equal(drawn.images[0], expected.images[0])
    assert quick.draw(request_).numbers == by_openvino(openvino), "the next one is drawn by it again"
    openvino.let_go()
    monkeypatch.setattr(openvino, "_measure", lambda: 10**6)
    drawn = quick.draw(request_)
    assert drawn.notices == ("OpenVINO takes 0.5 GB, and 0.0 GB are free, so torch drew this picture.",)
    assert np.array_equal(drawn.images[0], plain.draw(request_).images[0])


def test_another_model_ends_the_process_and_is_converted(
    quick: Engine, plain: Engine, openvino: OpenVINO, request_: GenerationRequest
) -> None:
    before = quick.draw(request_)
    process = openvino.process_id
    assert process is not None

    def change() -> None:
        for engine in (quick, plain):
            engine._pipeline.unet.conv_out.weight.data *= 1.5

    quick._placement.exchange(change)
    assert openvino.process_id is None and not os.path.exists(f"/proc/{process}")
    drawn, expected = quick.draw(request_), plain.draw(request_)
    assert drawn.numbers == by_openvino(openvino)
    assert any(each.startswith(openvino_networks.CONVERTED.partition("{")[0]) for each in drawn.notices)
    assert measure_difference(drawn, expected) < 2 < measure_difference(drawn, before)
    assert drawn.notices != (), quick.draw(request_).notices == ()


def test_a_folder_that_cannot_be_written_is_told_and_torch_draws(
    shallow_folder: Path, plain: Engine, tmp_path: Path, make_style: MakeStyle
) -> None:
    (tmp_path / "file").touch()
    engine = load(shallow_folder, graphs=tmp_path / "file")
    assert engine._denoiser.openvino is not None and engine._denoiser.openvino.has_failed
    assert engine.present_revisions["numbers"] == "bfloat16"
    drawn = engine.draw(make_request(engine, make_style("neon", 1), num_inference_steps=1))
    assert [each.startswith(FAILED.partition("{")[0]) for each in drawn.notices] == [
        True
    ] and drawn.numbers == "bfloat16"


def test_in_float32_torch_draws(quick: Engine, openvino: OpenVINO) -> None:
    unet: Any = type("UNet", (), {"dtype": torch.float32})()
    assert openvino_limits.find_trouble(unet, conditions=None) == OTHER_NUMBERS  # type: ignore[arg-type]


def test_where_it_cannot_run_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, shallow_folder: Path) -> None:
    expect_openvino(CPU, torch.bfloat16)
    with pytest.raises(SettingError, match="is for the processor, and the device is 'cuda'"):
        expect_openvino(torch.device("cuda"), torch.float16)
    with pytest.raises(SettingError, match="draws in bfloat16, and this processor draws in float32"):
        Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", graphs=Path("graphs"))
    with monkeypatch.context() as patch:
        patch.setattr(openvino_limits, "version", lambda name: "2024.6.0")
        with pytest.raises(SettingError, match=r"OpenVINO 2024\.6\.0 is too old.*requirements-openvino\.txt"):
            expect_openvino(CPU, torch.bfloat16)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install -r requirements-openvino\.txt"):
        expect_openvino(CPU, torch.bfloat16)


def test_the_setting_names_the_folder_of_the_graphs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(Engine, "load", classmethod(lambda cls, profile, **found: given.update(found)))
    opening.open_engine(make_tiny_sd15_profile(), Settings(compile="openvino", user_dir=tmp_path))
    assert given["graphs"] == tmp_path / "cache" / "openvino" and given["compile"] is False
    opening.open_engine(make_tiny_sd15_profile(), Settings(compile="on", user_dir=tmp_path))
    assert given["graphs"] is None and given["compile"] is True


def test_a_retired_engine_ends_the_process(shallow_folder: Path, graphs: Path) -> None:
    engine = load(shallow_folder, graphs=graphs)
    openvino = engine._denoiser.openvino
    assert openvino is not None and openvino.process_id is not None
    engine.retire(lambda: None)
    assert openvino.process_id is None


def test_openvinos_errors_are_told_with_their_reason(
    quick: Engine, openvino: OpenVINO, request_: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    openvino.let_go()

    def fail(network: Any, kind: str) -> Any:
        raise GraphsFailed("no such instruction")

    monkeypatch.setattr(openvino._cache, "provide", fail)
    assert quick.draw(request_).notices == (FAILED.format(why="no such instruction"),)
