"""Make the page's own components: a gr.HTML each, built in the browser by the module of the same name in assets/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

# Events that a part may raise are named in a comment of the script: gr.HTML offers only those it finds quoted there.
SCRIPT = """
// events: %(events)s
import(new URL(props.script, document.baseURI)).then(({ mount }) =>
  mount("%(name)s", { element, props, trigger, watch })
);
"""
PAGE_EVENT: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}  # every event of the page
SERVED_FOLDERS = ("css", "faithful", "fonts", "languages", "vendor")  # of assets/, beside its scripts


def serve_assets(assets: Path) -> str:
    """Let Gradio serve the page's own files; return the address of the first script, relative to the page."""
    gr.set_static_paths([*assets.glob("*.js"), *(assets / name for name in SERVED_FOLDERS)])
    return build_address(assets / "app.js")


def build_address(file: Path) -> str:
    """Build the address at which the browser finds a file that Gradio may serve, relative to the page."""
    return f"gradio_api/file={file.as_posix()}"


def make_component(
    name: str,
    script: str,
    *,
    value: Any = None,
    events: tuple[str, ...] = (),
    elem_id: str | None = None,
    render: bool = True,
) -> gr.HTML:
    """Make a component whose element, value and `events` belong to mount(name) in assets/app.js.

    With `render` False it stands nowhere until place_component puts it there.
    """
    quoted = ", ".join(f'"{event}"' for event in events)
    return gr.HTML(
        value,
        html_template="",
        js_on_load=SCRIPT % {"name": name, "events": quoted},
        apply_default_css=False,
        elem_id=elem_id or name,
        script=script,
        render=render,
    )


def place_component(component: gr.HTML) -> None:
    """Put a component into the layout here that was made with `render` False."""
    component.render()  # type: ignore[no-untyped-call]


@contextmanager
def lay_fold(elem_id: str, title: str, script: str) -> Iterator[None]:
    """Lay out a panel that opens and closes.

    gr.Accordion does not build what it hides, and the page asks hidden parts.
    """
    with gr.Column(elem_id=elem_id, elem_classes="fold"):
        make_component("fold", script, value=title, elem_id=f"{elem_id}-title")
        with gr.Column(elem_id=f"{elem_id}-body", elem_classes="fold-body"):
            yield


class AnyRadio(gr.Radio):
    """AnyRadio also takes a value that is not among its choices: another engine's, brought back with a picture.

    The order that is made of it says whether the engine offers it.
    """

    is_template = True  # Gradio shows it as what it derives from

    def preprocess(self, payload: Any) -> Any:
        return payload


class AnyDropdown(gr.Dropdown):
    """AnyDropdown also takes a value that is not among its choices, as AnyRadio does."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        return payload
