"""List the networks that read a drawing: ControlNet 1.1's for Stable Diffusion 1.5, and those that see depth and poses.

Part of the catalog's table of model ids. Each revision was seen in two or more independent public sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.models.profile import ModelPart, WeightFile, Wheel


def list_configs(*paths: str) -> tuple[WeightFile, ...]:
    """Return configs and vocabularies, whose exact sizes and hashes are not checked."""
    return tuple(
        WeightFile(path, approximate_bytes=1_100_000 if path.endswith("vocab.json") else 5_000) for path in paths
    )


def describe_controlnet(
    repo: str, revision: str, *, folder: str, title: str, required: bool = False, bundled: bool = False
) -> ModelPart:
    """Return one of ControlNet 1.1's fp16 parts; neither size nor hash was seen whole."""
    weights = WeightFile("diffusion_pytorch_model.fp16.safetensors", approximate_bytes=722_600_000)
    files = (weights, *list_configs("config.json"))
    return ModelPart(folder, ".", repo, revision, files, "OpenRAIL", title, required, bundled, chosen_by="readings")


CONTROLNETS: Mapping[str, ModelPart] = MappingProxyType(
    {
        "controlnet": describe_controlnet(
            "lllyasviel/control_v11p_sd15_canny",
            "115a470d547982438f70198e353a921996e2e819",
            folder="controlnet",
            title="ControlNet, which follows the edges",
            required=True,
        ),
        "controlnet_scribble": describe_controlnet(
            "lllyasviel/control_v11p_sd15_scribble",
            "3564ec7b87dd706d5fc760d21c9e90bb160d1e9f",
            folder="controlnet_scribble",
            title="ControlNet for loose scribbles",
            bundled=True,  # what most drawings by hand are read for; clean ones, too, where lineart's is not here
        ),
        "controlnet_lineart": describe_controlnet(
            "lllyasviel/control_v11p_sd15_lineart",
            "8a158f547e031c5b8fbca19ead09a74767ff4db0",
            folder="controlnet_lineart",
            title="ControlNet for clean line drawings",
        ),
        "controlnet_softedge": describe_controlnet(
            "lllyasviel/control_v11p_sd15_softedge",
            "b5bcad0c48e9b12f091968cf5eadbb89402d6bc9",
            folder="controlnet_softedge",
            title="ControlNet for soft edges",
        ),
        "controlnet_depth": describe_controlnet(
            "lllyasviel/control_v11f1p_sd15_depth",
            "539f99181d33db39cf1af2e517cd8056785f0a87",
            folder="controlnet_depth",
            title="ControlNet for near and far",
        ),
        "controlnet_openpose": describe_controlnet(
            "lllyasviel/control_v11p_sd15_openpose",
            "9ae9f970358db89e211b87c915f9535c6686d5ba",
            folder="controlnet_openpose",
            title="ControlNet for poses",
        ),
    }
)


def name_published(reading: str) -> str:
    """Return the name of the published ControlNet for a reading, as A1111's folder has it."""
    role = "controlnet" if reading == "canny" else f"controlnet_{reading}"
    return str(CONTROLNETS[role].repo).rpartition("/")[2]


DEPTH = ModelPart(  # near and far of a picture (Yang et al. 2024, arXiv:2406.09414); its hash was seen in three sources
    "depth",
    ".",
    "depth-anything/Depth-Anything-V2-Small-hf",
    "5426e4f0f36572d16453bbda7a8389317b1bef99",
    (
        WeightFile(
            "model.safetensors",
            99173660,
            "3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70",
        ),
        *list_configs("config.json", "preprocessor_config.json"),
    ),
    "Apache-2.0",
    "Depth Anything V2, which sees near and far",
    required=False,
    chosen_by="readings",
)

POSES = ModelPart(  # people and their joints (Bazarevsky et al. 2020, arXiv:2006.10204); no other version carries them
    "poses",
    ".",
    None,
    "0.10.14",
    (
        WeightFile(
            "mediapipe/modules/pose_detection/pose_detection.tflite",
            2959046,
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        WeightFile(
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            6440512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
    ),
    "Apache-2.0",
    "BlazePose, which finds people and their poses",
    required=False,
    chosen_by="readings",
    wheel=Wheel(
        "mediapipe",
        "mediapipe-0.10.14-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        35665742,
        "9b1e72d754cd9e1b4b88d80ec9ead2f1cbe8424b7f883d3bda53341b982a9f8b",
    ),
)
