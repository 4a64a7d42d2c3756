"""LoRAs, textual inversions and checkpoints of a person's own draw what diffusers' own loaders draw, within 1/255."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import nn

from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.errors import ModelError
from pipeline.models.catalog import SD15
from pipeline.models.checks import compute_sha256
from pipeline.models.model_folders import hash_folder
from pipeline.own_weights import Embedding, Lora
from pipeline.values import CHECKPOINT
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import draw_by_diffusers, embed_style_by_diffusers, load_adapter
from tests.tools.drawing_requests import make_request
from tests.tools.ldm_layout import rename_vae_tensor
from tests.tools.models import make_tiny_sd15_profile, write_lora
from tests.tools.own_files import write_other_model
from tests.tools.own_models import change_tensors, round_to_8_bits
from tests.tools.requests import change_request


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")


@pytest.fixture
def stock(shallow_folder: Path) -> Any:
    return load_stock(shallow_folder, shallow_folder / "base")


def load_stock(folder: Path, base: Path, variant: str | None = "fp16") -> Any:
    controlnet = ControlNetModel.from_pretrained(folder / "controlnet", variant="fp16")
    given = {"controlnet": controlnet, "safety_checker": None, "requires_safety_checker": False}
    kind = StableDiffusionControlNetPipeline
    pipeline = (
        kind.from_single_file(str(base), config=str(folder / "base"), local_files_only=True, **given)
        if base.is_file()
        else kind.from_pretrained(base, variant=variant, **given)
    )
    return load_adapter(pipeline, folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")


def compare(engine: Engine, stock: Any, folder: Path, request: Any, shown: Any = None) -> tuple[int, int]:
    """Return the largest difference of the two pictures, and from the picture without the weights."""
    style = request.styles.parts[0][0]
    embedding = embed_style_by_diffusers(stock, folder / "ip_adapter" / "models" / "image_encoder", style.image)
    expected = draw_by_diffusers(stock, engine.profile, shown or request, embedding).astype(int)
    plain = change_request(request, loras=(), embeddings=())
    drawn, without = (np.asarray(engine.draw(each).images[0]).astype(int) for each in (request, plain))
    return int(np.abs(drawn - expected).max()), int(np.abs(drawn - without).max())


def write_text_lora(file: Path, unet: Any, text_encoder: Any, layout: str) -> Path:
    """Write a LoRA of both networks, as kohya's trainer does."""
    write_lora(file, unet, layout)
    tensors, noise = load_file(file), torch.Generator().manual_seed(9)
    for name, layer in text_encoder.named_modules():
        if isinstance(layer, nn.Linear):
            path = name if name.startswith("text_model.") else f"text_model.{name}"
            key = "lora_te_" + path.replace(".", "_")
            tensors[f"{key}.lora_down.weight"] = torch.randn(2, layer.in_features, generator=noise) * 0.3
            tensors[f"{key}.lora_up.weight"] = torch.randn(layer.out_features, 2, generator=noise) * 0.3
            tensors[f"{key}.alpha"] = torch.tensor(1.0)
    save_file(tensors, file)
    return file


def test_two_loras_with_weights_equal_stock(
    engine: Engine, stock: Any, shallow_folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    kohya = write_lora(tmp_path / "ink.safetensors", engine._pipeline.unet, "kohya")
    peft = write_lora(tmp_path / "glow.safetensors", engine._pipeline.unet, "peft", rank=3, strength=0.1)
    stock.load_lora_weights(str(tmp_path), weight_name="ink.safetensors", adapter_name="ink")
    stock.load_lora_weights(str(tmp_path), weight_name="glow.safetensors", adapter_name="glow")
    stock.set_adapters(["ink", "glow"], [0.6, -0.4])
    loras = (Lora("ink", 0.6, "1" * 64, kohya), Lora("glow", -0.4, "2" * 64, peft))
    request = make_request(engine, make_style("neon", 1), loras=loras)
    near, far = compare(engine, stock, shallow_folder, request)
    assert near <= 1
    assert far > 8


def test_a_lora_of_the_words_equals_fused_weights(
    engine: Engine, stock: Any, shallow_folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    file = write_text_lora(tmp_path / "ink.safetensors", engine._pipeline.unet, engine._pipeline.text_encoder, "kohya")
    stock.load_lora_weights(str(tmp_path), weight_name="ink.safetensors", adapter_name="ink")  # of the UNet
    stock.set_adapters(["ink"], [0.5])
    fuse_words(stock.text_encoder, load_file(file), 0.5)
    request = make_request(engine, make_style("neon", 1), loras=(Lora("ink", 0.5, "3" * 64, file),))
    near, far = compare(engine, stock, shallow_folder, request)
    assert near <= 1
    assert far > 8


@torch.no_grad()
def fuse_words(text_encoder: Any, tensors: dict[str, torch.Tensor], weight: float) -> None:
    """Add the text encoder's part by hand, where diffusers' loader did not (it looks for another version's names)."""
    if any("lora" in name for name, _ in text_encoder.named_modules()):
        return
    for name, layer in text_encoder.named_modules():
        path = name if name.startswith("text_model.") else f"text_model.{name}"
        key = "lora_te_" + path.replace(".", "_")
        if f"{key}.alpha" in tensors:
            up, down = tensors[f"{key}.lora_up.weight"], tensors[f"{key}.lora_down.weight"]
            layer.weight += weight * float(tensors[f"{key}.alpha"]) / len(down) * up @ down


@pytest.mark.parametrize("kind", ["safetensors", "pt", "bin"])
def test_a_textual_inversion_equals_stock(
    engine: Engine, stock: Any, shallow_folder: Path, make_style: MakeStyle, tmp_path: Path, kind: str
) -> None:
    width = engine._pipeline.text_encoder.config.hidden_size
    vectors = torch.randn(3, width, generator=torch.Generator().manual_seed(len(kind)))
    file = tmp_path / f"EasyFox.{kind}"
    if kind == "safetensors":
        save_file({"emb_params": vectors}, file)
        stock.load_textual_inversion(str(file), token="easyfox")
    else:
        torch.save({"string_to_param": {"*": vectors}, "name": "x"} if kind == "pt" else {"<x>": vectors}, file)
        stock.load_textual_inversion({"<x>": vectors}, token="easyfox")
    prompt = "a red easyfox in a city"  # stock reads no capitals here
    request = make_request(
        engine, make_style("neon", 1), prompt=prompt, embeddings=(Embedding("easyfox", kind.ljust(64), file),)
    )
    near, far = compare(engine, stock, shallow_folder, request)
    assert near <= 1
    assert far > 8
    capitals, weighted = (
        change_request(request, prompt=f"a red {name} in a city") for name in ("EasyFox", "(EasyFox:2)")
    )
    drawn, again, heavier = (engine.draw(each).images[0].tobytes() for each in (request, capitals, weighted))
    assert drawn == again != heavier


def test_what_is_no_textual_inversion_is_told(engine: Engine, make_style: MakeStyle, tmp_path: Path) -> None:
    class Command:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"string_to_param": Command()}, 2))
    torch.save({"string_to_param": Command()}, tmp_path / "archive.pt")
    torch.save({"a": 1}, tmp_path / "nothing.pt")
    save_file({"emb_params": torch.zeros(2, 1000)}, tmp_path / "wide.safetensors")
    (tmp_path / "cut.bin").write_bytes(b"\x80\x02")
    said = {
        "evil.pt": "safely",
        "archive.pt": "safely",
        "nothing.pt": "no textual",
        "wide.safetensors": "another model",
    }
    for name, words in (said | {"cut.bin": "safely"}).items():
        wanted = Embedding("fox", name.ljust(64), tmp_path / name)
        with pytest.raises(ModelError, match=words):
            engine.draw(make_request(engine, make_style("neon", 1), embeddings=(wanted,)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("mode", ["auto", "fp8"])
def test_a_checkpoint_equals_stock_and_the_model_before_comes_back(
    shallow_folder: Path, make_style: MakeStyle, tmp_path: Path, mode: str
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory=mode)
    file = write_other_model(shallow_folder, tmp_path / "dreamy.safetensors")
    request = make_request(engine, make_style("neon", 1))
    before = np.asarray(engine.draw(request).images[0]).astype(int)
    told: list[str] = []
    wish = BaseWish("dreamy", file, compute_sha256(file))
    engine.own_base.change(wish, lambda stage, fraction: told.append(stage))
    assert told == ["Checking the model's files", "Reading the model", "Putting it in place"]
    assert engine.revisions["base"] == wish.sha256[:12]
    assert engine.present_revisions[CHECKPOINT] == "dreamy"
    if mode == "auto":
        near, _ = compare(engine, load_stock(shallow_folder, file), shallow_folder, request)
        assert near <= 1
    assert np.abs(np.asarray(engine.draw(request).images[0]) - before).max() > 8
    engine.own_base.change(BaseWish())
    assert np.array_equal(np.asarray(engine.draw(request).images[0]), before)
    assert CHECKPOINT not in engine.revisions


def test_a_checkpoint_in_8_bits_equals_stock(
    engine: Engine, shallow_folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    file, request = tmp_path / "small.safetensors", make_request(engine, make_style("neon", 1))
    before = np.asarray(engine.draw(request).images[0])
    change_tensors(write_other_model(shallow_folder, tmp_path / "dreamy.safetensors"), file, round_to_8_bits)
    assert any("float8" in str(value.dtype) for value in load_file(file).values())
    engine.own_base.change(BaseWish("small", file, compute_sha256(file)))
    near, _ = compare(engine, load_stock(shallow_folder, file), shallow_folder, request)
    assert near <= 1
    engine.own_base.change(BaseWish())
    assert np.array_equal(np.asarray(engine.draw(request).images[0]), before)


@pytest.mark.parametrize("variant", ["fp16", None])
def test_a_folder_of_diffusers_equals_stock(
    engine: Engine, shallow_folder: Path, make_style: MakeStyle, tmp_path: Path, variant: str | None
) -> None:
    other = load_stock(shallow_folder, write_other_model(shallow_folder, tmp_path / "other.safetensors"))
    other.unload_ip_adapter()
    made = {name: part for name, part in other.components.items() if name != "controlnet"}
    folder = tmp_path / "dreamy"
    StableDiffusionPipeline(**made, requires_safety_checker=False).save_pretrained(folder, variant=variant)
    request = make_request(engine, make_style("neon", 1))
    before = np.asarray(engine.draw(request).images[0])
    engine.own_base.change(BaseWish("dreamy", folder, hash_folder(folder)))
    near, _ = compare(engine, load_stock(shallow_folder, folder, variant), shallow_folder, request)
    assert near <= 1
    assert engine.revisions["base"] == hash_folder(folder)[:12]
    engine.own_base.change(BaseWish())
    assert np.array_equal(np.asarray(engine.draw(request).images[0]), before)


@pytest.mark.parametrize("names", ["diffusers", "ldm"])
def test_a_vae_of_one_s_own_paints(engine: Engine, make_style: MakeStyle, tmp_path: Path, names: str) -> None:
    before = np.asarray(engine.draw(make_request(engine, make_style("neon", 1))).images[0]).astype(int)
    tensors = {name: value.clone() for name, value in engine._pipeline.vae.state_dict().items()}
    tensors["decoder.conv_out.bias"] += 0.2
    renamed = {rename_vae_tensor(name) if names == "ldm" else name: each for name, each in tensors.items()}
    save_file({name: each.contiguous() for name, each in renamed.items()}, tmp_path / "bright.safetensors")
    engine.own_base.change(BaseWish(vae_name="bright", vae_file=tmp_path / "bright.safetensors", vae_sha256="7" * 64))
    after = np.asarray(engine.draw(make_request(engine, make_style("neon", 1))).images[0]).astype(int)
    middle = (before > 20) & (before < 200)
    assert abs((after - before)[middle].mean() - 25.5) < 2
    assert engine.revisions["vae"] == "7" * 12
    engine.own_base.change(BaseWish())
    assert "vae" not in engine.revisions


def test_a_broken_checkpoint_leaves_the_model_before(engine: Engine, make_style: MakeStyle, tmp_path: Path) -> None:
    request = make_request(engine, make_style("neon", 1))
    before = np.asarray(engine.draw(request).images[0])
    (tmp_path / "cut.safetensors").write_bytes(b"0" * 64)
    with pytest.raises(ModelError, match="cut"):
        engine.own_base.change(BaseWish("cut", tmp_path / "cut.safetensors", "0" * 64))
    assert engine.own_base.present == BaseWish()
    assert np.array_equal(np.asarray(engine.draw(request).images[0]), before)
    assert SD15.name == request.engine
