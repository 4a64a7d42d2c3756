"""Read which LoRAs a picture is to be drawn with: as an input, and as A1111's `<lora:name:0.8>` in a prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.errors import SettingError
from pipeline.own_weights import MOST_LORAS, expect_weight
from pipeline.request.generation_data import PASTED_LIMIT, GenerationData
from pipeline.request.notation import name_kind

NAME_LIMIT = 200  # characters of a LoRA's name
UNREAD_LIMIT = 60  # characters of what a tag says beside, as a notice repeats them
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
TAG = re.compile(r"<\s*(?:lora|lyco)\s*:\s*([^<>:]+?)\s*(?::\s*([^<>]*?)\s*)?>\s*,?", re.IGNORECASE)
INVOKE = re.compile(r"\bembedding:(?=[\w.\-])", re.IGNORECASE)  # ComfyUI's mark before a textual inversion's name
HASHES = re.compile(r'Lora hashes:\s*"([^"]{1,2000})"', re.IGNORECASE)
EXAMPLE = 'LoRAs are written as "ink" or "ink:0.8,glow:0.5"'


@dataclass(frozen=True)
class LoraWish:
    """LoraWish is a LoRA as somebody named it; whether it is here is not known yet."""

    name: str
    weight: float = 1.0
    digest: str = ""  # the beginning of its hash, where another program noted one
    is_asked: bool = True  # False: a tag in a prompt, which may come from elsewhere
    unread: str = ""  # what else its tag says, as it is written there


def parse_loras(given: object) -> tuple[LoraWish, ...]:
    """Read "ink:0.8,glow:0.5" as LoRAs and weights, 1 where none stands; write_loras is its inverse.

    Raises SettingError for what is no text, too many, or weighed by what is no weight.
    """
    if given is None or given == "":
        return ()
    if not isinstance(given, str):
        raise SettingError(f"{EXAMPLE}; {name_kind(given)} came.")
    if len(given) > MOST_LORAS * (NAME_LIMIT + 30):
        raise SettingError(f"A LoRA's name has at most {NAME_LIMIT} characters; {len(given):,} came.")
    found: dict[str, LoraWish] = {}
    for part in given.split(","):
        name, colon, written = part.strip().rpartition(":")
        if not colon:
            name, written = written, "1"
        found[name.strip().lower()] = LoraWish(expect_name(name.strip(), given), parse_weight(name.strip(), written))
    return expect_few(tuple(found.values()))


def write_loras(loras: tuple[tuple[str, float], ...]) -> str:
    """Write names and weights so that parse_loras reads the same back, to the last digit."""
    return ",".join(f"{name}:{weight!r}" for name, weight in loras)


def take_tags(text: object) -> tuple[object, tuple[LoraWish, ...]]:
    """Take A1111's tags out of a prompt, or of generation data with its hashes; return it without them, and the LoRAs.

    What a tag says beside one name and one weight stays in its wish as `unread`. What is no text comes back as it is.
    Raises SettingError for a weight that is none.
    """
    if not isinstance(text, str) or len(text) > PASTED_LIMIT:
        return text, ()
    digests = read_digests(text)
    found: dict[str, LoraWish] = {}
    for name, written in TAG.findall(text):
        weight, unread = parse_arguments(name, written)
        digest = digests.get(name.lower(), "")
        found[name.lower()] = LoraWish(name[:NAME_LIMIT], weight, digest, is_asked=False, unread=unread)
    plain = INVOKE.sub("", TAG.sub("", text))
    return (HASHES.sub("", plain) if digests else plain), expect_few(tuple(found.values()))


def parse_arguments(name: str, written: str) -> tuple[float, str]:
    """Parse what stands behind the name in a tag: the weight, and what is not read, as it is written.

    As A1111 has it: the text encoder's weight, then the UNet's, each also by name (te=, unet=); the UNet's is taken,
    and the text encoder's is not read where it is another. Extensions write more (lbw=, dyn=, stop=). Raises
    SettingError for a weight that is none.
    """
    parts = [part.strip() for part in written.split(":")]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    placed = [part for part in parts if part and "=" not in part]
    words, second = named.get("te", placed[0] if placed else "1"), placed[1] if len(placed) > 1 else ""
    is_second = NUMBER.fullmatch(second) is not None
    taken = named.get("unet", second if is_second else words)
    weight, others = parse_weight(name, taken), placed[2 if is_second else 1 :]
    unread = [f"te={words}"] if parse_weight(name, words) != weight else []
    unread += [*others, *(f"{key}={value}" for key, value in named.items() if key not in ("te", "unet"))]
    return weight, ":".join(unread)[:UNREAD_LIMIT]


def take_data_tags(data: GenerationData) -> tuple[GenerationData, tuple[LoraWish, ...]]:
    """Take the tags and hashes out of generation data that was read already. Raises SettingError as take_tags does."""
    others = dict(data.others)
    noted = "Lora hashes: " + others.pop("Lora hashes", "")
    text, wishes = take_tags(f"{data.prompt}\n{noted}")
    prompt = str(text).partition("\nLora hashes:")[0].strip(" ,\r\n")
    return replace(data, prompt=prompt, others=others), wishes


def write_tag(name: str, weight: object) -> str:
    """Write a LoRA that another program notes as a tag; its file's folder and ending go."""
    plain = re.split(r"[\\/]", name)[-1].rsplit(".safetensors", 1)[0]
    number = weight if isinstance(weight, int | float) and not isinstance(weight, bool) else 1
    return f"<lora:{re.sub(r'[<>:]', ' ', plain).strip()}:{number:g}>"


def read_digests(text: str) -> dict[str, str]:
    """Read the LoRAs' hashes that A1111 notes: `Lora hashes: "ink: 1a2b3c4d5e6f, glow: ..."`, by their names."""
    match = HASHES.search(text)
    pairs = (part.rpartition(":") for part in match.group(1).split(",")) if match else ()
    return {name.strip().lower(): digest.strip().lower() for name, colon, digest in pairs if colon}


def join_wishes(asked: tuple[LoraWish, ...], tagged: tuple[LoraWish, ...]) -> tuple[LoraWish, ...]:
    """Join LoRAs that were asked for with those of tags; what was asked for counts where both name one."""
    names = {each.name.lower() for each in asked}
    return expect_few((*asked, *(each for each in tagged if each.name.lower() not in names)))


def parse_weight(name: str, written: str) -> float:
    """Parse a LoRA's weight. Raises SettingError."""
    try:
        weight = float(written)
    except ValueError:
        came = written.strip()[:40]
        raise SettingError(f"The weight of the LoRA {name[:40]!r} is a number such as 0.8; {came!r} came.") from None
    expect_weight(name, weight)
    return weight


def expect_name(name: str, written: str) -> str:
    """Return a LoRA's name; raise SettingError where it is empty or too long."""
    if not name or len(name) > NAME_LIMIT:
        raise SettingError(f"{EXAMPLE}; {written[:60]!r} came.")
    return name


def expect_few(wishes: tuple[LoraWish, ...]) -> tuple[LoraWish, ...]:
    """Return the wishes; raise SettingError for more than MOST_LORAS."""
    if len(wishes) > MOST_LORAS:
        raise SettingError(f"A picture is drawn with at most {MOST_LORAS} LoRAs; {len(wishes)} came.")
    return wishes
