"""Load what the pocket model is made of: the network that colours regions, its palettes, and the words' encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import transformers

from pipeline.colours.enclosed import EnclosedGround, load_enclosed_ground
from pipeline.colours.palette import PaletteTable, load_palettes
from pipeline.colours.region_network import RegionColours, load_region_colours
from pipeline.colours.word_regions import WordRegions, load_word_regions
from pipeline.engine.prompt_encoder import PromptEncoder
from pipeline.errors import ModelError
from pipeline.models.loading import guard_loading
from pipeline.models.locate import locate_part
from pipeline.models.profile import ModelProfile
from pipeline.models.text_package import load_text_package

COLOURIST = "colourist"  # role in the profile's parts
WEIGHTS, PALETTES, LAYOUTS = "region_colours.safetensors", "palettes.npz", "layouts.npz"
ENCLOSED, WORD_REGIONS = "enclosed.npz", "word_regions.npz"  # fitted to the weights
ROOMS = ("colours", "inking", "painters")  # their code decides pixels as weights do

OnProgress = Callable[[str, float], None]  # what is being loaded, fraction done in [0, 1]


@dataclass(frozen=True, eq=False)
class PocketModel:
    """PocketModel holds the loaded parts."""

    network: RegionColours
    palettes: PaletteTable
    enclosed: EnclosedGround
    word_regions: WordRegions
    encode_prompt: PromptEncoder
    revisions: Mapping[str, str]  # part -> hash


def load_pocket_model(profile: ModelProfile, folder: Path | None, report: OnProgress) -> PocketModel:
    """Find, check and load the profile's files. Raises ModelError naming a file that is missing or damaged."""
    report("Checking the model's files", 0.0)
    located = locate_part(profile, COLOURIST, folder)
    report("Loading the model", 0.2)
    package = profile.text_package
    if package is None:
        raise ModelError(f"{profile.title} needs a text encoder; its profile names none.")
    with guard_loading(located.path, transformers.utils.logging):
        network = load_region_colours(located.path / WEIGHTS)
        palettes = load_palettes(located.path / PALETTES, located.path / LAYOUTS)
        enclosed = load_enclosed_ground(located.path / ENCLOSED)
        word_regions = load_word_regions(located.path / WORD_REGIONS)
        words = load_text_package(package)
    revisions = {
        COLOURIST: located.revision,
        "text_encoder": package.sha256[:12],
        "painters": hash_sources(Path(__file__).parents[1] / room for room in ROOMS),
    }
    encoder = PromptEncoder(words.tokenizer, words.text_encoder)
    return PocketModel(network, palettes, enclosed, word_regions, encoder, revisions)


def hash_sources(folders: Iterable[Path]) -> str:
    """Hash the Python files of folders, 12 hex digits: other code, other pixels."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
