"""Describe pictures, styles and verdicts as JSON, as the endpoints answer them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from pipeline.hires import is_drawn_twice
from pipeline.models.identified import KIND_NAMES
from pipeline.models.own_files import OwnFile
from pipeline.picture.setting_text import flatten_settings
from pipeline.studio.teacher import Teaching
from pipeline.values import GenerationResult, Style, StyleMatch


class FoundStyle(TypedDict):
    """FoundStyle is one match of /find_styles."""

    id: str
    name: str
    similarity: float  # [-1, 1]
    probability: float  # [0, 1], that the words mean this style


def describe_result(result: GenerationResult) -> dict[str, Any]:
    """Return a picture's details as JSON."""
    request = result.request
    return {
        "seed": request.sampling.seed,
        "engine": request.engine,
        "size": [request.width, request.height],
        "styles": list_styles(result),
        "reading": request.edges.reading,
        "controlnets": {hint.controlnet: asdict(hint.settings) for hint in request.hints},
        **{name: value for name, value in flatten_settings(request).items() if name != "seed"},
        "levers": asdict(request.shortcuts),
        **({"hires": asdict(request.hires)} if is_drawn_twice(request) else {}),
        "milliseconds": dict(result.milliseconds),
        "notices": list(result.notices),
        "safety": describe_safety(result),
        "revisions": dict(result.revisions),
    }


def describe_safety(result: GenerationResult) -> dict[str, Any]:
    """Return what the safety checker said; a withheld picture's file shows the drawing on a card that says so."""
    verdict = result.verdict
    return {
        "checked": verdict is not None,
        "withheld": bool(verdict and verdict.withheld),
        "words": verdict.words if verdict else None,
    }


def describe_batch(results: Sequence[GenerationResult], served: Sequence[Any]) -> dict[str, Any]:
    """List every picture of a batch with its seed, each as `served` has it in JSON; nothing for one."""
    if len(results) == 1:
        return {}
    return {
        "pictures": [
            {"seed": result.request.sampling.seed, "picture": picture, "safety": describe_safety(result)}
            for result, picture in zip(results, served, strict=True)
        ]
    }


def list_styles(result: GenerationResult) -> list[dict[str, Any]]:
    """List the styles worn, heaviest first, then those only found. What was not searched has null numbers."""
    similarity = {match.style.id: round(match.similarity, 4) for match in result.matches}
    probability = {match.style.id: round(match.probability, 4) for match in result.matches}
    weights = {style.id: weight for style, weight in result.request.styles.parts}
    names = {style.id: style.name for style, _ in result.request.styles.parts}
    names |= {match.style.id: match.style.name for match in result.matches}
    ids = sorted(names, key=lambda id: (-weights.get(id, 0.0), -similarity.get(id, -1.0)))
    return [
        {
            "id": id,
            "name": names[id],
            "similarity": similarity.get(id),
            "probability": probability.get(id),
            "weight": weights.get(id, 0.0),
        }
        for id in ids
    ]


def describe_match(match: StyleMatch) -> FoundStyle:
    """Return a match as /find_styles answers it."""
    return FoundStyle(
        id=match.style.id,
        name=match.style.name,
        similarity=round(match.similarity, 4),
        probability=round(match.probability, 4),
    )


def describe_style(style: Style) -> dict[str, Any]:
    """Return a style as /styles answers it."""
    return {
        "id": style.id,
        "name": style.name,
        "words": list(style.words),
        "template": style.template,
        "licence": style.licence,
        "credit": style.credit,
        "builtin": style.builtin,
    }


def describe_teaching(teaching: Teaching) -> dict[str, Any]:
    """Describe how far a style is that is being taught, as JSON holds it."""
    return {**asdict(teaching), "samples": list(teaching.samples)}


def describe_own_files(files: Iterable[OwnFile], present: tuple[str, str], takes_any: bool) -> dict[str, Any]:
    """Describe a person's own model files as /own_files answers it: the names of the usable ones, by kind.

    `present` are the names of the model and the VAE that draw, "" for the engine's own; `takes_any` says whether the
    engine that draws takes any of them.
    """
    usable = list(files)
    names = {f"{kind}s": [each.name for each in usable if each.kind == kind] for kind in KIND_NAMES}
    model, vae = present
    return {**names, "present": {"checkpoint": model, "vae": vae}, "takes_any": takes_any}
