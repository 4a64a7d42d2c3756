"""What each engine offers a person to choose from: presets, samplers, ways to wear a style, few-step weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pipeline.errors import SettingError
from pipeline.request.samplers import SAMPLERS
from pipeline.values import CONTROLS, Levers, expect_choice, expect_number

BlockScales = Mapping[str, Any]  # as diffusers' set_ip_adapter_scale takes it; a block left out has no style
WHOLE = "whole"


@dataclass(frozen=True)
class Preset:
    """How much work a picture gets. What a person turned on top of it stays as turned."""

    name: str
    title: str
    info: str  # one line: what it means for the picture
    numbers: Mapping[str, float]  # control name -> value, over the profile's defaults
    sampler: str = "DPM++ 2M"
    levers: Levers = Levers()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        controls = {control.name: control for control in CONTROLS}
        for name, value in self.numbers.items():
            expect_number(controls[name], value)
        expect_choice("sampler", self.sampler, SAMPLERS)


@dataclass(frozen=True)
class FewSteps:
    """A LoRA that lets the model draw in a few steps."""

    part: str  # role in the profile's parts
    file: str  # inside that part
    scale: float = 1.0


@dataclass(frozen=True)
class Menu:
    """All of it for one engine."""

    presets: tuple[Preset, ...]  # from the quickest to the best
    preset: str  # the one taken when nobody chooses
    samplers: tuple[str, ...]
    style_focus: Mapping[str, BlockScales | None]  # None: every block
    few_steps: Mapping[str, FewSteps]
    least_side: int  # px
    side_step: int  # px; the largest side is the profile's
    small_decoder: str | None = None  # role in the profile's parts

    def find_preset(self, name: str) -> Preset:
        known = {preset.name: preset for preset in self.presets}
        expect_choice("preset", name, known)
        return known[name]

    def asked_parts(self, levers: Levers) -> tuple[str, ...]:
        """Roles in the profile's parts that these levers need besides what every picture does."""
        few_steps = (self.few_steps[levers.few_steps].part,) if levers.few_steps else ()
        decoder = (self.small_decoder,) if levers.decoder == "small" and self.small_decoder else ()
        return few_steps + decoder

    def check(self, sampler: str, style_focus: str, levers: Levers) -> None:
        """Raise SettingError for what this engine does not offer."""
        expect_choice("sampler", sampler, self.samplers)
        expect_choice("style_focus", style_focus, self.style_focus)
        expect_choice("few_steps", levers.few_steps, ("", *self.few_steps))
        if levers.decoder == "small" and self.small_decoder is None:
            raise SettingError("This engine has one decoder only (decoder is full); 'small' came.")


def presets(draft: Preset, balanced: Preset, best: Preset) -> tuple[Preset, ...]:
    return draft, balanced, best


def draft(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M", **levers: Any) -> Preset:
    return Preset("draft", "Draft", info, MappingProxyType(dict(numbers)), sampler, Levers(**levers))


def balanced(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M", **levers: Any) -> Preset:
    return Preset("balanced", "Balanced", info, MappingProxyType(dict(numbers)), sampler, Levers(**levers))


def best(info: str, numbers: Mapping[str, float], sampler: str = "DPM++ 2M") -> Preset:
    """Nothing is left out."""
    return Preset("best", "Best", info, MappingProxyType(dict(numbers)), sampler)


POCKET_MENU = Menu(
    presets=presets(
        draft(
            "Half the work, a little nearer to your lines; what should not be in the picture is not read.",
            {"guidance_scale": 1.0},
        ),
        # One step with guidance is two passes: there is nothing between them and Draft's one to leave out.
        balanced("Here the same as Best: one step leaves nothing to save.", {}),
        best("All the work there is.", {}),
    ),
    preset="best",
    samplers=("DPM++ 2M", "DPM++ 2M SDE", "UniPC", "Euler", "Euler a", "DDIM trailing", "LCM", "TCD"),
    style_focus=MappingProxyType(
        {
            WHOLE: None,
            "style": {"up": 1.0},
            "style + layout": {"mid": 1.0, "up": 1.0},
        }
    ),
    few_steps=MappingProxyType({}),
    least_side=128,
    side_step=32,
)

SD15_MENU = Menu(
    presets=presets(
        draft(
            "A first look in four steps; what is not wanted in the picture is not read.",
            {"num_inference_steps": 4, "guidance_scale": 1.0, "ip_adapter_scale": 0.8},
            "LCM",
            few_steps="lcm",
            decoder="small",
            control_guidance_end=0.8,
        ),
        # By counted passes 0.40 of Best's work. Each lever's price on the pocket model's seventh version: SSIM against
        # no lever at 20 steps: guidance_end 0.967, shared 0.985, every second 0.987, all three 0.967. Ending ControlNet
        # at 0.8 cost more than any of them (0.765) for 3 % of the time, so it is Draft's alone. bf16 on a processor, in
        # any preset: 0.995 at 4.
        balanced(
            "Near the best one in under half of its time.",
            {},
            guidance_end=0.5,
            controlnet_half="shared",
            controlnet_every=2,
        ),
        best("All the work there is.", {"num_inference_steps": 30}),
    ),
    preset="balanced",
    samplers=tuple(SAMPLERS),
    # Of the 16 attention layers, after the recipe of ComfyUI_IPAdapter_plus; another in print names up.block_1 alone.
    # SDXL's {"up": {"block_0": ...}} would switch the style off here: that block has no attention.
    style_focus=MappingProxyType(
        {
            WHOLE: None,
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
            "hyper-8": FewSteps("hyper_sd", "Hyper-SD15-8steps-CFG-lora.safetensors"),
        }
    ),
    least_side=256,
    side_step=64,
    small_decoder="taesd",
)

MENUS: Mapping[str, Menu] = MappingProxyType({"pocket": POCKET_MENU, "sd15": SD15_MENU})


def menu_of(engine: str) -> Menu:
    """What the engine of that name offers."""
    return MENUS[engine]


def scaled(blocks: Any, scale: float) -> Any:
    """Block scales with each number times `scale`."""
    if isinstance(blocks, Mapping):
        return {name: scaled(value, scale) for name, value in blocks.items()}
    return [scaled(value, scale) for value in blocks] if isinstance(blocks, list | tuple) else blocks * scale
