"""Read a drawing for the ControlNets that steer its picture: those that were asked for, or the one that suits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError, SettingError, SketchError
from pipeline.hints import ControlHint, ControlNetName, HintSettings
from pipeline.models.locate import PresentParts
from pipeline.models.own_files import OwnFiles
from pipeline.request.order import Order
from pipeline.request.presets import get_menu
from pipeline.settings import Settings
from pipeline.studio.opening import find_model_folder
from pipeline.studio.own_controlnets import find_controlnet, find_substitute, keep_known_models
from pipeline.values import EdgeMap, Sketch

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

READERS = {"depth": "depth", "openpose": "poses"}  # reading -> role of the part that reads it
NOTHING_FOUND: dict[ControlNetName, str] = {
    "scribble": "No lines were found in your drawing for its scribble.",
    "lineart": "No lines were found in your drawing for its line art.",
    "softedge": "No soft edges were found in your drawing.",
    "canny": "No edges were found in your drawing.",
    "depth": "Your drawing looks equally far everywhere, so no depth could be read.",
    "openpose": "Nobody was found in your drawing, so no pose could be read.",
}


@dataclass(frozen=True)
class Hints:
    """Hints holds what the ControlNets of a picture see, and what has to be told of it."""

    hints: tuple[ControlHint, ...] = ()  # none: the edge map alone steers
    notices: tuple[str, ...] = ()  # in words for the page


@dataclass(frozen=True)
class SeenHint:
    """SeenHint is what one ControlNet would see, before anything is drawn with it."""

    controlnet: ControlNetName
    pixels: NDArray[np.uint8] | None  # (H, W, 3) RGB on black; None where nothing could be read
    notice: str = ""  # why nothing could be read, what is doubtful about it, or what is not here
    missing: tuple[str, ...] = ()  # roles of the parts that are not on this machine and can be fetched


class HintReader:
    """HintReader reads drawings for the ControlNets of the engine that draws. Safe to call from many threads."""

    def __init__(self, settings: Settings, own_files: OwnFiles) -> None:
        self._settings, self._own_files = settings, own_files

    def read(self, order: Order, edges: EdgeMap, profile: ModelProfile) -> Hints:
        """Read what an order asks for; where it leaves that open, what suits the drawing and is on this machine.

        What could not be read is left out and told. Raises SketchError where nothing that was asked for could be read,
        ModelError with the fix where files are missing, SettingError for a ControlNet of one's own that is not here.
        """
        if not get_menu(order.engine).controlnets or order.conditioning.controlnet_conditioning_scale == 0:
            return Hints()
        files = PresentParts(profile, find_model_folder(self._settings))
        order, told = self._keep_known(order)
        hints, notices = [], list(told)
        for name, settings in self._settle(order, edges, files):
            files.expect(self._list_roles(order, name, settings.model))
            found, own = find_controlnet(self._own_files, settings)
            pixels, doubt = self._read_one(name, order.sketch, edges, files)
            notices += [doubt] if doubt else []
            hints += [ControlHint(name, pixels, found, own)] if pixels is not None else []
        if order.controlnets and not hints:
            raise SketchError(" ".join(notices) + " Choose another reading, or draw it more clearly.")
        return Hints(tuple(hints), tuple(notices))

    def look(self, order: Order, edges: EdgeMap, profile: ModelProfile) -> tuple[SeenHint, ...]:
        """Read the same, and say of each what is wrong with it; where the edge map alone would steer, that is it."""
        files, (order, _) = PresentParts(profile, find_model_folder(self._settings)), self._keep_known(order)
        settled = self._settle(order, edges, files) if get_menu(order.engine).controlnets else ()
        chosen = settled or (("canny", HintSettings()),)
        return tuple(self._look_at(order, edges, files, name, settings) for name, settings in chosen)

    def _keep_known(self, order: Order) -> tuple[Order, tuple[str, ...]]:
        """Let published ControlNets stand in for those that another program noted and that are not here; say so."""
        if not order.controlnets_noted:
            return order, ()
        chosen, notices = keep_known_models(order.controlnets, self._own_files)
        return replace(order, controlnets=chosen), notices

    def _look_at(
        self, order: Order, edges: EdgeMap, files: PresentParts, name: ControlNetName, settings: HintSettings
    ) -> SeenHint:
        """Read one hint without raising for what is missing."""
        roles = self._list_roles(order, name, settings.model)
        missing = files.list_missing(roles)
        try:
            pixels, doubt = self._read_one(name, order.sketch, edges, files)
        except ModelError as error:
            return SeenHint(name, None, str(error), missing)
        try:
            files.expect(roles)
            if settings.model:
                self._own_files.find("controlnet", settings.model)
        except (ModelError, SettingError) as error:
            doubt = f"{doubt} {error}" if doubt else str(error)
        return SeenHint(name, pixels, doubt or "", missing)

    def _settle(
        self, order: Order, edges: EdgeMap, files: PresentParts
    ) -> tuple[tuple[ControlNetName, HintSettings], ...]:
        """Settle which ControlNets steer: a person's own stand in for published ones that are not here."""
        chosen = order.controlnets or self._choose(order, edges, files)
        return tuple((name, self._fill_model(order, name, settings, files)) for name, settings in chosen)

    def _fill_model(
        self, order: Order, name: ControlNetName, settings: HintSettings, files: PresentParts
    ) -> HintSettings:
        """Name the ControlNet of one's own that stands in for the published one, where that is not here."""
        if settings.model or files.has(get_menu(order.engine).controlnets[name]):
            return settings
        return replace(settings, model=find_substitute(self._own_files, name))

    def _list_roles(self, order: Order, name: ControlNetName, model: str = "") -> tuple[str, ...]:
        """List the parts that a reading needs; with a `model` of one's own no published ControlNet."""
        parts = list_parts(get_menu(order.engine).controlnets, name)
        return tuple(role for role in parts if role in READERS.values()) if model else parts

    def _choose(
        self, order: Order, edges: EdgeMap, files: PresentParts
    ) -> tuple[tuple[ControlNetName, HintSettings], ...]:
        """Choose the reading that suits the drawing; none where it is the edge map itself."""
        from pipeline.sketch.hints import choose_controlnet

        def is_here(name: ControlNetName) -> bool:
            own = self._fill_model(order, name, HintSettings(), files).model
            return all(files.has(role) for role in self._list_roles(order, name, own))

        name = choose_controlnet(order.sketch, edges, is_here)
        if name == "canny":
            return ()
        shortcuts = order.shortcuts
        scale = order.conditioning.controlnet_conditioning_scale
        return ((name, HintSettings(scale, shortcuts.control_guidance_start, shortcuts.control_guidance_end)),)

    def _read_one(
        self, name: ControlNetName, sketch: Sketch, edges: EdgeMap, files: PresentParts
    ) -> tuple[NDArray[np.uint8] | None, str | None]:
        """Return one hint (H, W, 3), None where there is nothing in it, and what is doubtful about it."""
        if name == "openpose":
            return read_pose(sketch, edges, files)
        if name == "depth":
            pixels = read_depth(sketch, edges, files)
        else:
            from pipeline.sketch.hints import read_hint

            pixels = read_hint(name, sketch, edges)
        return (pixels, None) if pixels is not None and pixels.any() else (None, NOTHING_FOUND[name])


def list_parts(role_of: Mapping[str, str], name: str) -> tuple[str, ...]:
    """List the parts that a reading needs: its ControlNet, of the engine's, and what reads depth or poses."""
    nets = (role_of[name],) if name in role_of else ()  # none: the pocket model, which reads lines alone
    return (*nets, READERS[name]) if name in READERS else nets


def read_depth(sketch: Sketch, edges: EdgeMap, files: PresentParts) -> NDArray[np.uint8] | None:
    """Read near and far of a drawing, (H, W, 3) at the edge map's size; None where all of it is equally far."""
    from pipeline.engine.depth import estimate_depth
    from pipeline.sketch.hints import fit_pixels

    frame, inner = fit_pixels(sketch, edges)
    near = estimate_depth(files.locate(READERS["depth"]), inner)
    return None if near is None else np.repeat(frame.place(near)[..., None], 3, axis=2)


def read_pose(sketch: Sketch, edges: EdgeMap, files: PresentParts) -> tuple[NDArray[np.uint8] | None, str | None]:
    """Read the people's poses, drawn as coloured skeletons, (H, W, 3); None where there is nobody. Say what is
    doubtful.
    """
    from pipeline.sketch.edges import Frame
    from pipeline.sketch.pose import PoseReader, describe_doubt
    from pipeline.sketch.skeleton import draw_skeletons

    people = PoseReader(files.locate(READERS["openpose"])).find_people(sketch.pixels)
    doubt = describe_doubt(people)
    if not people:
        return None, doubt
    (height, width), (rows, columns) = sketch.pixels.shape[:2], edges.pixels.shape
    frame = Frame.letterbox(width, height, columns, rows)
    scale = frame.inner[0] / width
    placed = [person * (scale, scale, 1) + (frame.left, frame.top, 0) for person in people]
    return draw_skeletons([person.astype(np.float32) for person in placed], columns, rows), doubt
