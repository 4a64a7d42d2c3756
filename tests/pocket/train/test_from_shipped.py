"""The way back from shipped weights: what was exported is what training goes on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file
from torch import nn

from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, SIDE, make_autoencoder
from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.export import export_pipeline, read_ip_adapter_states
from pipeline.pocket.train.from_shipped import load_shipped_adapter, load_shipped_denoiser, unpack_shipped
from pipeline.pocket.train.tower import Tower, embed_pictures
from tests.tools.pocket_training import shrink_denoiser

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_denoiser(monkeypatch)


@torch.no_grad()
def lived(module: nn.Module) -> nn.Module:
    """No weight as it began, so that a fresh one cannot pass for a loaded one."""
    generator = torch.Generator().manual_seed(5)
    for value in module.parameters():
        value.add_(torch.randn(value.shape, generator=generator), alpha=0.02)
    return module


@pytest.fixture
def trained() -> Denoiser:
    torch.manual_seed(0)
    model = Denoiser()
    lived(model)
    return model


@pytest.fixture
def tower() -> Tower:
    torch.manual_seed(0)
    model = Tower().eval()
    lived(model)
    return model


@pytest.fixture
def shipped(trained: Denoiser, tower: Tower, tmp_path: Path) -> Path:
    return export_pipeline(
        tmp_path / "pocket",
        make_autoencoder(),
        trained.unet,
        trained.controlnet,
        tower.encoder,
        *read_ip_adapter_states(trained.unet),
    )


def test_shipped_weights_come_back_within_fp16(shipped: Path, trained: Denoiser) -> None:
    torch.manual_seed(1)
    loaded = load_shipped_denoiser(shipped)
    assert all(value.dtype == torch.float32 and value.requires_grad for value in loaded.parameters())
    expected, found = trained.state_dict(), loaded.state_dict()
    assert expected.keys() == found.keys()
    assert sum("_ip." in name or "encoder_hid_proj" in name for name in found) > 10
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6)


def test_a_loaded_denoiser_draws_as_the_trained_one(shipped: Path, trained: Denoiser) -> None:
    noise = torch.Generator().manual_seed(1)
    given = (
        torch.randn(1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE, generator=noise),
        torch.tensor([500]),
        torch.randn(1, 32, 384, generator=noise),
        torch.randn(1, 384, generator=noise),
        torch.rand(1, 3, SIDE, SIDE, generator=noise),
        torch.ones(1, 1, 1, 1),
    )
    with torch.inference_mode():
        expected, found, fresh = (one.eval()(*given) for one in (trained, load_shipped_denoiser(shipped), Denoiser()))
    torch.testing.assert_close(found, expected, atol=0.02 * float(expected.std()), rtol=0)
    assert (fresh - expected).abs().max() > 0.2 * expected.std()


def adapter(shipped: Path) -> dict[str, torch.Tensor]:
    return load_file(shipped / "ip_adapter" / "ip_adapter.safetensors")


@pytest.mark.parametrize("key", ["ip_adapter.3.to_k_ip.weight", "image_proj.norm.bias"])
def test_an_adapter_without_a_key_is_refused(shipped: Path, trained: Denoiser, key: str) -> None:
    tensors = adapter(shipped)
    del tensors[key]
    with pytest.raises(RuntimeError, match="Missing key"):
        load_shipped_adapter(trained, tensors)


def test_an_adapter_with_a_strange_key_is_refused(shipped: Path, trained: Denoiser) -> None:
    tensors = adapter(shipped)
    tensors["ip_adapter.99.to_k_ip.weight"] = tensors["ip_adapter.1.to_k_ip.weight"]
    with pytest.raises(RuntimeError, match="Unexpected key"):
        load_shipped_adapter(trained, tensors)


def test_autoencoder_and_tower_are_put_where_training_looks(shipped: Path, tower: Tower, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for _ in range(2):  # a second run finds the first one's files
        unpack_shipped(shipped, runs)
    vae = AutoencoderTiny.from_pretrained(runs / "autoencoder")
    original = AutoencoderTiny.from_pretrained(shipped / "vae")
    assert all(torch.equal(value, original.state_dict()[name]) for name, value in vae.state_dict().items())
    again = Tower().eval()
    again.load_state_dict(torch.load(runs / "tower.pt", weights_only=True)["ema"])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    np.testing.assert_allclose(embed_pictures(again, pictures), embed_pictures(tower, pictures), atol=0.02)


def test_a_folder_without_an_adapter_is_refused(shipped: Path) -> None:
    shutil.rmtree(shipped / "ip_adapter")
    with pytest.raises(FileNotFoundError):
        load_shipped_denoiser(shipped)


def test_the_weights_in_the_tree_can_be_trained_on(shipped_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # at their own size
    model = load_shipped_denoiser(shipped_folder)
    assert all(value.isfinite().all() for value in model.parameters())
    mine = model.state_dict()["unet.encoder_hid_proj.image_projection_layers.0.image_embeds.weight"]
    torch.testing.assert_close(mine, adapter(shipped_folder)["image_proj.proj.weight"].float())
