"""List the weights that let Stable Diffusion 1.5 draw in a few steps: LCM-LoRA, Hyper-SD and PCM, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.models.profile import ModelPart, WeightFile

# Hyper-SD's revision was seen in several public sources. PCM's was not, so it is unpinned: main is fetched.
# Of most files neither size nor hash was seen whole.
HYPER_SD = "ByteDance/Hyper-SD", "bc08d970a87c74c71209491d64e3525845698863"
HYPER_SD_BYTES = 269_100_000
PCM = "wangfuyun/PCM_Weights", None
PCM_BYTES = 134_600_000


def describe_hyper_sd(name: str, title: str, size: int | None = None) -> ModelPart:
    """Return one of Hyper-SD's LoRAs (Ren et al. 2024, arXiv:2404.13686); their hashes were not seen."""
    file = WeightFile(f"Hyper-SD15-{name}-lora.safetensors", size, approximate_bytes=HYPER_SD_BYTES)
    return ModelPart("hyper_sd", ".", *HYPER_SD, (file,), "OpenRAIL++", title, required=False, chosen_by="quick_steps")


def describe_pcm(steps: int, sha256: str | None = None) -> ModelPart:
    """Return one of the LoRAs of phased consistency models (Wang et al. 2024, arXiv:2405.18407)."""
    file = WeightFile(f"sd15/pcm_sd15_smallcfg_{steps}step_converted.safetensors", None, sha256, PCM_BYTES)
    title = f"PCM: pictures in {steps} steps"
    licence = "not stated where we looked"
    return ModelPart("pcm", "sd15", *PCM, (file,), licence, title, required=False, chosen_by="quick_steps")


FEW_STEP_PARTS: Mapping[str, ModelPart] = MappingProxyType(
    {
        "lcm_lora": ModelPart(
            "lcm_lora",
            ".",
            "latent-consistency/lcm-lora-sdv1-5",
            "cf2fced511dbe7e26c8d1d397e728fbab875db4b",
            (
                WeightFile(
                    "pytorch_lora_weights.safetensors",
                    134621556,
                    "8f90d840e075ff588a58e22c6586e2ae9a6f7922996ee6649a7f01072333afe4",
                ),
            ),
            "OpenRAIL++",
            "LCM-LoRA: pictures in four to eight steps",
            required=False,
            bundled=True,
        ),
        "hyper_sd": describe_hyper_sd("8steps-CFG", "Hyper-SD: pictures in eight steps", 269127064),
        "hyper_sd_1": describe_hyper_sd("1step", "Hyper-SD: pictures in one step"),
        "hyper_sd_2": describe_hyper_sd("2steps", "Hyper-SD: pictures in two steps"),
        "hyper_sd_4": describe_hyper_sd("4steps", "Hyper-SD: pictures in four steps"),
        "hyper_sd_8": describe_hyper_sd("8steps", "Hyper-SD: pictures in eight steps, unguided"),
        "pcm_4": describe_pcm(4),
        "pcm_8": describe_pcm(8, "41a7f0b966d18f643d16c4401f0b5ef6b9ef7362c20e17128322f17874709107"),
    }
)
