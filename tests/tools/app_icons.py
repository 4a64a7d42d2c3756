"""Render the icons of the installed app from assets/favicon.svg: `python -m tests.tools.app_icons` writes them."""

from __future__ import annotations

import re

import resvg_py

from pipeline.settings import ROOT

FOLDER = ROOT / "assets" / "app"
SAFE = 0.76  # share of a maskable icon's side that the drawing takes: a circle of 80 % is never cut off
SIDES = {  # px; with `maskable` the ground goes to the edges
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-192.png": (192, True),
    "icon-maskable-512.png": (512, True),
    "icon-apple-180.png": (180, True),  # iOS rounds the corners itself
}


def make_svg(maskable: bool) -> str:
    """Return the favicon's SVG, for a maskable icon with its ground to the edges and its line drawn smaller."""
    svg = (ROOT / "assets" / "favicon.svg").read_text(encoding="utf-8")
    if not maskable:
        return svg
    inset = 16 * (1 - SAFE)
    svg = re.sub(r' rx="\d+"', "", svg)
    return svg.replace("<path", f'<g transform="translate({inset} {inset}) scale({SAFE})"><path').replace(
        "</svg>", "</g></svg>"
    )


def render_icon(name: str) -> bytes:
    """Return the bytes of the icon of that name."""
    side, maskable = SIDES[name]
    return bytes(resvg_py.svg_to_bytes(svg_string=make_svg(maskable), width=side, height=side))


if __name__ == "__main__":
    for icon in SIDES:
        (FOLDER / icon).write_bytes(render_icon(icon))
