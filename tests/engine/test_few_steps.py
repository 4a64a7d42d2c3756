"""Few-step weights: fused as the keys say, taken out to the last bit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.engine.few_steps import FusedWeights
from pipeline.errors import ModelError
from pipeline.request.presets import FewSteps, get_menu
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_lora
from tests.tools.requests import change_request

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"


@pytest.fixture(scope="module")
def engine(sd15_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu")


def weights(unet: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in unet.state_dict().items()}


@pytest.mark.parametrize("layout", ["kohya", "peft"])
def test_weights_are_added_by_their_keys_and_taken_out_exactly(engine: Engine, tmp_path: Path, layout: str) -> None:
    unet = engine._pipeline.unet
    file = write_lora(tmp_path / "lora.safetensors", unet, layout)
    before = weights(unet)
    fused = FusedWeights(engine._pipeline, lambda role: tmp_path)
    fused.fuse("lcm", FewSteps("lcm_lora", file.name, scale=0.5))
    after = weights(unet)
    assert after.keys() == before.keys()  # no wrapped layer is left
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    lora = load_file(file)
    key = {"kohya": "lora_unet_" + LAYER.replace(".", "_"), "peft": "unet." + LAYER}[layout]
    down, up = (".lora_down.weight", ".lora_up.weight") if layout == "kohya" else (".lora_A.weight", ".lora_B.weight")
    added = 0.5 * lora[key + up] @ lora[key + down]
    torch.testing.assert_close(after[LAYER + ".weight"], before[LAYER + ".weight"] + added, atol=1e-5, rtol=0)
    assert len(changed) == len([name for name in lora if name.endswith(down)])
    assert not any("to_k_ip" in name or "to_v_ip" in name for name in changed)  # the style's own weights stay
    fused.fuse("", None)
    assert all(torch.equal(value, before[name]) for name, value in weights(unet).items())


@pytest.mark.parametrize("name", get_menu("sd15").few_steps)
def test_each_entry_of_the_menu_draws_from_its_own_file(
    sd15_folder: Path, tmp_path: Path, make_style: MakeStyle, name: str
) -> None:
    profile, few = make_tiny_sd15_profile(), get_menu("sd15").few_steps[name]
    for each in sd15_folder.iterdir():
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
    first, few, plain, again = (
        np.asarray(engine.draw(each).images[0]).astype(int) for each in (usual, quick, without, usual)
    )
    assert np.array_equal(first, again)
    assert np.abs(few - plain).max() > 4
    assert np.array_equal(few, np.asarray(engine.draw(quick).images[0]))


def test_weights_that_do_not_fit_are_told_and_the_model_stays(engine: Engine, tmp_path: Path) -> None:
    before = weights(engine._pipeline.unet)
    fused = FusedWeights(engine._pipeline, lambda role: tmp_path)
    save_file(
        {
            "lora_unet_nowhere.lora_down.weight": torch.ones(2, 4),
            "lora_unet_nowhere.lora_up.weight": torch.ones(4, 2),
            "lora_unet_nowhere.alpha": torch.tensor(2.0),
        },
        tmp_path / "other.safetensors",
    )
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    for name in ("other", "broken", "missing"):
        with pytest.raises(ModelError, match=f"{name}.safetensors do not fit"):
            fused.fuse(name, FewSteps("lcm_lora", f"{name}.safetensors"))
        assert fused.name == ""
    assert all(torch.equal(value, before[name]) for name, value in weights(engine._pipeline.unet).items())
