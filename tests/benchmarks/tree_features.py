"""List what is drawn on a tree of Stable Diffusion 1.5: one picture per feature, and what has to hold of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.hints import CONTROLNET_NAMES
from pipeline.hires import UPSCALERS
from pipeline.models.catalog import SD15
from pipeline.models.locate import IN_SETTINGS
from pipeline.request.faithfulness import ENDS
from pipeline.request.presets import get_menu
from tests.tools.own_folders import LAYOUTS

PLAIN = "text and drawing"
AYS_STEPS = 10  # what Align Your Steps was tuned for
WIDE = 1088  # px; above 1024 a picture is predicted in windows
START_STEPS = 4  # so that strengths of a quarter, a half and three quarters leave 1, 2 and 3 steps
REPEATED_STEPS = ("hyper-2", "hyper-4", "hyper-8", "pcm-8")  # as hyper-1, hyper-8-unguided and pcm-4, from other files
STEPS_TESTED = "tests/engine/test_few_steps.py"  # every entry of the menu
NAMES_TESTED = "tests/engine/test_own_controlnets_beside_diffusers.py"  # of tensors: the others' are diffusers' own
FOLDERS_TESTED = "tests/models/test_own_files.py"  # what is in a file is drawn from A1111's folder
TAUGHT = "My stripes"  # the style that is taught on the way
THREE = {
    "scribble": {"controlnet_conditioning_scale": 0.9, "control_guidance_end": 0.5},
    "lineart": 0.6,
    "softedge": {"controlnet_conditioning_scale": 0.4, "control_guidance_start": 0.5},
}


TWO = {"scribble": {"controlnet_conditioning_scale": 0.8, "control_guidance_end": 0.75}, "softedge": 0.5}
MODELS = {  # what draws -> model and VAE as they are called in the list
    "own VAE": ("", "comfyui-vae"),
    "own model": ("invokeai-checkpoint", ""),
    "own both": ("webui-checkpoint", "webui-vae"),
    "a model of nine channels": ("forge-inpainting", ""),
    "a model in 8 bits": ("forge-fp8", ""),
    "a model's folder": ("forge-folder", ""),  # that of the tree with comfyui's VAE, which is the one of "own VAE"
}


class Sent(NamedTuple):
    """Sent stands for an image file that is uploaded: the drawing, a photograph, or what was drawn before."""

    name: str


@dataclass(frozen=True)
class Feature:
    """Feature is one picture: its inputs to /draw over the usual ones, and what has to hold of it."""

    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    unlike: tuple[str, ...] = (PLAIN,)  # pictures of which it is none
    like: str = ""  # the picture that it is to the pixel
    told: Mapping[str, Any] = field(default_factory=dict)  # what the details hold, by "levers.few_steps"
    keeps: str = ""  # the image sent that stays where the mask sent with it is black
    own: tuple[str, ...] = ()  # LoRAs and textual inversions that the file names
    refused: str = ""  # a piece of what is said in place of a picture
    size: tuple[int, int] | None = None  # px, where it is not the usual one
    repeats: str = ""  # goes another feature's way through the code; what is its own, this file tests


def list_features(side: int, has_poses: bool) -> Iterator[Feature]:
    """List everything that one call draws, for pictures of `side` px; without their networks, poses are refused."""
    yield Feature(PLAIN, unlike=())
    yield Feature("text alone", {"controlnet_conditioning_scale": 0, "ip_adapter_scale": 0}, told={"controlnets": {}})
    yield Feature("weighted words", {"prompt": "(a red fox:1.4), [snow]"})
    yield Feature("words without the last layer", {"clip_skip": 1}, told={"clip_skip": 1})
    yield Feature("not in the picture", {"negative_prompt": "snow"})
    yield from list_styles()
    yield from list_starts(side)
    yield from list_controlnets(has_poses)
    yield from list_presets()
    yield from list_samplers()
    yield from list_own_weights()
    yield Feature("two at once", {"count": 2}, unlike=(), like=PLAIN)
    yield Feature("a near picture", {"variation_seed": 3, "variation_strength": 0.3})
    yield Feature("the pen on it", {"lines": 1.0})
    yield Feature(
        "enlarged", {"enlargement": 2}, unlike=(), size=(2 * side, 2 * side), repeats="tests/studio/test_going_on.py"
    )
    yield from list_two_passes(side)
    wide = {"width": WIDE, "height": side, "num_inference_steps": 1}
    yield Feature("wider than a window", wide, unlike=(), size=(WIDE, side))


def list_two_passes(side: int) -> Iterator[Feature]:
    """List pictures that are drawn small and redrawn, by each upscaler, and one that is enlarged after it."""
    drawn = [PLAIN]
    for upscaler in UPSCALERS:
        hires = {"scale": 2.0, "strength": 0.75, "num_inference_steps": START_STEPS, "upscaler": upscaler}
        told = {f"hires.{name}": value for name, value in hires.items()}
        repeats = "tests/engine/test_second_pass.py" if upscaler == "Lanczos" else ""  # of pixels, as waifu2x
        yield Feature(f"in two passes by {upscaler}", {"hires": hires}, tuple(drawn), told=told, repeats=repeats)
        drawn.append(f"in two passes by {upscaler}")
    both = {"hires": {"scale": 2, "strength": 0.75}, "enlargement": 2}
    yield Feature("in two passes, then enlarged", both, unlike=(), size=(2 * side, 2 * side))


def list_styles() -> Iterator[Feature]:
    """List the ways in which IP-Adapter wears a style."""
    yield Feature("no style", {"ip_adapter_scale": 0})
    yield Feature("another style", {"style": "watercolor"})
    yield Feature("two styles", {"style": "comic:0.5,watercolor:0.5"}, unlike=(PLAIN, "another style"))
    yield Feature("the style found", {"style": "auto", "prompt": "a red fox, watercolour"})
    yield Feature("a style of one's own", {"style": Sent("own style")})
    yield Feature("a style looked at closely", {"ip_adapter": "plus"}, told={"ip_adapter": "plus"})
    yield Feature("a style looked at as a whole again", unlike=(), like=PLAIN)
    part = {"mask": Sent("mask"), "mask_style": "watercolor"}
    yield Feature("another style on a part", part, (PLAIN, "another style"))
    for focus in ("style", "style + layout"):
        yield Feature(f"focus on {focus}", {"style_focus": focus}, told={"style_focus": focus})


def list_starts(side: int) -> Iterator[Feature]:
    """List what begins with a picture: all of it, a part, more around it, and the drawing's own colours."""
    last: tuple[str, ...] = (PLAIN,)
    for strength in (0.25, 0.5, 0.75):
        name = f"from a picture at {strength:g}"
        given = {"image": Sent(PLAIN), "strength": strength, "num_inference_steps": START_STEPS}
        repeats = "tests/engine/test_starting.py" if strength == 0.5 else ""
        yield Feature(name, given, last, told={"strength": strength}, repeats=repeats)
        last = (PLAIN, name)
    painted = {"sketch": Sent("painted"), "strength": 0.5, "num_inference_steps": START_STEPS}
    yield Feature("from painted colours", painted)
    for faithfulness, name in ((0, "free of"), (1, "faithful to")):
        given = {"sketch": Sent("painted"), "faithfulness": faithfulness, "num_inference_steps": START_STEPS}
        told = {"strength": ENDS[SD15.name][faithfulness]["strength"]}
        yield Feature(f"{name} painted colours", given, (PLAIN, "from painted colours"), told=told)
    part = {"image": Sent(PLAIN), "mask_image": Sent("mask"), "mask_prompt": "a blue ball"}
    yield Feature("a part anew", part, keeps=PLAIN)
    yield Feature("a part a little", {**part, "strength": 0.5}, unlike=(PLAIN, "a part anew"), keeps=PLAIN)
    around = {"sketch": Sent("wide drawing"), "image": Sent("wide picture"), "mask_image": Sent("wide mask")}
    wide = side + 128
    yield Feature(
        "more around it", {**around, "width": wide, "height": side}, unlike=(), keeps="wide picture", size=(wide, side)
    )


def list_controlnets(has_poses: bool) -> Iterator[Feature]:
    """List each reading of the drawing by itself, and three at once. Poses are read from a photograph of a person."""
    drawn = [PLAIN]
    for name in CONTROLNET_NAMES:
        given: dict[str, Any] = {"controlnets": {name: 0.8}}
        if name == "openpose":
            given |= {"sketch": Sent("person"), "reading": "canny"}
            if not has_poses:
                yield Feature(f"by {name}", given, refused=IN_SETTINGS["readings"])
                continue
        yield Feature(
            f"by {name}", given, tuple(drawn), told={f"controlnets.{name}.controlnet_conditioning_scale": 0.8}
        )
        drawn.append(f"by {name}")
    told = {
        "controlnets.scribble.control_guidance_end": 0.5,
        "controlnets.softedge.control_guidance_start": 0.5,
        "controlnets.lineart.controlnet_conditioning_scale": 0.6,
    }
    yield Feature("by three at once", {"controlnets": THREE}, tuple(drawn), told=told)


def list_presets() -> Iterator[Feature]:
    """List the presets, every few-step LoRA with its own steps, and each lever."""
    for preset in get_menu(SD15.name).presets:
        steps = {"num_inference_steps": 4}  # as many as Balanced's deep features need to serve again
        yield Feature(f"preset {preset.name}", {"preset": preset.name, **steps}, told=tell_levers(preset.shortcuts))
    for name, few in get_menu(SD15.name).few_steps.items():
        told = {"levers.few_steps": name, "num_inference_steps": few.steps, "sampler": few.sampler}
        given = {"levers": {"few_steps": name}, "num_inference_steps": None}
        repeats = STEPS_TESTED if name in REPEATED_STEPS else ""
        yield Feature(f"few steps by {name}", given, told=told, repeats=repeats)
    levers = {"cache_interval": 2, "decoder": "small", "controlnet_half": "conditional", "controlnet_every": 2}
    levers |= {"guidance_end": 0.5, "control_guidance_end": 0.5}
    for lever, value in levers.items():
        yield Feature(f"lever {lever}", {"levers": {lever: value}}, told={f"levers.{lever}": value})


def tell_levers(shortcuts: Any) -> dict[str, Any]:
    """Return what the details tell of the levers that a preset pulls."""
    return {f"levers.{name}": getattr(shortcuts, name) for name in ("few_steps", "decoder", "cache_interval")}


def list_samplers() -> Iterator[Feature]:
    """List every sampler, by words alone: no two draw the same. Align Your Steps has its own number of steps."""
    drawn: list[str] = []
    bare = {"guidance_scale": 1, "controlnet_conditioning_scale": 0, "ip_adapter_scale": 0}  # a third of the time
    for name in get_menu(SD15.name).samplers:
        steps = AYS_STEPS if name.endswith("AYS") else START_STEPS
        given = {"sampler": name, "num_inference_steps": steps, **bare}
        yield Feature(f"sampler {name}", given, tuple(drawn), told={"sampler": name})
        drawn.append(f"sampler {name}")


def list_own_weights() -> Iterator[Feature]:
    """List LoRAs, textual inversions and ControlNets of each layout's folder, by name and in the prompt."""
    drawn = [PLAIN, "by canny"]
    for layout in LAYOUTS:
        lora, word = f"{layout}-lora", f"{layout}-embedding"
        repeats = FOLDERS_TESTED if layout == "invokeai" else ""  # comfyui's LoRA has other keys
        yield Feature(f"LoRA of {layout}", {"loras": f"{lora}:0.8"}, own=(lora,), repeats=repeats)
        repeats = "" if layout == "webui" else FOLDERS_TESTED
        yield Feature(f"inversion of {layout}", {"prompt": f"a red fox, {word}"}, own=(word,), repeats=repeats)
        net = f"{layout}-controlnet"
        given, told = {"canny": {"model": net}}, {"controlnets.canny.model": net}
        repeats = "" if layout == "webui" else NAMES_TESTED
        yield Feature(f"ControlNet of {layout}", {"controlnets": given}, tuple(drawn), told=told, repeats=repeats)
        drawn.append(f"ControlNet of {layout}")
    both = "a red fox <lora:webui-lora:0.8> <lora:comfyui-lora:0.5>"
    yield Feature(
        "two LoRAs in the prompt", {"prompt": both}, (PLAIN, "LoRA of webui"), own=("webui-lora", "comfyui-lora")
    )
    given = {"controlnets": TWO, "loras": "webui-lora:0.8", "image": Sent(PLAIN), "num_inference_steps": START_STEPS}
    told = {"strength": 0.75, "controlnets.softedge.controlnet_conditioning_scale": 0.5}
    name = "from a picture by two ControlNets with a LoRA"
    unlike = (PLAIN, "LoRA of webui", "from a picture at 0.75")
    yield Feature(name, {**given, "strength": 0.75}, unlike, told=told, own=("webui-lora",))
    part = {**given, "mask_image": Sent("mask")}
    yield Feature("a part by two ControlNets with a LoRA", part, (PLAIN, name), own=("webui-lora",), keeps=PLAIN)
    adapter = "forge-adapter"
    yield Feature("an IP-Adapter of one's own", {"ip_adapter": adapter}, told={"ip_adapter": adapter}, own=(adapter,))
    yield Feature("a LoRA in Draft", {"preset": "draft", "loras": "webui-lora"}, ("preset draft",), own=("webui-lora",))


def list_of_model(name: str) -> Iterator[Feature]:
    """List what is drawn while one of MODELS draws: the first picture, and with nine channels a part of it anew."""
    model, _ = MODELS[name]
    told = {"revisions.checkpoint": model} if model else {}
    unlike, like = (PLAIN, "own model", "own both"), "own VAE" if name == "a model's folder" else ""
    yield Feature(name, told=told, unlike=tuple(each for each in unlike if each != name), like=like)
    if name == "a model of nine channels":
        part = {"image": Sent(PLAIN), "mask_image": Sent("mask"), "controlnets": TWO, "loras": "webui-lora:0.8"}
        for strength in (1.0, 0.5):
            given = {**part, "strength": strength, "num_inference_steps": START_STEPS}
            yield Feature(f"a part by nine channels at {strength:g}", given, (PLAIN, name), told=told, keeps=PLAIN)


def choose(features: Sequence[Feature], named: Sequence[str]) -> list[Feature]:
    """Return the features whose names hold one of `named`, and before them those that they are compared with: the first
    one in any case, as the last row of a run is.
    """
    wanted = {PLAIN} | {each.name for each in features if any(part in each.name for part in named)}
    for each in reversed(features):
        if each.name in wanted:
            wanted |= {each.like} | set(each.unlike[-1:])
    return [each for each in features if each.name in wanted]
