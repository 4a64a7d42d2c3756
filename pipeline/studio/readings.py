"""Read a drawing for the ControlNets that steer its picture: those that were asked for, or the one that suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SketchError
from pipeline.hints import ControlHint, ControlNetName, HintSettings
from pipeline.models.locate import PresentParts
from pipeline.request.order import Order
from pipeline.request.presets import get_menu
from pipeline.settings import Settings
from pipeline.studio.opening import find_model_folder
from pipeline.values import EdgeMap, Sketch

if TYPE_CHECKING:
    from pipeline.models.profile import ModelProfile

DEPTH_PART = "depth"  # role in the profile's parts
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


class HintReader:
    """HintReader reads drawings for the ControlNets of the engine that draws. Safe to call from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, order: Order, edges: EdgeMap, profile: ModelProfile) -> Hints:
        """Read what an order asks for; where it leaves that open, what suits the drawing and is on this machine.

        What could not be read is left out and told. Raises SketchError where nothing that was asked for could be read,
        ModelError with the fix where files are missing.
        """
        menu = get_menu(order.engine)
        if not menu.controlnets or order.conditioning.controlnet_conditioning_scale == 0:
            return Hints()
        files = PresentParts(profile, find_model_folder(self._settings))
        chosen = order.controlnets
        if chosen:
            files.expect([role for name, _ in chosen for role in self._list_roles(order, name)])
        else:
            chosen = self._choose(order, edges, files)
        hints, notices = [], []
        for name, settings in chosen:
            pixels, doubt = self._read_one(name, order.sketch, edges, files)
            notices += [doubt] if doubt else []
            hints += [ControlHint(name, pixels, settings)] if pixels is not None else []
        if order.controlnets and not hints:
            raise SketchError(" ".join(notices) + " Choose another reading, or draw it more clearly.")
        return Hints(tuple(hints), tuple(notices))

    def _list_roles(self, order: Order, name: ControlNetName) -> tuple[str, ...]:
        """List the parts that a reading needs."""
        role = get_menu(order.engine).controlnets[name]
        return (role, DEPTH_PART) if name == "depth" else (role,)

    def _choose(
        self, order: Order, edges: EdgeMap, files: PresentParts
    ) -> tuple[tuple[ControlNetName, HintSettings], ...]:
        """Choose the reading that suits the drawing; none where it is the edge map itself."""
        from pipeline.sketch.hints import choose_controlnet

        name = choose_controlnet(
            order.sketch, edges, lambda name: all(files.has(role) for role in self._list_roles(order, name))
        )
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
            return self._read_pose(sketch, edges)
        if name == "depth":
            pixels = read_depth(sketch, edges, files)
        else:
            from pipeline.sketch.hints import read_hint

            pixels = read_hint(name, sketch, edges)
        return (pixels, None) if pixels is not None and pixels.any() else (None, NOTHING_FOUND[name])

    def _read_pose(self, sketch: Sketch, edges: EdgeMap) -> tuple[NDArray[np.uint8] | None, str | None]:
        """Read the people's poses, drawn as coloured skeletons."""
        from pipeline.sketch.edges import Frame
        from pipeline.sketch.pose import PoseReader, describe_doubt
        from pipeline.sketch.skeleton import draw_skeletons

        people = PoseReader(self._settings.pose_files).find_people(sketch.pixels)
        doubt = describe_doubt(people)
        if not people:
            return None, doubt
        (height, width), (rows, columns) = sketch.pixels.shape[:2], edges.pixels.shape
        frame = Frame.letterbox(width, height, columns, rows)
        scale = frame.inner[0] / width
        placed = [person * (scale, scale, 1) + (frame.left, frame.top, 0) for person in people]
        return draw_skeletons([person.astype(np.float32) for person in placed], columns, rows), doubt


def read_depth(sketch: Sketch, edges: EdgeMap, files: PresentParts) -> NDArray[np.uint8] | None:
    """Read near and far of a drawing, (H, W, 3) at the edge map's size; None where all of it is equally far."""
    from pipeline.engine.depth import estimate_depth
    from pipeline.sketch.hints import fit_pixels

    frame, inner = fit_pixels(sketch, edges)
    near = estimate_depth(files.locate(DEPTH_PART), inner)
    return None if near is None else np.repeat(frame.place(near)[..., None], 3, axis=2)
