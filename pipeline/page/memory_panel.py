"""Plan what fits into this machine's memory, before anything is loaded."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import gradio as gr

from pipeline.controls import BATCH, expect_number
from pipeline.machine.comparison import Comparison, compare_with_measurement
from pipeline.machine.figures import read_figures
from pipeline.machine.memory import measure_free_memory
from pipeline.machine.plan import (
    MODE_MEANINGS,
    MemoryPlan,
    choose_mode,
    format_gigabytes,
    list_modes,
    plan_memory,
    select_free_memory,
)
from pipeline.models.catalog import PROFILES, SD15, find_profile
from pipeline.page.memory_need import MemoryNeed, find_numbers, name_numbers, read_need
from pipeline.page.page_need import read_page_need
from pipeline.page.page_order import SETTINGS
from pipeline.request.order import parse_size
from pipeline.request.presets import get_menu
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio
from pipeline.values import GenerationResult

COUNTED = "What is chosen on the page is counted: readings, LoRAs, quick steps, the style, a picture to start from."
UNCOUNTED = "What is chosen on the page is for the engine that draws, and not counted here."


def plan_memory_modes(
    engine: object,
    width: object,
    height: object,
    count: object,
    device: str = "auto",
    dtype: str = "auto",
    need: MemoryNeed = MemoryNeed(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """Plan a picture in each memory mode on this machine as it is now, and compare the plans with measurements.

    `need` says what the picture loads beside the usual networks. Returns the modes' plans, which mode would be chosen,
    and how near plans came to measured runs. All sizes are in bytes. Raises SettingError for what the engine does not
    draw.
    """
    from pipeline.machine.device import choose_device, name_dtype

    profile = find_profile(str(engine)[:40])
    expect_number(BATCH, count)  # pictures are drawn one after the other: several need no more than one
    drawn_on, format_ = choose_device("cpu" if profile.processor_only else device, dtype, any_dtype=profile.any_dtype)
    place, numbers = drawn_on.type, name_dtype(format_)
    plans = [
        plan_memory(profile, width, height, 1, mode, place, numbers, **asdict(need))  # type: ignore[arg-type]
        for mode in list_modes(profile, place)
    ]
    free = measure_free_memory(place)
    choice = choose_mode(profile, free, place, dtype=numbers)
    return {
        "engine": profile.name,
        "width": width,
        "height": height,
        "count": count,
        "device": place,
        "dtype": numbers,
        "free": {"gpu": free.gpu, "main": free.main},
        "chosen": {"mode": choice.mode, "why": choice.why},
        "modes": [
            _describe_plan(plan, plan.fits(select_free_memory(plan, free)) and plan.main_memory <= free.main)
            for plan in plans
        ],
        "measurements": [
            _describe_comparison(compare_with_measurement(SD15, row)) for row in read_figures()["measurements"]
        ],
    }


def describe_need(result: GenerationResult, studio: Studio) -> str:
    """Describe what memory a picture needs on this machine, in the mode that would be chosen now: "0.6 GB"."""
    request, settings = result.request, studio.settings
    engine = studio.find_engine()
    need = read_need(result, engine is not None and engine.profile.name == request.engine and engine.fills_parts)
    size, numbers = (request.width, request.height), name_numbers(result.revisions, settings)
    planned = plan_memory_modes(request.engine, *size, 1, settings.device, numbers, need)
    return next(
        format_gigabytes(mode["peak"]) for mode in planned["modes"] if mode["mode"] == planned["chosen"]["mode"]
    )


def _describe_plan(plan: MemoryPlan, fits: bool) -> dict[str, Any]:
    return {
        "mode": plan.mode,
        "meaning": MODE_MEANINGS[plan.mode],
        "drawn_on": plan.device,
        "fits": fits,
        "peak": plan.peak,
        "weights": plan.weights,
        "steps": plan.steps,
        "decode": plan.decode,
        "encode": plan.encode,
        "image_encoder": plan.image_encoder,
        "packed": plan.packed,
        "openvino": plan.openvino,
        "runtime": plan.runtime,
        "main_memory": plan.main_memory,
        "published": plan.published,
    }


def _describe_comparison(comparison: Comparison) -> dict[str, Any]:
    ours, published = comparison.errors
    return {
        **comparison.row,
        "ours": comparison.ours,
        "published": comparison.published,
        "error": round(ours, 3),
        "published_error": round(published, 3),
    }


@dataclass(frozen=True)
class MemoryPanel:
    """MemoryPanel holds what a plan is asked for, its button and its answer."""

    asked: tuple[gr.Dropdown | gr.Slider, ...]  # engine, width, height, count
    ask: gr.Button
    answer: gr.HTML


def lay_memory_panel() -> MemoryPanel:
    """Lay out the planner."""
    gr.HTML("<h3>What fits in memory</h3>", apply_default_css=False)
    with gr.Row():
        engine = gr.Dropdown(
            [(profile.title, name) for name, profile in PROFILES.items()],
            value=SD15.name,
            label="Engine",
            info="It need not be loaded.",
            elem_id="planner-engine",
        )
        width, height = (
            gr.Slider(
                256,
                SD15.max_side,
                512,
                step=64,
                label=f"{name}, px",
                elem_id=f"planner-{name}",
                info="Of the picture.",
            )
            for name in ("Width", "Height")
        )
        count = gr.Slider(
            BATCH.minimum, BATCH.maximum, 1, step=1, label=BATCH.label, info=BATCH.info, elem_id="planner-count"
        )
    ask = gr.Button("See what fits", size="sm", elem_id="planner-ask")
    answer = gr.HTML(apply_default_css=False, elem_id="planner-answer")
    return MemoryPanel((engine, width, height, count), ask, answer)


def wire_memory_panel(
    studio: Studio, panel: MemoryPanel, canvas: gr.HTML, inputs: list[Any], **event_options: Any
) -> None:
    """Let the button plan with what is chosen on the page, whose `inputs` come in the order of SETTINGS."""
    plan = partial(answer_plan, studio)
    panel.ask.click(plan, [*panel.asked, canvas, *inputs], panel.answer, **event_options)


def answer_plan(
    studio: Studio, engine: object, width: object, height: object, count: object, canvas: str, *inputs: Any
) -> str:
    """Return a plan as HTML, or why there is none."""
    try:
        is_running = engine == studio.profile.name
        need = MemoryNeed()
        if is_running:
            profile, settings = studio.profile, dict(zip(SETTINGS, inputs, strict=True))
            need = read_page_need(studio, parse_size(profile, get_menu(profile.name), width, height), settings, canvas)
        numbers, is_openvino = find_numbers(studio, engine), studio.settings.compile == "openvino"
        planned = plan_memory_modes(engine, width, height, count, studio.settings.device, numbers, need)
        return f"<p>{COUNTED if is_running else UNCOUNTED}</p>{format_plan(planned, is_openvino=is_openvino)}"
    except Exception as error:
        return f'<p role="alert">{html.escape(explain_error(error))}</p>'


def format_plan(planned: dict[str, Any], *, is_openvino: bool = False) -> str:
    """Format a plan as HTML: a row for each mode, ours beside the published formula, and what the plans are worth.

    `is_openvino` says whether Croquis was started to draw by OpenVINO.
    """
    free = planned["free"]
    here = f"{format_gigabytes(free['main'])} of main memory are free"
    here += (
        f", and {format_gigabytes(free['gpu'])} on the GPU" if free["gpu"] is not None else "; there is no GPU to use"
    )
    rows = "".join(
        f"<tr><td>{html.escape(mode['meaning'])} ({mode['mode']})</td><td>{format_gigabytes(mode['peak'])}</td>"
        f"<td>{format_gigabytes(mode['weights'])}</td><td>{format_gigabytes(mode['published'])}</td>"
        f"<td>{'fits' if mode['fits'] else 'does not fit'}</td></tr>"
        for mode in planned["modes"]
    )
    packed, taken = (max(mode[name] for mode in planned["modes"]) for name in ("packed", "openvino"))
    quicker = (
        f"<p>Steps on the processor are quicker where {format_gigabytes(packed)} more are free.</p>" if packed else ""
    )
    if is_openvino and taken:
        more = format_gigabytes(taken)
        quicker = (
            f"<p>OpenVINO draws where {more} more are free, and keeps a second size open where {more} more are.</p>"
        )
    runs = [row for row in planned["measurements"] if row["what"] == "peak"]  # whole runs; the rest are stages of one
    worst, published = (max(abs(row[name]) for row in runs) for name in ("error", "published_error"))
    return (
        f"<p>{here}, beside what is loaded already. Croquis would take: {planned['chosen']['mode']} in "
        f"{planned['dtype']}, {html.escape(planned['chosen']['why'])}.</p><table><thead><tr><th>Mode</th><th>Peak</th>"
        "<th>of it weights</th><th>Published formula</th><th>Here, now</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{quicker}<p>A plan is no promise. Against {len(runs)} runs measured on a "
        f"processor, in 32 bits and in 16, ours was off by {worst:.0%} at most, the published one, "
        f"which reckons in 16, by {published:.0%}.</p>"
    )
