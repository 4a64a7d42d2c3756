"""What is counted of one studio, and what is written down of a picture."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.controls import Conditioning, Sampling, Shortcuts
from pipeline.errors import LineFull, SketchError
from pipeline.metrics.measurements import Measurements
from pipeline.metrics.picture_log import OWN, WORK, PictureLog, describe_picture, name_preset
from pipeline.models.catalog import POCKET
from pipeline.request.presets import get_menu
from pipeline.settings import Settings
from pipeline.studio.callers import Caller
from pipeline.studio.line import Line

DRAWN: Any = SimpleNamespace(images=("one",), milliseconds={"steps": 7_200.0, "decode": 0.0})


def make_request(**sampling: Any) -> Any:
    return SimpleNamespace(
        engine="pocket",
        width=512,
        height=384,
        prompt="a secret fox",
        sampling=Sampling(**{"num_inference_steps": 20, "guidance_scale": 2.0, "seed": 4242, **sampling}),
        conditioning=Conditioning(ip_adapter_scale=1.0, controlnet_conditioning_scale=1.0),
        shortcuts=Shortcuts(),
    )


def read(measured: Measurements, name: str, **labels: str) -> float | None:
    return measured.registry.get_sample_value(name, labels)


def test_a_picture_is_counted_with_its_stages_and_its_cost() -> None:
    measured = Measurements(Settings(price=2.5))
    assert measured.follow(make_request(), lambda request: DRAWN) is DRAWN
    measured.follow(make_request(), lambda request: DRAWN, gives_way=True)
    measured.note_stages("pocket", {"search": 3_600.0})
    whole = {"engine": "pocket", "gives_way": "false"}
    assert read(measured, "croquis_pictures_total", **whole) == 1
    assert read(measured, "croquis_picture_seconds_count", **whole) == 1
    assert read(measured, "croquis_stage_seconds_sum", engine="pocket", stage="steps") == 14.4
    assert read(measured, "croquis_stage_seconds_bucket", engine="pocket", stage="search", le="5.0") == 1
    assert read(measured, "croquis_cost_total", engine="pocket") == pytest.approx(2.5 * (14.4 + 3.6) / 3600)


def test_two_studios_in_one_process_count_apart() -> None:
    first, second = Measurements(Settings()), Measurements(Settings())
    first.note_answer(413)
    assert read(first, "croquis_http_answers_total", status="413") == 1
    assert read(second, "croquis_http_answers_total", status="413") is None


def test_a_failed_picture_is_none_and_its_error_rises() -> None:
    measured = Measurements(Settings())

    def fail(request: Any) -> Any:
        raise SketchError("blank")

    with pytest.raises(SketchError, match="blank"):
        measured.follow(make_request(), fail)
    assert read(measured, "croquis_pictures_total", engine="pocket", gives_way="false") is None


def test_the_line_counts_refusals_and_errors_by_kind_and_knows_the_oldest_call() -> None:
    now = [100.0]
    measured = Measurements(Settings())
    line = Line(Settings(waiting_each=1), lambda: None, lambda: now[0], measured.note_error)
    caller = Caller("session 1", "192.0.2.1")
    assert line.find_oldest_age() == 0
    with line.join(caller):
        now[0] = 107.0
        with pytest.raises(LineFull):
            line.expect_place(caller)
        with line.join(Caller("session 2", "192.0.2.1")):
            assert line.find_oldest_age() == 7
    assert line.find_oldest_age() == 0
    for error in (SketchError("blank"), ZeroDivisionError()):
        with pytest.raises(type(error)), line.join(caller):
            raise error
    counted = {kind: read(measured, "croquis_errors_total", kind=kind) for kind in ("LineFull", "SketchError")}
    assert counted == {"LineFull": 1, "SketchError": 1}
    assert read(measured, "croquis_errors_total", kind="unexpected") == 1


def test_the_memory_of_a_gpu_is_read_where_torch_uses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 1,
        mem_get_info=lambda device: (3, 10),
        memory_allocated=lambda device: 4,
        memory_reserved=lambda device: 6,
    )
    measured = Measurements(Settings())
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    kinds = {kind: read(measured, "croquis_gpu_memory_bytes", device="0", kind=kind) for kind in ("allocated", "free")}
    assert kinds == {"allocated": 4, "free": 3}
    for unused in (SimpleNamespace(), SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda: False))):
        monkeypatch.setitem(sys.modules, "torch", unused)
        assert read(measured, "croquis_gpu_memory_bytes", device="0", kind="free") is None


def test_a_line_of_the_log_says_what_a_picture_took_and_no_word_of_it() -> None:
    stream = io.StringIO()
    told = describe_picture(make_request(), {"search": 12.0, "steps": 7_200.0}, 7.5, "drawn", gives_way=False)
    PictureLog(stream).write(told)
    told = json.loads(stream.getvalue())
    assert stream.getvalue().endswith("}\n") and "secret" not in stream.getvalue() and "4242" not in stream.getvalue()
    assert told.pop("when").endswith("+00:00") and told.pop("preset") and told.pop("steps")
    assert told == {
        **{"event": "picture", "outcome": "drawn", "engine": "pocket", "size": [512, 384], "gives_way": False},
        **{"seconds": 7.5, "stages": {"search": 0.012, "steps": 7.2}},
    }


def test_lines_are_written_where_the_host_wants_them(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(request: Any) -> Any:
        raise SketchError("blank")

    for log, count in (("text", 0), ("json", 2)):
        measured = Measurements(Settings(log=log))  # type: ignore[arg-type]
        measured.follow(make_request(), lambda request: DRAWN, prepared={"search": 5.0})
        with pytest.raises(SketchError):
            measured.follow(make_request(), fail)
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [line["outcome"] for line in lines] == ["drawn", "SketchError"][:count]
        assert [list(line["stages"]) for line in lines] == [["search", "steps", "decode"], []][:count]


def test_a_closed_log_ends_no_picture() -> None:
    (stream := io.StringIO()).close()
    PictureLog(stream).write({"event": "picture"})


def test_a_preset_is_known_by_its_numbers() -> None:
    best = get_menu("pocket").find_preset("best")
    usual = {**POCKET.defaults, **best.numbers}
    request = make_request(sampler=best.sampler)
    request.shortcuts = best.shortcuts
    request.sampling, request.conditioning = (
        replace(group, **{name: value for name, value in usual.items() if name in WORK and hasattr(group, name)})
        for group in (request.sampling, request.conditioning)
    )
    assert name_preset(request) == "best"
    request.sampling = replace(request.sampling, num_inference_steps=49)
    assert name_preset(request) == OWN
