"""Measurements of many processes in one text, and what a worker of a cluster counts."""

from __future__ import annotations

import pickle

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.errors import LineFull, OutOfMemory
from pipeline.metrics.gathered import write_gathered
from pipeline.metrics.measurements import Measurements
from pipeline.metrics.worker_measurements import EncoderMeasurements, LineMeasurements, WorkerMeasurements
from pipeline.settings import Settings
from tests.tools.prometheus_text import find_samples


def test_replicas_are_told_apart_and_each_name_is_one_family() -> None:
    first, second, worker = Measurements(Settings()), Measurements(Settings()), WorkerMeasurements()
    for _ in range(3):
        first.note_answer(200)
    second.note_answer(200)
    with worker.follow("sd15"):
        pass
    with pytest.raises(OutOfMemory), worker.follow("sd15"):
        raise OutOfMemory("too large")
    sent = pickle.loads(pickle.dumps(worker.collect()))  # it comes from another process
    measured = {"draw": [("a", first.collect()), ("b", second.collect())], "engines": [("c", sent)]}
    text = write_gathered(measured).decode()
    assert find_samples(text, "croquis_http_answers_total", application="draw", replica="a", status="200") == [3.0]
    assert find_samples(text, "croquis_http_answers_total", application="draw", replica="b") == [1.0]
    of_worker = {"application": "engines", "replica": "c"}
    assert find_samples(text, "croquis_worker_pictures_total", engine="sd15", **of_worker) == [1.0]
    assert find_samples(text, "croquis_worker_picture_seconds_count", engine="sd15", **of_worker) == [1.0]
    assert find_samples(text, "croquis_worker_errors_total", kind="OutOfMemory", **of_worker) == [1.0]
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names)) and len(find_samples(text, "process_resident_memory_bytes")) == 3


def test_an_encoder_counts_by_what_it_encodes_and_the_line_whom_it_refuses() -> None:
    encoder, line = EncoderMeasurements(), LineMeasurements()
    with encoder.follow("text"):
        pass
    with pytest.raises(OutOfMemory), encoder.follow("image"):
        raise OutOfMemory("too large")
    line.watch("fronts", "Fronts", lambda: 2.0)
    line.note_error(LineFull("Too many people draw at once.", 3))
    sent = pickle.loads(pickle.dumps(line.collect()))
    text = write_gathered({"retrieval": [("a", encoder.collect())], "line": [("b", sent)]}).decode()
    assert find_samples(text, "croquis_encoder_calls_total", application="retrieval", input="text") == [1.0]
    assert find_samples(text, "croquis_encoder_seconds_count", application="retrieval", input="text") == [1.0]
    assert find_samples(text, "croquis_encoder_errors_total", application="retrieval", kind="OutOfMemory") == [1.0]
    assert find_samples(text, "croquis_line_fronts", application="line", replica="b") == [2.0]
    assert find_samples(text, "croquis_line_refusals_total", application="line", kind="LineFull") == [1.0]
