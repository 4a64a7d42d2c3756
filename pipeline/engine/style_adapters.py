"""Wear a style by the IP-Adapter that a request asks for: the model's own, "plus", or a file of a person's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import diffusers
import torch
from torch import Tensor

from pipeline.engine.diffusers_pipeline import find_adapter_file, load_adapter
from pipeline.engine.loaded_model import LoadedModel, make_style_embeddings
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.engine.style_masks import list_worn_mixes
from pipeline.errors import ModelError
from pipeline.machine.memory import measure_main_memory
from pipeline.models.ip_adapters import AdapterInput, read_adapter_input
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart, PresentParts
from pipeline.models.safetensors_header import read_shapes
from pipeline.request.presets import Menu
from pipeline.timing import Clock
from pipeline.values import GenerationRequest, Style

USUAL = "ip_adapter"  # role of the adapter that is read with the model


class ChosenAdapter(NamedTuple):
    """ChosenAdapter is an adapter's file, and what it takes of a style's picture."""

    part: LocatedPart  # its path is the file
    taken: AdapterInput


class StyleAdapters:
    """StyleAdapters exchanges the adapter on one engine's UNet, and embeds styles as the one that is asked for takes
    them. Not safe for many threads: the engine's lock is around it.
    """

    def __init__(
        self,
        model: LoadedModel,
        menu: Menu,
        files: PresentParts,
        embed_ahead: Callable[[StyleEmbeddings], None],
        count_needed: Callable[[GenerationRequest], int],
    ) -> None:
        """`embed_ahead` is called with the embeddings of an adapter that takes another input than the usual one when it
        is put on, to embed all styles in the background. `count_needed` returns the bytes of main memory that a picture
        takes beside what is loaded.
        """
        self._embed_ahead, self._count_needed = embed_ahead, count_needed
        self._model, self._menu, self._files = model, menu, files
        self._usual = replace(model.located[USUAL], path=find_adapter_file(model.profile, model.located[USUAL]))
        self._embeddings = {model.usual_input: model.style_embeddings}
        self._find_part = cache(self._locate)  # a file's hash is computed once
        self._present: Path | None = self._usual.path  # None: not known, the next picture reads its own
        self.revisions: dict[str, str] = {}  # role or "ip_adapter:<name>" -> revision of each that was asked for

    def expect(self, request: GenerationRequest) -> None:
        """Raise ModelError with the fix unless all is here that the request's styles need: the adapter, the encoder."""
        if request.conditioning.ip_adapter_scale:
            taken = self.choose(request).taken
            self._provide_embeddings(taken).expect_known(
                style for mix in list_worn_mixes(request) for style, _ in mix.parts
            )

    def choose(self, request: GenerationRequest) -> ChosenAdapter:
        """Return the adapter that a request asks for. Raises ModelError where it is not here, or is no such file."""
        name = request.conditioning.ip_adapter
        if not name:
            return ChosenAdapter(self._usual, self._model.usual_input)
        own = request.own_adapter
        if own is None and name not in self._menu.ip_adapters:
            raise ModelError(f"The IP-Adapter “{name}” is not here: CROQUIS_MODELS names the folder that has it.")
        part = LocatedPart(own.file, own.sha256[:12]) if own else self._find_part(self._menu.ip_adapters[name])
        taken = read_adapter_input(read_shapes(part.path))
        if taken is None:
            raise ModelError(f"{part.path.name} is no IP-Adapter that takes the look of a picture.")
        self.revisions[f"{USUAL}:{name}" if own else self._menu.ip_adapters[name]] = part.revision
        return ChosenAdapter(part, taken)

    def _locate(self, role: str) -> LocatedPart:
        """Return a published adapter's file."""
        part = self._files.locate_part(role)
        (file,) = self._model.profile.parts[role].files
        return LocatedPart(part.path / Path(file.path).name, part.revision)

    def use(self, request: GenerationRequest, clock: Clock) -> None:
        """Put the request's adapter on the UNet, unless it is on already or no style is worn; `clock` gets the stage
        "adapter". Raises ModelError for a file that does not fit.

        The image encoder, which stays while all styles are embedded in the background, goes where the picture does not
        fit beside it.
        """
        self._make_room(request)
        if not request.conditioning.ip_adapter_scale:
            return
        chosen = self.choose(request)
        if chosen.part.path == self._present:
            return
        self._model.placement.exchange(lambda: self._read(chosen.part))
        clock.mark("adapter")
        if chosen.taken != self._model.usual_input:
            self._embed_ahead(self._provide_embeddings(chosen.taken))

    def _make_room(self, request: GenerationRequest) -> None:
        """Let go of the image encoder where a picture does not fit beside it: what embeds all styles reads it again."""
        encoder = self._model.image_encoder
        if encoder.is_loaded and self._count_needed(request) > measure_main_memory():
            encoder.release()

    def _read(self, part: LocatedPart) -> None:
        """Read an adapter; where it does not fit, the usual one comes back, since a half of it would be no network."""
        try:
            with guard_loading(part.path, diffusers.utils.logging):
                load_adapter(self._model.pipeline, self._model.profile, part)
        except ModelError:
            if part is not self._usual:
                self._read(self._usual)
            raise
        self._model.located[USUAL], self._present = part, part.path

    def forget(self) -> None:
        """Take it that another adapter may be on the UNet, which was exchanged."""
        self._present = None

    def embed(self, request: GenerationRequest, guided: bool) -> Tensor:
        """Embed the n mixes as (B, n, d) or (B, n, patches, d), fp32 on the CPU, in the order of list_worn_mixes; with
        guidance B is 2, and what stands for no style comes first. Zeros (B, 1, ...) at scale 0, where no style is read
        and no encoder need be loaded.
        """
        if not request.conditioning.ip_adapter_scale:
            return self.make_zeros(2 if guided else 1)
        embeddings = self._provide_embeddings(self.choose(request).taken)
        nothing = embeddings.embed_nothing() if guided else None
        embeds = torch.stack([embeddings.mix_styles(mix) for mix in list_worn_mixes(request)], dim=1)
        self._make_room(request)
        return embeds if nothing is None else torch.cat([nothing[:, None].expand_as(embeds), embeds])

    def knows(self, styles: Iterable[Style], name: str) -> bool:
        """Return whether these styles need no look any more for the adapter of this name, "" for the usual one. False
        for a file of a person's own, which only a request names.
        """
        if name and name not in self._menu.ip_adapters:
            return False
        part = self._find_part(self._menu.ip_adapters[name]) if name else self._usual
        taken = read_adapter_input(read_shapes(part.path)) if name else self._model.usual_input
        return taken is not None and self._provide_embeddings(taken).knows(styles)

    def make_zeros(self, halves: int) -> Tensor:
        """Make embeddings of nothing for the adapter that is on the UNet, whichever that is."""
        present = find_adapter_file(self._model.profile, self._model.located[USUAL])
        taken = read_adapter_input(read_shapes(present)) or self._model.usual_input
        patches = () if taken.kind == "image_embeds" else (1,)
        return torch.zeros(halves, 1, *patches, taken.width)

    def _provide_embeddings(self, taken: AdapterInput) -> StyleEmbeddings:
        if taken not in self._embeddings:
            self._embeddings[taken] = make_style_embeddings(self._model.image_encoder, taken, self._model.cache_dir)
        return self._embeddings[taken]
