"""Read how other programs noted the making of a picture in its PNG texts, in their own forms.

AUTOMATIC1111, Forge and SD.Next write a text (generation_data.py); Fooocus, InvokeAI and NovelAI write JSON by names of
their own; ComfyUI writes its graph, which is followed from the sampler back to the words.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from pipeline.request.generation_data import SIZE, GenerationData, read_generation_data
from pipeline.request.own_loras import write_tag

Node = Mapping[str, Any]  # of a ComfyUI graph: class_type and inputs
Graph = Mapping[str, Node]

DEPTH = 40  # nodes followed from the sampler; a graph in a circle ends
SHOWN = 60  # characters of a value that is told as left out
SETTING_NAMES = MappingProxyType(
    {
        **{name: "num_inference_steps" for name in ("steps", "num_inference_steps")},
        **{name: "guidance_scale" for name in ("cfg", "cfg_scale", "guidance_scale", "scale", "guidance")},
        **{name: "seed" for name in ("seed", "noise_seed")},
        **{name: "width" for name in ("width", "w")},
        **{name: "height" for name in ("height", "h")},
    }
)
PROMPTS = ("prompt", "positive_prompt", "positive")
NEGATIVES = ("negative_prompt", "negative", "uc")
SAMPLERS = ("sampler", "sampler_name", "scheduler")
SKIPPED = ("app_version", "metadata_version", "request_type", "signed_hash", "version", "generation_mode", "created_by")
INVOKE_MARKS = {"app_version", "generation_mode"}
SAMPLER_NAMES = MappingProxyType(
    {
        "euler": "Euler",
        "eulerancestral": "Euler a",
        "eulera": "Euler a",
        "dpmpp2m": "DPM++ 2M",
        "dpmpp2mk": "DPM++ 2M Karras",
        "dpmpp2mkarras": "DPM++ 2M Karras",
        "dpmpp2msde": "DPM++ 2M SDE",
        "unipc": "UniPC",
        "ddim": "DDIM",
        "lcm": "LCM",
        "tcd": "TCD",
    }
)


def read_foreign_data(texts: Mapping[str, str]) -> tuple[str, GenerationData] | None:
    """Return the program's name and what it noted in a PNG's texts; None where nothing can be read."""
    for keyword, program, read in READERS:
        if keyword in texts and (data := read(texts[keyword])) is not None:
            return program, data
    return None


def read_parameters(text: str) -> GenerationData | None:
    """Read AUTOMATIC1111's text, or Fooocus' JSON under the same keyword."""
    return read_json(text) if text.lstrip().startswith("{") else read_generation_data(text)


def read_json(text: str) -> GenerationData | None:
    """Read an object of names and values, as Fooocus, InvokeAI and NovelAI write it."""
    noted = load_object(text)
    if noted is None:
        return None
    noted = {**noted, **(noted["image"] if isinstance(noted.get("image"), dict) else {})}
    flat = {str(name).lower().replace(" ", "_"): value for name, value in noted.items() if name != "image"}
    prompt, negative = find_text(flat, PROMPTS), find_text(flat, NEGATIVES)
    prompt = " ".join([prompt, *list_invoke_tags(flat.get("loras"))]).strip()
    settings: dict[str, object] = {
        goal: read_number(flat[name]) for name, goal in SETTING_NAMES.items() if is_number(flat.get(name))
    }
    if "resolution" in flat and (size := SIZE.search(re.sub(r"[,\s]+", "x", str(flat["resolution"]).strip("() ")))):
        settings |= {"width": int(size.group(1)), "height": int(size.group(2))}
    if sampler := find_text(flat, SAMPLERS):
        settings["sampler"] = name_sampler(sampler, str(flat.get("scheduler", "")))
    if is_number(flat.get("clip_skip")):  # InvokeAI counts as diffusers does, Fooocus as A1111
        settings["clip_skip"] = int(float(str(flat["clip_skip"]))) - (0 if INVOKE_MARKS & flat.keys() else 1)
    used = {*PROMPTS, *NEGATIVES, *SETTING_NAMES, *SAMPLERS, *SKIPPED, "resolution", "clip_skip"}
    others = {name: describe(value) for name, value in flat.items() if name not in used and describe(value)}
    if not (prompt or negative or settings):
        return None
    return GenerationData(prompt, negative, settings, others)


def list_invoke_tags(loras: object) -> list[str]:
    """Write the LoRAs that InvokeAI notes as A1111's tags."""
    tags = []
    for each in loras if isinstance(loras, list) else ():
        model = (each.get("model") or each.get("lora")) if isinstance(each, dict) else None
        name = (model.get("name") or model.get("model_name")) if isinstance(model, dict) else None
        if isinstance(name, str) and name.strip():
            tags.append(write_tag(name, each.get("weight")))
    return tags


def read_graph(text: str) -> GenerationData | None:
    """Read ComfyUI's graph: the first sampler's numbers, and the words that lead to it."""
    graph = load_object(text)
    nodes = {id: node for id, node in (graph or {}).items() if isinstance(node, dict) and "inputs" in node}
    sampler = next(
        (
            node
            for node in nodes.values()
            if {"positive", "negative"} <= set(node["inputs"]) and {"steps", "seed", "noise_seed"} & set(node["inputs"])
        ),
        None,
    )
    if sampler is None:
        return None
    inputs = {name: follow_value(nodes, value, name) for name, value in sampler["inputs"].items()}
    settings: dict[str, object] = {
        SETTING_NAMES[name]: value for name, value in inputs.items() if name in SETTING_NAMES and is_number(value)
    }
    settings |= find_size(nodes, sampler["inputs"].get("latent_image")) | find_clip_skip(nodes)
    if isinstance(sampled := inputs.get("sampler_name"), str):
        settings["sampler"] = name_sampler(sampled, str(inputs.get("scheduler", "")))
    words = [follow_words(nodes, sampler["inputs"][side]) for side in ("positive", "negative")]
    words[0] = " ".join([words[0], *list_lora_tags(nodes)])
    return GenerationData(words[0], words[1], settings, list_other_nodes(nodes))


def follow_words(nodes: Graph, link: object, depth: int = 0) -> str:
    """Return the words of the text nodes that a link leads back to."""
    node = find_node(nodes, link)
    if node is None or depth > DEPTH:
        return ""
    for name in ("text", "text_g", "prompt", "string", "value"):
        found = follow_value(nodes, node["inputs"].get(name), name)
        if isinstance(found, str) and found.strip():
            return found.strip()
    side = "negative" if isinstance(link, list) and link[1] == 1 else "positive"  # of a node that passes on both
    ways = (side, "conditioning", "conditioning_1", "conditioning_to", "conditioning_2", "conditioning_from")
    words = [follow_words(nodes, node["inputs"].get(name), depth + 1) for name in ways if name in node["inputs"]]
    return ", ".join(dict.fromkeys(found for found in words if found))


def follow_value(nodes: Graph, value: object, name: str, depth: int = 0) -> object:
    """Return a value, or the one that a link leads back to; None where it is no plain value."""
    node = find_node(nodes, value)
    if node is None:
        return value if isinstance(value, str | int | float) else None
    if depth > DEPTH:
        return None
    for key in (name, "value", "text", "string", "seed", "noise_seed", "int", "float"):
        if key in node["inputs"]:
            return follow_value(nodes, node["inputs"][key], key, depth + 1)
    return None


def find_node(nodes: Graph, link: object) -> Node | None:
    """Return the node that a link, [id, output], names; None for a plain value."""
    return nodes.get(str(link[0])) if isinstance(link, list) and len(link) == 2 else None


def find_size(nodes: Graph, link: object, depth: int = 0) -> dict[str, object]:
    """Return width and height of the empty latent that a link leads back to."""
    node = find_node(nodes, link)
    if node is None or depth > DEPTH:
        return {}
    sides = {name: follow_value(nodes, node["inputs"].get(name), name) for name in ("width", "height")}
    if all(is_number(side) for side in sides.values()):
        return dict(sides)
    following = (find_size(nodes, value, depth + 1) for value in node["inputs"].values() if isinstance(value, list))
    return next((size for size in following if size), {})


def find_clip_skip(nodes: Graph) -> dict[str, object]:
    """Return the layers that a graph leaves out: its -1 is the last layer, -2 leaves out one."""
    found = (node["inputs"].get("stop_at_clip_layer") for node in nodes.values())
    return next(({"clip_skip": -layer - 1} for layer in found if isinstance(layer, int)), {})


def list_lora_tags(nodes: Graph) -> list[str]:
    """Write the LoRAs of a graph as A1111's tags, which stand in a prompt."""
    loaders = (node["inputs"] for node in nodes.values() if isinstance(node["inputs"].get("lora_name"), str))
    return [write_tag(inputs["lora_name"], inputs.get("strength_model")) for inputs in loaders]


def list_other_nodes(nodes: Graph) -> dict[str, str]:
    """List models and control images of a graph, which have no part here."""
    names = ("ckpt_name", "unet_name", "control_net_name", "vae_name", "upscale_model", "model_name")
    return {
        str(node.get("class_type", name)): describe(node["inputs"][name])
        for node in nodes.values()
        for name in names
        if isinstance(node["inputs"].get(name), str)
    }


def read_dream(text: str) -> GenerationData | None:
    """Read InvokeAI's first form: the prompt in quotes, -s steps, -S seed, -W width, -H height, -C scale, -A name."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words:
        return None
    flags = {word: value for word, value in pairwise(words[1:]) if re.fullmatch(r"-[A-Za-z]", word)}
    goals = {"-s": "num_inference_steps", "-S": "seed", "-W": "width", "-H": "height", "-C": "guidance_scale"}
    settings: dict[str, object] = {goals[flag]: read_number(value) for flag, value in flags.items() if flag in goals}
    if "-A" in flags:
        settings["sampler"] = name_sampler(flags["-A"])
    parts = re.split(r"\[([^\[\]]*)\]", words[0])  # in this form unwanted words stand in brackets
    return GenerationData(" ".join("".join(parts[::2]).split()), ", ".join(parts[1::2]), settings, {})


def name_sampler(written: str, scheduler: str = "") -> str:
    """Return a sampler's name as it is known here, its schedule with it; as it was written where it has none."""
    key = re.sub(r"[^a-z0-9]", "", written.lower().replace("++", "pp").removeprefix("k_").removeprefix("sample_"))
    known = SAMPLER_NAMES.get(key)
    if known is None:
        return written
    return "DPM++ 2M Karras" if known == "DPM++ 2M" and "karras" in scheduler.lower() else known


def load_object(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None for any other text."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return loaded if isinstance(loaded, dict) else None


def find_text(flat: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the first text under one of the names; InvokeAI's older form has a list of weighted prompts."""
    for name in names:
        value = flat.get(name)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = value[0].get("prompt")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def is_number(value: object) -> bool:
    """Return whether a value is a number, or a text of one."""
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and re.fullmatch(r"-?\d{1,25}(\.\d{1,25})?", value) is not None
    )


def read_number(written: object) -> object:
    """Return a number that was written as text; anything else as it is."""
    if not isinstance(written, str) or not is_number(written):
        return written
    return float(written) if "." in written else int(written)


def describe(value: object) -> str:
    """Write a value that is left out in a few words; "" for what says nothing."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("model_name") or value.get("key") or ""
    if isinstance(value, list | bool) or value is None:
        return ""
    return " ".join(str(value).split())[:SHOWN]


READERS: tuple[tuple[str, str, Callable[[str], GenerationData | None]], ...] = (
    ("parameters", "AUTOMATIC1111 or a program like it", read_parameters),
    ("prompt", "ComfyUI", read_graph),
    ("invokeai_metadata", "InvokeAI", read_json),
    ("sd-metadata", "InvokeAI", read_json),
    ("dream", "InvokeAI", read_dream),
    ("Dream", "InvokeAI", read_dream),
    ("Comment", "NovelAI or Fooocus", read_json),
)
