"""Few-step weights and LoRAs of a person's own: added as the keys say, taken off to the last bit, equal to stock."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.controls import Shortcuts
from pipeline.engine.adapters import Adapters, WantedLora
from pipeline.engine.engine import Engine
from pipeline.errors import ModelError
from pipeline.machine.plan import ModeChoice
from pipeline.own_weights import Lora
from pipeline.request.presets import get_menu
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_lora
from tests.tools.requests import change_request

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")


@pytest.fixture
def adapters(engine: Engine) -> Adapters:
    return Adapters(engine._pipeline, engine._placement.get_format)


def weights(network: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def draw(engine: Engine, request: Any) -> Any:
    return np.asarray(engine.draw(request).images[0]).astype(int)


@pytest.mark.parametrize("layout", ["kohya", "peft"])
def test_weights_are_added_by_their_keys_and_taken_off_exactly(
    engine: Engine, adapters: Adapters, tmp_path: Path, layout: str
) -> None:
    unet = engine._pipeline.unet
    file = write_lora(tmp_path / "lora.safetensors", unet, layout)
    before, layer = weights(unet), unet.get_submodule(LAYER)
    adapters.use([WantedLora(file, "", 0.5)])
    lora = load_file(file)
    key = {"kohya": "lora_unet_" + LAYER.replace(".", "_"), "peft": "unet." + LAYER}[layout]
    down, up = (".lora_down.weight", ".lora_up.weight") if layout == "kohya" else (".lora_A.weight", ".lora_B.weight")
    x = torch.randn(1, 3, layer.in_features)
    fused = x @ (layer.weight + 0.5 * lora[key + up] @ lora[key + down]).T
    torch.testing.assert_close(unet.get_submodule(LAYER)(x), fused, atol=1e-5, rtol=1e-4)
    replaced = [name for name in unet.state_dict() if "base_layer" in name and name.endswith("weight")]
    assert len(replaced) == len([name for name in lora if name.endswith(down)])
    assert not any("to_k_ip" in name or "to_v_ip" in name for name in replaced)  # the style's own weights stay
    adapters.use([])
    assert unet.get_submodule(LAYER) is layer
    after = weights(unet)
    assert after.keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in after.items())


@pytest.mark.parametrize("name", get_menu("sd15").few_steps)
def test_each_entry_of_the_menu_draws_from_its_own_file(
    shallow_folder: Path, tmp_path: Path, make_style: MakeStyle, name: str
) -> None:
    profile, few = make_tiny_sd15_profile(), get_menu("sd15").few_steps[name]
    for each in shallow_folder.iterdir():
        if each.name not in ("hyper_sd", "pcm", "lcm_lora"):
            (tmp_path / each.name).symlink_to(each)
    engine = Engine.load(profile, folder=tmp_path, device="cpu")
    part = profile.parts[few.part]
    usual = make_request(engine, make_style("neon", 1))
    levers = Shortcuts(few_steps=name)
    with pytest.raises(ModelError, match=re.escape(part.folder)):
        engine.draw(change_request(usual, **few.usual, shortcuts=levers))
    write_lora(tmp_path / part.folder / part.subfolder / few.file, engine._pipeline.unet, "kohya")
    drawn = engine.draw(change_request(usual, **few.usual, shortcuts=levers)).images[0]
    plain = engine.draw(change_request(usual, **few.usual)).images[0]
    assert np.abs(np.asarray(drawn).astype(int) - np.asarray(plain)).max() > 1


def test_a_picture_in_few_steps_leaves_nothing_behind(engine: Engine, make_style: MakeStyle) -> None:
    usual = make_request(engine, make_style("neon", 1))
    quick = change_request(
        usual, num_inference_steps=2, guidance_scale=1.0, sampler="LCM", shortcuts=Shortcuts(few_steps="lcm")
    )
    without = change_request(quick, shortcuts=Shortcuts())
    first, few, plain, again = (draw(engine, each) for each in (usual, quick, without, usual))
    assert np.array_equal(first, again)
    assert np.abs(few - plain).max() > 4
    assert np.array_equal(few, draw(engine, quick))


def test_few_steps_draw_what_fused_weights_draw(shallow_folder: Path, engine: Engine, make_style: MakeStyle) -> None:
    quick = make_request(
        engine, make_style("neon", 1), num_inference_steps=4, sampler="LCM", shortcuts=Shortcuts(few_steps="lcm")
    )
    fused = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    fused._pipeline.load_lora_weights(str(shallow_folder / "lcm_lora"), weight_name="pytorch_lora_weights.safetensors")
    fused._pipeline.fuse_lora(components=["unet"])
    fused._pipeline.unload_lora_weights()
    assert np.abs(draw(engine, quick) - draw(fused, change_request(quick, shortcuts=Shortcuts()))).max() <= 1


def test_the_change_is_booked_as_a_stage_and_reads_no_weights(
    engine: Engine, make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make_request(engine, make_style("neon", 1))
    quick = change_request(usual, shortcuts=Shortcuts(few_steps="lcm"))
    draw(engine, usual)
    assert "loras" in engine.draw(quick).milliseconds
    assert "loras" not in engine.draw(quick).milliseconds
    assert "loras" in engine.draw(usual).milliseconds
    monkeypatch.setattr("pipeline.engine.adapters.read_lora", lambda *_: pytest.fail("read again"))
    monkeypatch.setattr("pipeline.engine.adapters.join_pairs", lambda *_: pytest.fail("made again"))
    engine.draw(quick)


@pytest.mark.parametrize("mode", ["fp8", "streamed"])
def test_weights_are_added_in_every_memory_mode(
    shallow_folder: Path, make_style: MakeStyle, mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory=mode)
    read = engine._placement._read_again
    quick = make_request(engine, make_style("neon", 1), shortcuts=Shortcuts(few_steps="lcm"))
    plain = change_request(quick, shortcuts=Shortcuts())
    draw(engine, plain)
    monkeypatch.setattr(engine._placement, "_read_again", lambda: pytest.fail("the networks were read again"))
    first, few, again = (draw(engine, each) for each in (plain, quick, plain))
    assert np.array_equal(first, again)
    assert np.abs(few - first).max() > 4
    monkeypatch.setattr(engine._placement, "_read_again", read)
    engine._placement.choice = ModeChoice("cpu", "a test")  # another mode moves the networks: the weights follow
    whole = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    assert np.array_equal(draw(engine, quick), draw(whole, quick))


def test_compiled_networks_follow_the_weights(shallow_folder: Path, engine: Engine, make_style: MakeStyle) -> None:
    from pipeline.engine.acceleration import Compiler

    compiled = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    compiled._denoiser.compiler = Compiler(True, "eager")
    quick = make_request(engine, make_style("neon", 1), shortcuts=Shortcuts(few_steps="lcm"))
    for each in (quick, change_request(quick, shortcuts=Shortcuts()), quick):
        assert np.abs(draw(compiled, each) - draw(engine, each)).max() <= 1


def test_weights_that_do_not_fit_are_told_and_the_model_stays(
    engine: Engine, adapters: Adapters, make_style: MakeStyle, tmp_path: Path
) -> None:
    before = weights(engine._pipeline.unet)
    layer = "lora_unet_mid_block_attentions_0_proj_in"
    for name, key, size in (("other", "lora_unet_nowhere", 4), ("large", layer, 1000)):
        tensors = {f"{key}.lora_down.weight": torch.ones(2, size), f"{key}.lora_up.weight": torch.ones(size, 2)}
        save_file(tensors, tmp_path / f"{name}.safetensors")
    save_file({f"{layer}.lora_down.weight": torch.ones(2, 4)}, tmp_path / "half.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    for name in ("other", "large", "half", "broken", "missing"):
        with pytest.raises(ModelError, match=f"{name}.safetensors do not fit"):
            adapters.use([WantedLora(tmp_path / f"{name}.safetensors", "")])
        assert adapters.present == ()
    assert all(torch.equal(value, before[name]) for name, value in weights(engine._pipeline.unet).items())
    wrong = Lora("other", 1.0, "0" * 64, tmp_path / "other.safetensors")
    usual = make_request(engine, make_style("neon", 1))
    with pytest.raises(ModelError, match=r"other\.safetensors do not fit"):
        engine.draw(change_request(usual, loras=(wrong,)))
    assert np.array_equal(draw(engine, usual), draw(engine, usual))
