"""What all engines share: each draws one request at a time, and refuses what was made for another engine or size."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.engine.turns import Turns
from pipeline.errors import CroquisError, IsCancelled, SettingError, watch_cancel
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelProfile
from pipeline.places import Ahead, Place
from pipeline.request.presets import get_menu
from pipeline.values import GenerationRequest, StepPreview, Style

log = logging.getLogger(__name__)

OnStep = Callable[[StepPreview], None]


class DrawingEngine:
    """DrawingEngine has a profile and its menu, and draws one request at a time unless its turns say otherwise; the
    others wait.
    """

    def __init__(self, profile: ModelProfile, turns: Turns | None = None) -> None:
        """`turns` are those that requests take where workers elsewhere draw them."""
        self.profile, self._menu = profile, get_menu(profile.name)
        self._turns = Turns(profile.title) if turns is None else turns
        self._embed_style: StyleEmbeddings | None = None  # None: styles are no embeddings to this engine
        self._styles: tuple[Style, ...] = ()  # to be embedded ahead of their pictures
        self._files: PresentParts | None = None  # None: all that this engine needs comes with the program

    @property
    def is_wanted(self) -> bool:
        """Return whether a picture waits that gives way to nobody: what gives way may end early for it."""
        return self._turns.is_wanted

    def count_waiting(self) -> int:
        """Return how many pictures wait that give way to nobody."""
        return self._turns.count_waiting()

    def look_ahead(self, place: Place) -> Ahead | None:
        """Return what comes before the picture of that place; None where none of its pictures waits."""
        return self._turns.look_ahead(place)

    def expect_picture(self) -> float | None:
        """Return the seconds that a picture took lately; None before the first."""
        return self._turns.expect_picture()

    def embed_styles(self, styles: Iterable[Style]) -> int:
        """Embed the pictures of styles ahead of the pictures drawn in them, giving way to those; return how many.

        Raises ModelError where the encoder's files are not here, EngineChanged once the engine is retired.
        """
        if self._embed_style is None:
            return 0
        self._styles = tuple(styles)
        return self._embed_styles_by(self._embed_style)

    def _embed_styles_by(self, embeddings: StyleEmbeddings) -> int:
        return embeddings.embed_all(self._styles, partial(self._turns.take, gives_way=True))

    def _embed_styles_later(self, embeddings: StyleEmbeddings) -> None:
        """Embed the same styles in the background for another adapter, giving way to pictures.

        The encoder stays from now on, so that the picture that puts the adapter on reads it for all of them.
        """
        if self._styles and embeddings.hold_encoder():
            threading.Thread(
                target=self._try_to_embed_styles, args=(embeddings,), name="croquis-styles", daemon=True
            ).start()

    def _try_to_embed_styles(self, embeddings: StyleEmbeddings) -> None:
        try:
            log.info("%d styles were embedded for another IP-Adapter.", self._embed_styles_by(embeddings))
        except CroquisError as error:
            log.info("The styles are not embedded for another IP-Adapter: %s", error)

    def knows_styles(self, styles: Iterable[Style], ip_adapter: str = "") -> bool:
        """Return whether no picture in these styles, by the IP-Adapter of that name, needs the image encoder first."""
        return self._embed_style is None or self._embed_style.knows(styles)

    def settle(self, request: GenerationRequest) -> GenerationRequest:
        """Return the request as this machine draws it: by the full decoder where the small one's file is not here."""
        if request.shortcuts.decoder == "full" or self.has_small_decoder:
            return request
        return replace(request, shortcuts=replace(request.shortcuts, decoder="full"))

    @property
    def has_small_decoder(self) -> bool:
        """Return whether nothing that the small decoder needs is missing here."""
        small = self._menu.small_decoder
        return small is None or self._files is None or self._files.has(small)

    @property
    def fills_parts(self) -> bool:
        """Return whether the model was trained to fill a part: then what stays is encoded for every picture."""
        return False

    def retire(self, then: Callable[[], None]) -> None:
        """Stop drawing for good once the picture under way is finished; requests that wait get EngineChanged.

        `then` is called in between, to put another engine in this one's place.
        """
        self._turns.retire(then)

    @contextmanager
    def _take_turn(
        self, request: GenerationRequest, is_cancelled: IsCancelled | None, gives_way: bool
    ) -> Iterator[None]:
        """Wait for the turn to draw a request, and hold it; all that is done meanwhile looks for a cancel.

        Raises as Turns.take does.
        """
        work = request.sampling.num_inference_steps * request.width * request.height
        with self._turns.take(gives_way=gives_way, work=work, is_cancelled=is_cancelled), watch_cancel(is_cancelled):
            yield

    def _expect_drawable(self, request: GenerationRequest) -> None:
        """Raise SettingError for a request of another engine or size: before the turn, so that nobody waits for it."""
        if request.engine != self.profile.name:
            raise SettingError(f"This request is for the engine {request.engine!r}; {self.profile.name!r} is loaded.")
        self._menu.expect_offered(request.sampling, request.conditioning, request.shortcuts)
        self._menu.expect_start(request.start is not None, request.sampling)
        self._menu.expect_hires(request.hires.scale)
        self.profile.check_size(request.width, request.height)
