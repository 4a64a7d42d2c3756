"""Let a person choose whether a picture is drawn small first and then redrawn at its size, and how."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import gradio as gr

from pipeline.controls import HiresFix, list_controls
from pipeline.hires import UPSCALERS, is_drawn_twice
from pipeline.machine.tiles import WINDOWS_FROM
from pipeline.page.components import AnyDropdown
from pipeline.request.hires import write_hires
from pipeline.request.presets import get_menu
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest

WAYS = {"auto": "In two passes where it is large", "once": "In one pass", "twice": "In two passes"}
USUAL = HiresFix(scale=2.0)  # what a person who wants two passes begins with
ONCE = json.dumps({"scale": 1})
WRITE = """(way, scale, strength, num_inference_steps, upscaler) => way === "auto" ? "" : JSON.stringify(
    way === "once" ? { scale: 1 } : { scale, strength, num_inference_steps, upscaler })"""


class HiresChoice(NamedTuple):
    """HiresChoice holds what a person chooses with, and the hidden input that an order takes it from as JSON."""

    way: gr.Radio
    scale: gr.Slider
    strength: gr.Slider
    num_inference_steps: gr.Slider
    upscaler: gr.Dropdown
    written: gr.Textbox

    @property
    def shown(self) -> list[Any]:
        """Return the inputs that a person sees."""
        return list(self[:-1])


def describe_passes(studio: Studio) -> str:
    """Say from which sizes on a picture is drawn otherwise by the engine that runs; "" where it never is."""
    least = get_menu(studio.profile.name).hires_from
    if not least:
        return ""
    return (
        f"Above {least} px a side it is drawn small first, then enlarged and redrawn: so that nothing in it is "
        f"doubled. Above {WINDOWS_FROM} px it is drawn in parts as well. Both take longer."
    )


def lay_hires_choice(studio: Studio) -> HiresChoice:
    """Lay out the choice; what belongs to the second pass is shown where a person asks for one."""
    with gr.Row():
        way = gr.Radio(
            [(label, name) for name, label in WAYS.items()],
            value="auto",
            label="How it is drawn",
            info=describe_passes(studio),
            elem_id="hires",
            visible=bool(get_menu(studio.profile.name).hires_from),
        )
    with gr.Row():
        sliders = {
            each.name: gr.Slider(
                each.minimum,
                each.maximum,
                getattr(USUAL, each.name),
                step=each.step,
                label=each.label,
                info=each.info,
                elem_id=f"hires_{each.name}",
                min_width=240,
                visible=False,
            )
            for each in list_controls(HiresFix)
        }
        upscaler = AnyDropdown(
            list(UPSCALERS),
            value=USUAL.upscaler,
            label="Enlarged by",
            info="waifu2x knows drawings; Latent leaves most to the second pass and wants Redraw above 0.5.",
            elem_id="hires_upscaler",
            visible=False,
        )
    written = gr.Textbox("", visible="hidden", label="hires")
    return HiresChoice(way, upscaler=upscaler, written=written, **sliders)


def wire_hires_choice(studio: Studio, choice: HiresChoice, running: gr.Textbox, **event_options: Any) -> None:
    """Keep what is seen and what an order takes the same, and show the choice where the engine has one.

    What is chosen is written in the browser: the server's answer would come after the next key press.
    """
    gr.on([each.input for each in choice.shown], None, choice.shown, choice.written, js=WRITE, **event_options)
    choice.way.input(
        lambda way: show_second_pass(way == "twice"),
        choice.way,
        choice.shown[1:],
        trigger_mode="always_last",
        **event_options,
    )
    choice.written.change(follow_written, [choice.written, *choice.shown], choice.shown, **event_options)
    running.change(
        lambda: gr.update(visible=bool(get_menu(studio.profile.name).hires_from), info=describe_passes(studio)),
        None,
        choice.way,
        **event_options,
    )


def show_second_pass(is_shown: bool) -> list[Any]:
    """Show or hide what belongs to the second pass."""
    return [gr.update(visible=is_shown)] * (len(HiresChoice._fields) - 2)


def read_choice(written: str) -> tuple[str, HiresFix]:
    """Return the way that is chosen, and its second pass."""
    if not written:
        return "auto", USUAL
    hires = replace(USUAL, **json.loads(written))
    return ("twice", hires) if hires.scale > 1 else ("once", USUAL)


def follow_written(written: str, way: str, *shown: Any) -> list[Any]:
    """Return what the choice shows for what an order takes; unchanged where it shows that, so that no hand is
    disturbed.
    """
    wanted, hires = read_choice(written)
    if wanted == way and (way != "twice" or shown == tuple(asdict(hires).values())):
        return [gr.skip()] * (1 + len(shown))
    return [wanted, *(gr.update(value=value, visible=wanted == "twice") for value in asdict(hires).values())]


def restore_hires(request: GenerationRequest) -> str:
    """Write how a picture was drawn, so that the same size is drawn so again."""
    if is_drawn_twice(request):
        return write_hires(request.hires)
    is_large = max(request.width, request.height) > get_menu(request.engine).hires_from > 0
    return ONCE if is_large and request.start is None else ""
