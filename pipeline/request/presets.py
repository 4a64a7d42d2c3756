"""List what each engine offers to choose from: presets, samplers, blocks that wear the style, few-step weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pipeline.controls import CONTROL_BY_NAME, Conditioning, Sampling, Shortcuts, expect_choice, expect_number
from pipeline.errors import SettingError
from pipeline.hints import CONTROLNET_NAMES
from pipeline.request.samplers import MASKGIT, SAMPLERS

BlockScales = Mapping[str, Any]  # as diffusers' set_ip_adapter_scale takes it; a block left out has no style
WHOLE_STYLE = "whole"


@dataclass(frozen=True)
class Preset:
    """Preset says how much work a picture gets. What a person set on top of it stays."""

    name: str
    title: str
    info: str  # one line: what it means for the picture
    numbers: Mapping[str, float]  # control name -> value, over the profile's defaults
    sampler: str = "DPM++ 2M"
    shortcuts: Shortcuts = Shortcuts()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        for name, value in self.numbers.items():
            expect_number(CONTROL_BY_NAME[name], value)
        expect_choice("sampler", self.sampler, (*SAMPLERS, MASKGIT))


@dataclass(frozen=True)
class FewSteps:
    """FewSteps names a LoRA that lets the model draw in a few steps, and how it wants to be drawn with."""

    part: str  # role in the profile's parts
    file: str  # inside that part
    scale: float = 1.0
    steps: int = 4
    sampler: str = "LCM"
    guidance_scale: float = 1.0  # 1 is none

    @property
    def usual(self) -> Mapping[str, Any]:
        """Return the settings that it was made for, by their names."""
        return {
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "sampler": self.sampler,
        }


@dataclass(frozen=True)
class Menu:
    """Menu lists what one engine offers."""

    presets: tuple[Preset, ...]  # from the quickest to the best
    preset: str  # the one taken when nobody chooses
    samplers: tuple[str, ...]
    style_focus: Mapping[str, BlockScales | None]  # None: every block
    few_steps: Mapping[str, FewSteps]
    least_side: int  # px
    side_step: int  # px; the largest side is the profile's
    small_decoder: str | None = None  # role in the profile's parts
    negative_prompt: str = ""  # what the page begins with under "Not in the picture"
    controlnets: Mapping[str, str] = field(default_factory=dict)  # reading of the drawing -> role in the parts
    ip_adapters: Mapping[str, str] = field(default_factory=dict)  # name of another IP-Adapter -> role in the parts
    skips_layers: bool = False  # the last layers that read words can be left out
    shortcuts: bool = True  # parts of a step can be left out
    repaints: bool = False  # a part of the picture can get other colours by words
    palettes: bool = False  # colours to paint in can be given
    own_weights: bool = False  # LoRAs and textual inversions of a person's own can be taken
    starts_from_pictures: bool = False  # it draws from a picture, all of it or a part anew
    hires_from: int = 0  # px; a picture with a longer side is drawn small first; 0: it draws every size at once
    inks_drawing: bool = False  # the drawing's own ink and colours decide every picture, not its lines alone

    def find_preset(self, name: str) -> Preset:
        """Return the preset of that name. Raises SettingError that lists the names."""
        known = {preset.name: preset for preset in self.presets}
        expect_choice("preset", name, known)
        return known[name]

    def list_parts(self, shortcuts: Shortcuts) -> tuple[str, ...]:
        """List the roles in the profile's parts that these shortcuts need besides what every picture does."""
        few_steps = (self.few_steps[shortcuts.few_steps].part,) if shortcuts.few_steps else ()
        decoder = (self.small_decoder,) if shortcuts.decoder == "small" and self.small_decoder else ()
        return few_steps + decoder

    def expect_offered(self, sampling: Sampling, conditioning: Conditioning, shortcuts: Shortcuts) -> None:
        """Raise SettingError for what this engine does not offer."""
        expect_choice("sampler", sampling.sampler, self.samplers)
        expect_choice("style_focus", conditioning.style_focus, self.style_focus)
        expect_choice("few_steps", shortcuts.few_steps, ("", *self.few_steps))
        if not self.shortcuts and shortcuts != Shortcuts():
            raise SettingError("This engine leaves nothing out: its levers are as they are.")
        if conditioning.clip_skip and not self.skips_layers:
            raise SettingError("This engine reads words in all of its layers: clip_skip stays 0.")
        self.expect_adapter(conditioning.ip_adapter)
        if not self.inks_drawing and conditioning.colour_strength != 1:
            raise SettingError("This engine draws from your lines alone: colour_strength stays 1.")
        if shortcuts.decoder == "small" and self.small_decoder is None:
            raise SettingError("This engine has one decoder only (decoder is full); 'small' came.")

    def expect_adapter(self, name: str) -> None:
        """Raise SettingError where this engine looks at styles in one way and is to look otherwise."""
        if name and not self.ip_adapters:
            raise SettingError("This engine wears styles in one way: ip_adapter stays as it is.")

    def expect_hires(self, scale: float) -> None:
        """Raise SettingError where this engine draws every size at once and is to draw one small first."""
        if not self.hires_from and scale != 1:
            raise SettingError("This engine draws at the picture's own size already: the scale of hires stays 1.")

    def expect_start(self, from_picture: bool, sampling: Sampling) -> None:
        """Raise SettingError where this engine starts from no picture and is to, or a strength leaves no step."""
        if not self.starts_from_pictures and (from_picture or sampling.strength != 1):
            raise SettingError("This engine colours a drawing and starts from no other picture: strength stays 1.")
        if from_picture and int(sampling.num_inference_steps * sampling.strength) < 1:
            raise SettingError(
                f"A strength of {sampling.strength:g} leaves none of {sampling.num_inference_steps} steps to draw; "
                f"it takes {1 / sampling.num_inference_steps:.3g} or more."
            )


def make_draft(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M", **shortcuts: Any) -> Preset:
    """Return the quickest preset; `shortcuts` are what it leaves out."""
    return Preset("draft", "Draft", info, MappingProxyType(dict(numbers)), sampler, Shortcuts(**shortcuts))


def make_balanced(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M", **shortcuts: Any) -> Preset:
    """Return the preset in between; `shortcuts` are what it leaves out."""
    return Preset("balanced", "Balanced", info, MappingProxyType(dict(numbers)), sampler, Shortcuts(**shortcuts))


def make_best(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M") -> Preset:
    """Return the preset that leaves nothing out."""
    return Preset("best", "Best", info, MappingProxyType(dict(numbers)), sampler)


def make_hyper_sd(
    part: str, name: str, steps: int, sampler: str = "DDIM trailing", guidance_scale: float = 1.0
) -> FewSteps:
    """Return one of Hyper-SD's entries."""
    file = f"Hyper-SD15-{name}-lora.safetensors"
    return FewSteps(part, file, steps=steps, sampler=sampler, guidance_scale=guidance_scale)


def make_pcm(steps: int) -> FewSteps:
    """Return one of PCM's entries: by TCD and without guidance, as its authors' demonstration draws with ControlNet."""
    return FewSteps(f"pcm_{steps}", f"pcm_sd15_smallcfg_{steps}step_converted.safetensors", steps=steps, sampler="TCD")


# Schedules that need few steps, without weights of their own: what is set for each
SCHEDULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ays": MappingProxyType({"num_inference_steps": 10, "sampler": "DPM++ 2M AYS"}),
        "unipc": MappingProxyType({"num_inference_steps": 12, "sampler": "UniPC"}),
    }
)

POCKET_MENU = Menu(
    presets=(
        make_draft(
            "Colours in two steps; what should not be in the picture is not read.",
            {"num_inference_steps": 2, "guidance_scale": 1.0},
            MASKGIT,
        ),
        make_balanced("Colours in three steps.", {"num_inference_steps": 3}, MASKGIT),
        make_best("Colours in four steps: each part knows what the ones before it became.", {}, MASKGIT),
    ),
    preset="best",
    samplers=(MASKGIT,),
    style_focus=MappingProxyType({WHOLE_STYLE: None}),
    few_steps=MappingProxyType({}),
    least_side=128,
    side_step=32,
    shortcuts=False,
    repaints=True,
    palettes=True,
    inks_drawing=True,
)

SD15_MENU = Menu(
    presets=(
        make_draft(
            "A first look in four steps; what is not wanted in the picture is not read.",
            {"num_inference_steps": 4, "guidance_scale": 1.0, "ip_adapter_scale": 0.8},
            "LCM",
            few_steps="lcm",
            decoder="small",
            control_guidance_end=0.8,
        ),
        # Each price on the pocket diffusion of version 7, which is in the history of assets/pocket: SSIM of five
        # examples at guidance 2 against 20 steps of DPM++ 2M with no lever (28 November 2026). UniPC in 12 steps 0.989,
        # DPM++ 2M in 12 0.971. An interval of 2 with one shallow layer 0.954 at 20 steps, 0.894 at UniPC's 12; with two
        # 0.957. This preset 0.929 (with one shallow layer 0.810). What it does not pull: guidance ended at 0.85 0.909,
        # at 0.5 0.793, from 0.15 to 0.85 0.836: beside deep features that serve again it saves a row in fifteen;
        # ControlNet's shared half 0.856. The preset before this one 0.757.
        make_balanced(
            "Near the best one in a quarter of its time.",
            {},
            "UniPC",
            cache_interval=3,
            decoder="small",
        ),
        make_best("All the work there is.", {"num_inference_steps": 30}),
    ),
    preset="balanced",
    samplers=tuple(SAMPLERS),
    # Of the 16 attention layers, after the recipe of ComfyUI_IPAdapter_plus; another in print names up.block_1 alone.
    # SDXL's {"up": {"block_0": ...}} would switch the style off here: that block has no attention.
    style_focus=MappingProxyType(
        {
            WHOLE_STYLE: None,
            "style": {"down": {"block_0": 1.0, "block_1": 1.0}, "mid": 1.0, "up": {"block_2": 1.0, "block_3": 1.0}},
            "style + layout": {
                "down": {"block_0": 1.0, "block_1": 1.0, "block_2": [0.25, 1.0]},
                "mid": 1.0,
                "up": {"block_2": 1.0, "block_3": 1.0},
            },
        }
    ),
    few_steps=MappingProxyType(
        {
            "lcm": FewSteps("lcm_lora", "pytorch_lora_weights.safetensors"),
            # after its model card: the one-step weights by TCD, in one to eight steps; the others by DDIM from the
            # noisiest step on; those that kept guidance with 5 to 8 of it
            "hyper-1": make_hyper_sd("hyper_sd_1", "1step", 1, "TCD"),
            "hyper-2": make_hyper_sd("hyper_sd_2", "2steps", 2),
            "hyper-4": make_hyper_sd("hyper_sd_4", "4steps", 4),
            "hyper-8-unguided": make_hyper_sd("hyper_sd_8", "8steps", 8),
            "hyper-8": make_hyper_sd("hyper_sd", "8steps-CFG", 8, guidance_scale=5.0),
            "pcm-4": make_pcm(4),
            "pcm-8": make_pcm(8),
        }
    ),
    least_side=256,
    side_step=64,
    small_decoder="taesd",
    negative_prompt="lowres, blurry, worst quality, low quality, jpeg artifacts, watermark, signature, text",
    controlnets=MappingProxyType(
        {name: "controlnet" if name == "canny" else f"controlnet_{name}" for name in CONTROLNET_NAMES}
    ),
    ip_adapters=MappingProxyType({"plus": "ip_adapter_plus"}),
    skips_layers=True,
    own_weights=True,
    starts_from_pictures=True,
    hires_from=768,
)

MENUS: Mapping[str, Menu] = MappingProxyType({"pocket": POCKET_MENU, "sd15": SD15_MENU})


def get_menu(engine: str) -> Menu:
    """Return what the engine of that name offers."""
    return MENUS[engine]


def scale_blocks(blocks: Any, scale: float) -> Any:
    """Return block scales with each number times `scale`."""
    if isinstance(blocks, Mapping):
        return {name: scale_blocks(value, scale) for name, value in blocks.items()}
    return [scale_blocks(value, scale) for value in blocks] if isinstance(blocks, list | tuple) else blocks * scale
