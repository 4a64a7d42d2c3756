"""Write and read which LoRAs, textual inversions and IP-Adapter of a person's own a picture was drawn with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import SettingError
from pipeline.own_weights import Adapter, Embedding, Lora
from pipeline.strict_json import StrictModel
from pipeline.values import GenerationRequest

WeightsKind = Literal["lora", "embedding", "controlnet", "ip_adapter"]
FindWeights = Callable[[WeightsKind, str, str], tuple[Path, str]]


class WeightsPart(StrictModel):
    """WeightsPart holds one LoRA, textual inversion or IP-Adapter in a recipe."""

    kind: WeightsKind
    name: Annotated[str, Field(min_length=1, max_length=300)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    weight: Annotated[float, Field(ge=-4, le=4)] = 1.0


@dataclass(frozen=True)
class RestoredWeights:
    """RestoredWeights holds what of a recipe's weights is here, and a sentence for each that is not."""

    loras: tuple[Lora, ...]
    embeddings: tuple[Embedding, ...]
    missing: tuple[str, ...]
    adapter: Adapter | None = None


def list_weights(request: GenerationRequest) -> tuple[WeightsPart, ...]:
    """List what a request is drawn with, as a recipe holds it; restore_weights is its inverse."""
    loras = (WeightsPart(kind="lora", name=each.name, sha256=each.sha256, weight=each.weight) for each in request.loras)
    embeddings = (WeightsPart(kind="embedding", name=each.name, sha256=each.sha256) for each in request.embeddings)
    own = request.own_adapter
    adapter = () if own is None else (WeightsPart(kind="ip_adapter", name=own.name, sha256=own.sha256),)
    return (*loras, *embeddings, *adapter)


def miss_weights(kind: str, name: str, sha256: str) -> tuple[Path, str]:
    """Find nothing. Raises SettingError."""
    raise SettingError(f"“{name}” is not here.")


def restore_weights(parts: Iterable[WeightsPart], find: FindWeights) -> RestoredWeights:
    """Find a recipe's weights. `find` returns the file that has the name and hash, and what it is called here, or
    raises SettingError, which becomes a sentence.
    """
    loras, embeddings, missing, adapter = list[Lora](), list[Embedding](), list[str](), None
    for part in parts:
        try:
            path, name = find(part.kind, part.name, part.sha256)
        except SettingError as error:
            missing.append(f"{error} Drawn again without it the picture comes out otherwise.")
            continue
        if part.kind == "lora":
            loras.append(Lora(name, part.weight, part.sha256, path))
        elif part.kind == "ip_adapter":
            adapter = Adapter(name, part.sha256, path)
        else:
            embeddings.append(Embedding(name, part.sha256, path))
    return RestoredWeights(tuple(loras), tuple(embeddings), tuple(missing), adapter)
