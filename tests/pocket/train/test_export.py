import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny, ControlNetModel, DPMSolverMultistepScheduler, UNet2DConditionModel
from safetensors.torch import load_file
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

from pipeline.errors import ModelError
from pipeline.models.checks import compute_sha256
from pipeline.pocket.train.export import SHARD_LIMIT, copy_in_half, export_pipeline, read_ip_adapter_states
from tests.tools.models import Modules
from tests.tools.packaged_folder import make_packaged_modules


@pytest.fixture(scope="module")
def modules() -> Modules:
    return make_packaged_modules()


@pytest.fixture(scope="module")
def folder(modules: Modules, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_pipeline(
        tmp_path_factory.mktemp("export") / "pocket",
        *modules,
        *read_ip_adapter_states(modules.unet),
        notes={"steps": 7},
    )


def inputs() -> dict[str, torch.Tensor]:
    noise = torch.Generator().manual_seed(3)
    return {
        "sample": torch.randn(2, 4, 16, 16, generator=noise),
        "timestep": torch.tensor(600),
        "encoder_hidden_states": torch.randn(2, 32, 384, generator=noise),
    }


@torch.inference_mode()
def test_unet_and_adapter_come_back_equal_within_fp16(modules: Modules, folder: Path) -> None:
    style = {"image_embeds": [torch.randn(2, 1, 384, generator=torch.Generator().manual_seed(4))]}
    loaded = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    tensors = load_file(folder / "ip_adapter" / "ip_adapter.safetensors")
    parts = {
        part: {key.removeprefix(part + "."): value for key, value in tensors.items() if key.startswith(part)}
        for part in ("image_proj", "ip_adapter")
    }
    loaded._load_ip_adapter_weights([parts])  # what load_ip_adapter calls
    trained = modules.unet(**inputs(), added_cond_kwargs=style).sample
    shipped = loaded.float()(**inputs(), added_cond_kwargs=style).sample
    torch.testing.assert_close(shipped, trained, rtol=0, atol=4e-3)
    other = loaded(**inputs(), added_cond_kwargs={"image_embeds": [-style["image_embeds"][0]]}).sample
    assert (other - shipped).abs().max() > 0.05  # the style reaches the output, so equality says something


@torch.inference_mode()
def test_the_other_parts_come_back_equal_within_fp16(modules: Modules, folder: Path) -> None:
    hint = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(5))
    controlnet = ControlNetModel.from_pretrained(folder / "controlnet", dtype=torch.float32)
    mine, theirs = (net(**inputs(), controlnet_cond=hint, return_dict=False)[1] for net in (modules[2], controlnet))
    torch.testing.assert_close(theirs, mine, rtol=0, atol=4e-3)
    assert mine.abs().max() > 0.05
    vae = AutoencoderTiny.from_pretrained(folder / "vae", dtype=torch.float32)
    torch.testing.assert_close(
        vae.decode(inputs()["sample"]).sample, modules.vae.decode(inputs()["sample"]).sample, rtol=0, atol=1e-2
    )
    encoder = CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder", dtype=torch.float32)
    torch.testing.assert_close(encoder(hint).image_embeds, modules.image_encoder(hint).image_embeds, rtol=0, atol=1e-2)


def test_adapter_keys_are_those_of_the_published_files(folder: Path) -> None:
    keys = set(load_file(folder / "ip_adapter" / "ip_adapter.safetensors"))
    layers = 2 * 1 + 2 * 2 + 1  # down, up, middle
    assert {key for key in keys if key.startswith("image_proj.")} == {
        "image_proj.proj.weight",
        "image_proj.proj.bias",
        "image_proj.norm.weight",
        "image_proj.norm.bias",
    }
    assert {key for key in keys if key.startswith("ip_adapter.")} == {
        f"ip_adapter.{number}.to_{kind}_ip.weight" for number in range(1, 2 * layers, 2) for kind in "kv"
    }


def test_manifest_names_every_file_with_its_hash(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == found - {"manifest.json"}
    assert manifest["notes"] == {"steps": 7}
    for name, entry in manifest["files"].items():
        assert entry == {"bytes": (folder / name).stat().st_size, "sha256": compute_sha256(folder / name)}
        assert entry["bytes"] < SHARD_LIMIT


def test_scheduler_starts_at_pure_noise(folder: Path) -> None:
    scheduler = DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler")
    scheduler.set_timesteps(12)
    assert scheduler.config.prediction_type == "v_prediction"
    assert scheduler.timesteps[0] == 999
    assert scheduler.alphas_cumprod[-1] < 1e-6


def test_image_processor_keeps_the_training_range(folder: Path) -> None:
    processor = CLIPImageProcessorPil.from_pretrained(folder / "feature_extractor")
    assert tuple(processor.image_mean) == (0.5,) * 3
    assert processor.crop_size["height"] == 128


def test_export_replaces_a_folder_and_leaves_no_draft(modules: Modules, tmp_path: Path) -> None:
    target = tmp_path / "pocket"
    for steps in (1, 2):
        export_pipeline(target, *modules, *read_ip_adapter_states(modules.unet), notes={"steps": steps})
    assert json.loads((target / "manifest.json").read_text())["notes"] == {"steps": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["pocket"]


def test_weights_that_overflow_fp16_are_refused(modules: Modules) -> None:
    broken = make_packaged_modules().controlnet
    with torch.no_grad():
        broken.conv_in.weight[0, 0, 0, 0] = 1e6
    with pytest.raises(ModelError, match=r"conv_in\.weight is not finite"):
        copy_in_half(broken)


def test_training_modules_are_left_as_they_were(modules: Modules, folder: Path) -> None:
    assert next(modules.unet.parameters()).dtype is torch.float32
    assert any(name.startswith("encoder_hid_proj") for name in modules.unet.state_dict())
