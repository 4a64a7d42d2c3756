"""Find the files of the LoRAs and textual inversions that an order names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingError
from pipeline.models.own_files import OwnFile, OwnFiles
from pipeline.own_weights import MOST_EMBEDDINGS, Adapter, Embedding, Lora
from pipeline.picture.recipe_weights import WeightsKind
from pipeline.prompt_syntax import Prompt
from pipeline.request.own_loras import LoraWish
from pipeline.request.presets import get_menu

TAG_UNREAD = "Of the tag of the LoRA “{name}” its weight, {weight}, is read; “{unread}” is not."
FILE_UNREAD = "Of the LoRA “{name}” these tensors are not read: {kinds}. The picture lacks what they add."


@dataclass(frozen=True)
class FoundWeights:
    """FoundWeights holds what an order is drawn with, and what there is to say of what is not here."""

    loras: tuple[Lora, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    notices: tuple[str, ...] = ()
    adapter: Adapter | None = None


def find_weights(files: OwnFiles, engine: str, wishes: Iterable[LoraWish], prompts: Iterable[Prompt]) -> FoundWeights:
    """Find the LoRAs, and the textual inversions whose names stand in the prompts; nothing for other engines.

    Raises SettingError for a LoRA that was asked for and is not here; one of a prompt's tag is left out and told.
    """
    if not get_menu(engine).own_weights:
        return FoundWeights()
    loras: list[Lora] = []
    notices: list[str] = []
    for wish in wishes:
        try:
            found = find_lora(files, wish)
            lora = Lora(found.name, wish.weight, files.hash_file(found.path), found.path)
        except SettingError as error:
            if wish.is_asked:
                raise
            notices.append(f"{error} Without it the picture comes out otherwise.")
            continue
        loras.append(lora)
        notices += tell_unread(wish, found)
    return FoundWeights(tuple(loras), find_embeddings(files, prompts), tuple(notices))


def tell_unread(wish: LoraWish, file: OwnFile) -> list[str]:
    """Return a notice for what a LoRA's tag says beside name and weight, and one for what its file holds beside pairs;
    none where there is no more.
    """
    told = [TAG_UNREAD.format(name=wish.name, weight=f"{wish.weight:g}", unread=wish.unread)] if wish.unread else []
    return told + ([FILE_UNREAD.format(name=file.name, kinds=", ".join(file.unread))] if file.unread else [])


def find_lora(files: OwnFiles, wish: LoraWish) -> OwnFile:
    """Find one LoRA, by its hash where another program noted that and nothing has the name. Raises SettingError."""
    try:
        return files.find("lora", wish.name)
    except SettingError:
        named = files.find_by_hash("lora", wish.digest)
        if named is None:
            raise
        return named


def find_adapter(files: OwnFiles, engine: str, name: str) -> Adapter | None:
    """Find the IP-Adapter of a person's own that has the name; None where it is one that the engine's menu knows.

    Raises SettingError for a name that nothing has.
    """
    menu = get_menu(engine)
    if not name or not menu.ip_adapters or name in menu.ip_adapters:
        return None
    found = files.find("ip_adapter", name)
    return Adapter(found.name, files.hash_file(found.path), found.path)


def find_embeddings(files: OwnFiles, prompts: Iterable[Prompt]) -> tuple[Embedding, ...]:
    """Find the textual inversions whose names stand in the prompts as words of their own."""
    words = " ".join(prompt.words for prompt in prompts)
    named = [each for each in files.list_kind("embedding") if stands_in(each, words)]
    return tuple(Embedding(each.name, files.hash_file(each.path), each.path) for each in named[:MOST_EMBEDDINGS])


def stands_in(file: OwnFile, words: str) -> bool:
    """Return whether a file's name stands among words, capitals or not."""
    return re.search(rf"(?<![\w-]){re.escape(file.name)}(?![\w-])", words, re.IGNORECASE) is not None


def find_restored(files: OwnFiles, kind: WeightsKind, name: str, sha256: str) -> tuple[Path, str]:
    """Find the file that a recipe names: the one of that name if its hash is the same, else any of that hash.

    Raises SettingError where there is none.
    """
    missing: SettingError | None = None
    try:
        found = files.find(kind, name)
        if files.hash_file(found.path) == sha256:
            return found.path, found.name
    except SettingError as error:
        missing = error
    for each in files.list_kind(kind):
        if files.hash_file(each.path) == sha256:
            return each.path, each.name
    raise missing or SettingError(f"“{name[:60]}” here is another file than the one this picture was drawn with.")
