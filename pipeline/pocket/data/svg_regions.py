"""One SVG drawing as a picture with numbered regions and pen lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from pipeline.colours.oklab import to_oklab

SIDE = 224  # px
SHAPES = {"path", "circle", "ellipse", "rect", "polygon", "polyline", "line"}
FAINT = 0.45  # less opaque shapes are light and shadow, no regions
PEN = 2.4  # px from its rim that a shape reaches at most to be a pen line
SAME = 0.03  # apart in OKLab: one colour
DARK = 0.55  # OKLab lightness that a pen line has at most
SMALL = 10  # px; less is no region
MOST = 60  # regions

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


@dataclass(frozen=True, eq=False)
class Drawing:
    colours: NDArray[np.uint8]  # (S, S, 3) RGB
    regions: NDArray[np.uint8]  # (S, S), 0 outside
    ink: NDArray[np.bool_]  # (S, S)


def read_svg(body: str, box: list[float]) -> Drawing | None:
    """Read a drawing, cropped to what is drawn; None where nothing can be read or little is drawn."""
    try:
        numbered = number_shapes(body)
        painted, labels = render(body, box), render(numbered, box, crisp=True)
    except (ElementTree.ParseError, ValueError, RuntimeError):
        return None
    ids = labels[..., 0].astype(int) + 256 * labels[..., 1].astype(int)
    ids[(labels[..., 3] < 128) | (painted[..., 3] < 110)] = 0
    if (ids > 0).mean() < 0.03:
        return None
    return find_parts(painted, ids)


def render(body: str, box: list[float], crisp: bool = False) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 4) RGBA of an SVG's body."""
    import resvg_py  # only who builds the pack needs it

    svg = f'<svg {NAMESPACE} viewBox="0 0 {box[0]} {box[1]}" width="{SIDE}" height="{SIDE}">{body}</svg>'
    written = resvg_py.svg_to_bytes(svg_string=svg, shape_rendering="crisp_edges" if crisp else "geometric_precision")
    data = np.frombuffer(bytes(written), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def number_shapes(body: str) -> str:
    """The same drawing with every opaque shape painted in a number of its own (red + 256 green)."""
    still = re.sub(r"<animate.*?/>", "", body)
    root = ElementTree.fromstring(f"<svg {NAMESPACE}>{still}</svg>")  # noqa: S314 - drawings of pinned packages
    clear = {
        one.get("id")
        for one in root.iter()
        if "Gradient" in one.tag and any(float(stop.get("stop-opacity", 1)) < 0.5 for stop in one)
    }
    number_children(root, 1.0, "", "none", clear, [0])
    return "".join(ElementTree.tostring(child, encoding="unicode") for child in root)


def number_children(
    parent: ElementTree.Element, opacity: float, fill: str, stroke: str, clear: set[str | None], count: list[int]
) -> None:
    for child in list(parent):
        tag = child.tag.rsplit("}", 1)[-1]
        if tag in {"defs", "clipPath", "mask", "linearGradient", "radialGradient", "filter"}:
            continue
        for name, value in re.findall(r"([\w-]+)\s*:\s*([^;]+)", child.attrib.pop("style", "")):
            child.set(name, value.strip())
        own = opacity * number(child.attrib.pop("opacity", "1"))
        inner, outer = child.get("fill", fill), child.get("stroke", stroke)
        child.attrib.pop("filter", None)
        if tag in SHAPES:
            seen = own * number(child.attrib.pop("fill-opacity", "1"))
            number_shape(parent, child, seen, own, inner, outer, clear, count)
        else:
            number_children(child, own, inner, outer, clear, count)


def number_shape(
    parent: ElementTree.Element,
    shape: ElementTree.Element,
    seen: float,
    own: float,
    fill: str,
    stroke: str,
    clear: set[str | None],
    count: list[int],
) -> None:
    link = re.match(r"url\(#(.+?)\)", fill)
    filled = fill != "none" and seen >= FAINT and not (link and link[1] in clear)
    outlined = stroke != "none" and own * number(shape.attrib.pop("stroke-opacity", "1")) >= FAINT
    if not (filled or outlined):
        parent.remove(shape)
        return
    shape.set("fill", next_number(count) if filled else "none")
    shape.set("stroke", next_number(count) if outlined else "none")


def next_number(count: list[int]) -> str:
    count[0] += 1
    return f"#{count[0] % 256:02x}{count[0] // 256 % 256:02x}80"


def number(text: str) -> float:
    return float(text.strip("% ")) / (100 if "%" in text else 1)


def find_parts(painted: NDArray[np.uint8], ids: NDArray[np.int_]) -> Drawing:
    """Join shapes of one colour, take pen lines out of the regions, fill them with what lies beside them."""
    known, flat = np.unique(ids, return_inverse=True)
    flat = flat.reshape(ids.shape)
    lab = to_oklab(painted[..., :3])
    means = np.stack([np.median(lab[flat == n], axis=0) for n in range(len(known))])
    order = np.argsort(-np.bincount(flat.ravel()))
    regions = np.zeros(ids.shape, np.int32)
    ink = np.zeros(ids.shape, bool)
    found: list[NDArray[np.float32]] = []
    for n in order:
        if known[n] == 0:
            continue
        mask = flat == n
        if mask.sum() < SMALL:
            ink |= mask  # too small to be seen: filled like a pen line, and drawn as one
        elif means[n][0] < DARK and is_thin(mask):
            ink |= mask
        else:
            near = [k for k, mean in enumerate(found) if np.linalg.norm(mean - means[n]) < SAME]
            if not near and len(found) < MOST:
                found.append(means[n])
                near = [len(found) - 1]
            if not near:
                near = [int(np.argmin([np.linalg.norm(mean - means[n]) for mean in found]))]
            regions[mask] = near[0] + 1
    colours = np.ascontiguousarray(painted[..., :3])
    if ink.any() and (regions > 0).any():
        regions, colours = fill_ink(regions, colours, ink)
    colours = spread(colours, regions > 0)
    lines = skeletonize(ink) if ink.any() else ink
    return crop(Drawing(colours, regions.astype(np.uint8), lines))


def is_thin(mask: NDArray[np.bool_]) -> bool:
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)
    return bool(depth.max() <= PEN) and int(mask.sum()) > 40


def fill_ink(
    regions: NDArray[np.int32], colours: NDArray[np.uint8], ink: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Give each pixel of a pen line the region and the colour of the nearest pixel that is none."""
    source = nearest_of(~ink)
    return regions.ravel()[source].reshape(regions.shape), colours.reshape(-1, 3)[source].reshape(colours.shape)


def spread(colours: NDArray[np.uint8], drawn: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Let the colours of what is drawn run on outside, so that a smooth rim never mixes in another colour."""
    return colours if not drawn.any() else colours.reshape(-1, 3)[nearest_of(drawn)].reshape(colours.shape)


def nearest_of(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each pixel the flat place of the nearest known one."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    where = np.zeros(nearest.max() + 1, np.int64)
    where[nearest[known]] = np.flatnonzero(known)
    return np.asarray(where[nearest], np.int64)


def crop(drawing: Drawing) -> Drawing:
    """Fit what is drawn into the square, with a rim of 3 px."""
    rows, columns = np.nonzero(drawing.regions)
    if not len(rows):
        return drawing
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    scale = (SIDE - 6) / max(bottom - top, right - left)
    move = np.array(
        [[scale, 0, SIDE / 2 - scale * (left + right) / 2], [0, scale, SIDE / 2 - scale * (top + bottom) / 2]]
    )
    size = (SIDE, SIDE)
    edge = cv2.BORDER_REPLICATE
    return Drawing(
        cv2.warpAffine(drawing.colours, move, size, flags=cv2.INTER_LINEAR, borderMode=edge),
        cv2.warpAffine(drawing.regions, move, size, flags=cv2.INTER_NEAREST),
        cv2.warpAffine(drawing.ink.astype(np.uint8), move, size, flags=cv2.INTER_NEAREST) > 0,
    )
