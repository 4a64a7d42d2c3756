"""Compute image embeddings of styles, each once per encoder and image, and keep them in memory and on disk."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pipeline.errors import StyleError
from pipeline.values import Style, StyleMix

log = logging.getLogger(__name__)


class StyleEmbeddings:
    """StyleEmbeddings turns a style into (1, width) fp32 on the CPU; `encode` runs only where neither memory nor
    `folder` has it.

    `release` is called once when all that was asked for at a time is there; `expect_encoder` raises where `encode`
    cannot run here.
    """

    def __init__(
        self,
        encode: Callable[[Image.Image], Tensor],
        revision: str,
        width: int,
        folder: Path | None,
        release: Callable[[], None] = lambda: None,
        expect_encoder: Callable[[], None] = lambda: None,
    ) -> None:
        self._encode, self._revision, self._width, self._folder = encode, revision, width, folder
        self._release_encoder, self._expect_encoder = release, expect_encoder
        self._known = read_collection(self._name_collection(folder), width) if folder else {}
        self._holds_encoder = False  # all styles are being embedded, so it is needed again at once

    def __call__(self, style: Style) -> Tensor:
        """Return one style's embedding. Raises StyleError when the style's image is broken or is not the one that was
        read.
        """
        try:
            return self._embed(style)
        finally:
            self._release()

    def embed_all(self, styles: Iterable[Style], take_turn: Callable[[], AbstractContextManager[None]]) -> int:
        """Embed the styles that are not known yet, each in a turn of its own, and keep all in one file; return how many
        were computed.

        The encoder is read once for all of them. A style whose image is broken is left out. Raises as `expect_encoder`
        does.
        """
        wanted = list(styles)
        missing = [style for style in wanted if self._find_known(style) is None]
        if not missing:
            return 0
        self._expect_encoder()
        self._holds_encoder = True
        try:
            for style in missing:
                with take_turn():
                    self._try_to_compute(style)
        finally:
            self._holds_encoder = False
        with take_turn():
            self._release()
        found = {style.sha256: known for style in wanted if (known := self._find_known(style)) is not None}
        if self._folder:
            write_tensors(self._name_collection(self._folder), found)
        return len(missing)

    def _try_to_compute(self, style: Style) -> None:
        try:
            self._known[style.sha256] = self._compute(style)
        except StyleError as error:
            log.warning("A style was not embedded ahead of its pictures: %s", error)

    def _release(self) -> None:
        if not self._holds_encoder:
            self._release_encoder()

    def expect_known(self, styles: Iterable[Style]) -> None:
        """Raise as `expect_encoder` does where any of these styles would have to be encoded. Computes nothing."""
        if any(self._find_known(style) is None for style in styles):
            self._expect_encoder()

    def _embed(self, style: Style) -> Tensor:
        known = self._find_known(style)
        if known is None:
            known = self._compute(style)
            if self._folder:
                write_tensors(self._name_file(style, self._folder), {"embedding": known})
        self._known[style.sha256] = known
        return known

    def mix_styles(self, mix: StyleMix) -> Tensor:
        """Return the weighted mean (1, width) of a mix; one style gives its own embedding exactly, as diffusers'
        pipeline takes it.

        It is a mean in the encoder's space, and not the tokens of the styles side by side: attention gives each token
        the same say, so tokens could not carry weights.
        """
        try:
            return torch.stack([weight * self._embed(style) for style, weight in mix.parts]).sum(0)
        finally:
            self._release()

    def _find_known(self, style: Style) -> Tensor | None:
        """Find an embedding in memory, else on disk."""
        known = self._known.get(style.sha256)
        if known is None and self._folder:
            known = read_embedding(self._name_file(style, self._folder), self._width)
        return known

    def _name_file(self, style: Style, folder: Path) -> Path:
        return folder / f"{self._revision[:40]}-{style.sha256}.safetensors"

    def _name_collection(self, folder: Path) -> Path:
        """Name the file that holds the embeddings of many styles, each by its picture's hash."""
        return folder / f"{self._revision[:40]}.safetensors"

    def _compute(self, style: Style) -> Tensor:
        embedding = self._encode(read_style_image(style)).float().cpu()
        if embedding.shape != (1, self._width) or not torch.isfinite(embedding).all():
            raise StyleError(f"The image of style {style.name!r} gave no usable embedding.")
        return embedding


def read_style_image(style: Style) -> Image.Image:
    """Read the style's image as RGB and check its bytes against the style's hash. Raises StyleError."""
    try:
        data = style.image.read_bytes()
        picture = Image.open(io.BytesIO(data)).convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise StyleError(f"The image of style {style.name!r} cannot be read: {style.image}.") from error
    if hashlib.sha256(data).hexdigest() != style.sha256:
        raise StyleError(f"The image of style {style.name!r} has changed since it was read; read the styles again.")
    return picture


def read_embedding(path: Path, width: int) -> Tensor | None:
    """Read an embedding (1, width), fp32; return None where the file is absent or not what `write_tensors` wrote."""
    try:
        embedding = load(path.read_bytes())["embedding"]
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError) as error:
        log.warning("The stored embedding %s is unreadable (%s); computing it again.", path.name, error)
        return None
    return embedding if is_usable(embedding, width) else None


def is_usable(embedding: Tensor, width: int) -> bool:
    """Return whether a tensor is an embedding of so many numbers."""
    return embedding.shape == (1, width) and embedding.dtype == torch.float32 and bool(embedding.isfinite().all())


def read_collection(path: Path, width: int) -> dict[str, Tensor]:
    """Read the embeddings of many styles by their pictures' hashes; none where the file is absent or unreadable."""
    try:
        found = load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, SafetensorError) as error:
        log.warning("The stored embeddings %s are unreadable (%s); computing them again.", path.name, error)
        return {}
    return {sha256: embedding for sha256, embedding in found.items() if is_usable(embedding, width)}


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write embeddings whole or not at all; a folder that cannot be written costs time later, not the picture now."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".draft", delete=False) as draft:
            draft.write(save({name: each.contiguous() for name, each in tensors.items()}))
        os.replace(draft.name, path)
    except OSError as error:
        log.warning("The embedding could not be kept at %s: %s", path, error)
