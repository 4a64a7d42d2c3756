"""Compute image embeddings of styles, each once per encoder, kind and image, and keep them in memory and on disk.

A file of embeddings says in its metadata what kind they are; of another kind it is told and computed again.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pipeline.errors import StyleError
from pipeline.models.ip_adapters import AdapterInput
from pipeline.plain_file import read_plain_file
from pipeline.sealed_file import has_seal, seal, unseal
from pipeline.values import Style, StyleMix
from pipeline.whole_file import write_whole

log = logging.getLogger(__name__)

NOTHING = "nothing"  # in a style's place: what the half without a style is given


class StyleEmbeddings:
    """StyleEmbeddings turns a style into what an adapter takes, fp32 on the CPU: (1, width) image embeddings or
    (1, patches, width) hidden states. `encode` runs only where neither memory nor `folder` has it.

    `release` is called once when all that was asked for at a time is there; `expect_encoder` raises where `encode`
    cannot run here. `encode_nothing` gives what stands for no picture, of hidden states alone: of embeddings it is 0.
    All that share an encoder share `holders`: as long as one of them is in it, the encoder is not released.
    """

    def __init__(
        self,
        encode: Callable[[Image.Image], Tensor],
        revision: str,
        taken: AdapterInput,
        folder: Path | None,
        release: Callable[[], None] = lambda: None,
        expect_encoder: Callable[[], None] = lambda: None,
        encode_nothing: Callable[[], Tensor] | None = None,
        holders: set[object] | None = None,
    ) -> None:
        self._encode, self._revision, self._taken, self._folder = encode, revision, taken, folder
        self._release_encoder, self._expect_encoder = release, expect_encoder
        self._encode_nothing = encode_nothing
        self._known = read_tensors(self._name_collection(folder), taken) if folder else {}
        self._holders = set() if holders is None else holders  # they embed all styles

    def __call__(self, style: Style) -> Tensor:
        """Return one style's embedding. Raises StyleError when the style's image is broken or is not the one that was
        read.
        """
        try:
            return self._embed(style)
        finally:
            self._release()

    def hold_encoder(self) -> bool:
        """Keep the encoder, once it is read, until `embed_all` has ended; return False where that is so already."""
        if self in self._holders:
            return False
        self._holders.add(self)
        return True

    def embed_all(self, styles: Iterable[Style], take_turn: Callable[[], AbstractContextManager[None]]) -> int:
        """Embed the styles that are not known yet, each in a turn of its own, and keep all in one file; return how many
        were computed.

        The encoder is read once for all of them. A style whose image is broken is left out. Raises as `expect_encoder`
        does.
        """
        wanted = list(styles)
        missing = [style for style in wanted if self._find_known(style) is None]
        was_held = not self.hold_encoder()
        try:
            if missing:
                self._expect_encoder()
            count = sum(self._embed_ahead(style, take_turn) for style in missing)
        finally:
            self._holders.discard(self)
        if missing or was_held:
            with take_turn():
                self._release()
        if not missing:
            return 0
        found = {style.sha256: known for style in wanted if (known := self._find_known(style)) is not None}
        if self._folder:
            write_tensors(self._name_collection(self._folder), found, self._taken)
        return count

    def _embed_ahead(self, style: Style, take_turn: Callable[[], AbstractContextManager[None]]) -> bool:
        """Embed a style in a turn of its own; return False where a picture did it while this waited."""
        with take_turn():
            if self._find_known(style) is not None:
                return False
            self.embed_nothing()
            self._try_to_compute(style)
            return True

    def _try_to_compute(self, style: Style) -> None:
        try:
            self._known[style.sha256] = self._compute(style)
        except StyleError as error:
            log.warning("A style was not embedded ahead of its pictures: %s", error)

    def _release(self) -> None:
        if not self._holders:
            self._release_encoder()

    def expect_known(self, styles: Iterable[Style]) -> None:
        """Raise as `expect_encoder` does where any of these styles would have to be encoded. Computes nothing."""
        if not self.knows(styles):
            self._expect_encoder()

    def knows(self, styles: Iterable[Style]) -> bool:
        """Return whether none of these styles would have to be encoded. Computes nothing."""
        is_missing = self._encode_nothing is not None and self._find(NOTHING) is None
        return not is_missing and all(self._find_known(style) is not None for style in styles)

    def embed_nothing(self) -> Tensor:
        """Return what stands for no style: zeros (1, width), or the hidden states of an empty picture.

        It lets the encoder stay, since a style is embedded next.
        """
        if self._encode_nothing is None:
            return torch.zeros(1, self._taken.width)
        known = self._find(NOTHING)
        if known is None:
            known = self._encode_nothing().float().cpu()
            self._keep(NOTHING, known)
        self._known[NOTHING] = known
        return known

    def _embed(self, style: Style) -> Tensor:
        known = self._find_known(style)
        if known is None:
            known = self._compute(style)
            self._keep(style.sha256, known)
        self._known[style.sha256] = known
        return known

    def _keep(self, name: str, embedding: Tensor) -> None:
        if self._folder:
            write_tensors(self._name_file(name, self._folder), {"embedding": embedding}, self._taken)

    def mix_styles(self, mix: StyleMix) -> Tensor:
        """Return the weighted mean of a mix, of one style's shape; one style gives its own embedding exactly, as
        diffusers' pipeline takes it.

        It is a mean in the encoder's space, and not the tokens of the styles side by side: attention gives each token
        the same say, so tokens could not carry weights.
        """
        try:
            return torch.stack([weight * self._embed(style) for style, weight in mix.parts]).sum(0)
        finally:
            self._release()

    def _find_known(self, style: Style) -> Tensor | None:
        return self._find(style.sha256)

    def _find(self, name: str) -> Tensor | None:
        """Find an embedding in memory, else on disk."""
        known = self._known.get(name)
        if known is None and self._folder:
            known = read_tensors(self._name_file(name, self._folder), self._taken).get("embedding")
        return known

    def _name_file(self, name: str, folder: Path) -> Path:
        return folder / f"{self._name_encoder()}-{name}.safetensors"

    def _name_collection(self, folder: Path) -> Path:
        """Name the file that holds the embeddings of many styles, each by its picture's hash."""
        return folder / f"{self._name_encoder()}.safetensors"

    def _name_encoder(self) -> str:
        other = "" if self._taken.kind == "image_embeds" else f"-{self._taken.kind}"
        return self._revision[:40] + other

    def _compute(self, style: Style) -> Tensor:
        embedding = self._encode(read_style_image(style)).float().cpu()
        if not is_usable(embedding, self._taken):
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


def is_usable(embedding: Tensor, taken: AdapterInput) -> bool:
    """Return whether a tensor is what an adapter takes of one picture."""
    dimensions = 2 if taken.kind == "image_embeds" else 3
    shape = tuple(embedding.shape)
    is_fitting = len(shape) == dimensions and (shape[0], shape[-1]) == (1, taken.width)
    return is_fitting and embedding.dtype == torch.float32 and bool(embedding.isfinite().all())


def read_tensors(path: Path, taken: AdapterInput) -> dict[str, Tensor]:
    """Read the embeddings of a file by their names; none where it is absent or not what `write_tensors` wrote, or they
    are of another kind. Files without a kind are of the time when there were image embeddings alone.
    """
    try:
        content = read_content(path)
        kind, found = read_kind(content), load(content)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError, SafetensorError) as error:
        log.warning("The stored embeddings %s are unreadable (%s); computing them again.", path.name, error)
        return {}
    if kind != taken.kind:
        log.warning("The stored embeddings %s are %s, not %s; computing them again.", path.name, kind, taken.kind)
        return {}
    return {name: embedding for name, embedding in found.items() if is_usable(embedding, taken)}


def read_content(path: Path) -> bytes:
    """Return what was sealed in a file; one of before there were seals is taken as it is, and sealed. Raises OSError,
    and ValueError where its bytes have changed.
    """
    stored = read_plain_file(path)
    if has_seal(stored):
        if (content := unseal(stored)) is None:
            raise ValueError("its bytes are not those that were written")
        return content
    load(stored)  # no seal: it is whole, or a seal that is damaged makes it too long
    replace_content(path, stored)
    return stored


def read_kind(content: bytes) -> str:
    """Return the kind that the metadata of safetensors name. Raises ValueError for a broken header."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    return str((header.get("__metadata__") or {}).get("kind", "image_embeds"))


def write_tensors(path: Path, tensors: Mapping[str, Tensor], taken: AdapterInput) -> None:
    """Write embeddings whole or not at all, sealed."""
    replace_content(path, save({name: each.contiguous() for name, each in tensors.items()}, {"kind": taken.kind}))


def replace_content(path: Path, content: bytes) -> None:
    """Write a sealed file; a folder that cannot be written costs time later, not the picture now."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, seal(content))
    except OSError as error:
        log.warning("The embedding could not be kept at %s: %s", path, error)
