"""CompVis' names of a UNet's layers, beside those that diffusers' own conversion gives."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

from pipeline.models.compvis_names import map_compvis_names


def test_all_names_of_sd15_are_those_that_diffusers_converts() -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8)
    paths = {name.rpartition(".")[0] for name in unet.state_dict()}
    named = map_compvis_names(paths)
    assert set(named.values()) == paths and len(named) == len(paths)
    marked = {
        f"model.diffusion_model.{name}.{kind}": f"{path}.{kind}"
        for name, path in named.items()
        for kind in ("weight", "bias")
    }
    converted = convert_ldm_unet_checkpoint(dict(marked), dict(unet.config))
    assert converted == {name: name for name in marked.values()}
