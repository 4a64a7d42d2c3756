"""Make the page's look beyond assets/css: Gradio's own theme variables, from the same few colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes.utils.colors import Color
from gradio.themes.utils.fonts import LocalFont
from starlette.routing import BaseRoute

from pipeline.page.components import build_address
from pipeline.page.entrance import make_login_options
from pipeline.page.guard import list_exception_handlers
from pipeline.page.installing import link_app
from pipeline.page.languages import make_translations
from pipeline.page.middlewares import list_middlewares
from pipeline.page.sessions import MOST_SESSIONS, bound_sessions
from pipeline.settings import Settings
from pipeline.studio.callers import Caller

# Red chalk and warm paper: the colours of the croquis, from 50 (light) to 950 (dark).
CHALK = Color(
    "#fbf1ed",
    "#f6e0d8",
    "#efc4b5",
    "#e5a08a",
    "#d97b5f",
    "#c65a3c",
    "#ad4528",
    "#8e3820",
    "#6f2d1b",
    "#532317",
    "#33150d",
    name="chalk",
)
PAPER = Color(
    "#fbf9f5",
    "#f3efe8",
    "#e6e0d5",
    "#cfc7b9",
    "#a39a8b",
    "#766e62",
    "#5a534a",
    "#423d36",
    "#2b2824",
    "#1e1c19",
    "#161412",
    name="paper",
)


def make_theme(assets: Path) -> gr.themes.Base:
    """Make Gradio's theme from the page's two colours and two bundled fonts.

    Its page to log in by loads the theme alone, so what that one looks like comes along.
    """
    # Of Gradio's bundled fonts many hold no Latin letters (Source Sans 3, Lora, every SemiBold); these two do.
    text = LocalFont("Source Sans Pro", weights=(400, 700)), "system-ui", "sans-serif"
    mono = LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"
    theme = gr.themes.Base(
        primary_hue=CHALK,
        secondary_hue=CHALK,
        neutral_hue=PAPER,
        font=text,
        font_mono=mono,
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_weight="600",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_500",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        checkbox_border_color_hover="*neutral_500",
        checkbox_border_color_hover_dark="*neutral_400",
        slider_color="*primary_500",
        slider_color_dark="*primary_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_hover_dark="*neutral_700",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        layout_gap="16px",
    )
    theme.custom_css = (assets / "css" / "login.css").read_text(encoding="utf-8")
    return theme


def link_stylesheets(assets: Path) -> str:
    """Link the files of assets/css. launch()'s own `css` puts a prefix before every selector and loses @media rules."""
    files = sorted((assets.resolve() / "css").glob("*.css"))
    return "".join(f'<link rel="stylesheet" href="{build_address(file)}">' for file in files)


def make_launch_options(
    page: gr.Blocks,
    settings: Settings,
    routes: Sequence[BaseRoute] = (),
    note_answer: Callable[[int], None] = lambda status: None,
    find_key: Callable[[str], str | None] = lambda key: None,
    expect_place: Callable[[Caller], None] = lambda caller: None,
) -> dict[str, Any]:
    """Make the options that launch() takes for this page; `routes` are served beside Gradio's own, and `note_answer` is
    called with the status of each answer, `find_key` returns the name of an API key, `expect_place` raises LineFull
    where a caller's picture would not be admitted.

    run_history is off: it would keep people's words in their browser unasked. _frontend only asks the page for itself
    after the start, and ends the program where a busy machine needs over 3 s for it.
    """
    assets = settings.assets
    return {
        "theme": make_theme(assets),
        "head": link_stylesheets(assets) + link_app(),
        "i18n": make_translations(page, assets),
        "favicon_path": assets / "favicon.svg",
        "footer_links": [],
        "quiet": True,  # Gradio's hint at a public link, which we do not offer; announce_host() tells the address
        "run_history": False,
        "show_error": False,
        "max_file_size": "20mb",
        "ssr_mode": False,
        "app_kwargs": {
            "exception_handlers": list_exception_handlers(),
            "routes": list(routes),
            "lifespan": bound_sessions,
            "middleware": list_middlewares(settings, routes, note_answer, find_key, expect_place),
        },
        "state_session_capacity": MOST_SESSIONS,
        "share": False,
        "_frontend": False,
        **make_login_options(settings),
    }
