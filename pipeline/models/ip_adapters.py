"""Say what an IP-Adapter reads of a style's picture, by the names and shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.models.safetensors_header import Shapes

EmbeddingKind = Literal["image_embeds", "hidden_states"]  # diffusers' words: a picture as a whole, or patch by patch
FULL_FACE, FULL_FACE_END = "image_proj.proj.0.weight", "image_proj.proj.3.weight"
FACE_MARK = "perceiver_resampler."  # FaceID takes what a network of faces says
FIRST_LAYERS: tuple[tuple[str, EmbeddingKind], ...] = (  # of the image projection, the most telling first
    ("image_proj.proj.weight", "image_embeds"),
    ("image_proj.proj_in.weight", "hidden_states"),  # "plus": a resampler
    (FULL_FACE, "hidden_states"),  # "full face": two plain layers
)
OTHER_ENCODERS = {"image_embeds": 1280, "hidden_states": 1664}  # widths of OpenCLIP ViT-bigG, which is not read here


@dataclass(frozen=True)
class AdapterInput:
    """AdapterInput says what an adapter takes: (1, width) image embeddings, or (1, patches, width) hidden states."""

    kind: EmbeddingKind
    width: int


def read_adapter_input(shapes: Shapes) -> AdapterInput | None:
    """Return what an adapter with these tensors takes of a picture; None where that is of another kind."""
    is_for_faces = any(FACE_MARK in name for name in shapes)
    if is_for_faces or (FULL_FACE in shapes and FULL_FACE_END not in shapes):
        return None
    found = ((kind, shapes[name]) for name, kind in FIRST_LAYERS if name in shapes)
    return next((AdapterInput(kind, shape[-1]) for kind, shape in found if len(shape) == 2), None)


def has_other_encoder(taken: AdapterInput) -> bool:
    """Return whether an adapter wants another image encoder than SD 1.5's own, ViT-H."""
    return OTHER_ENCODERS[taken.kind] == taken.width
