"""The benchmark of ways to compute on the processor, run for real on small modules."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from tests.benchmarks import processor
from tests.benchmarks.processor import measure, read_options
from tests.benchmarks.processor_networks import NETWORKS, make_network
from tests.benchmarks.processor_ways import WAYS, run_by_torch
from tests.benchmarks.report import Row

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = ["--tiny", "--side", "64", "--threads", "1", "--repeats", "1"]


@pytest.fixture(scope="module")
def rows(one_thread: None) -> dict[tuple[str, str], Row]:
    asked = read_options([*SMALL, "--networks", *NETWORKS, "--ways", "torch bfloat16", "openvino float32"])
    return {(row["what"], row["way"]): row for row in measure(asked)}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_is_computed_in_each_way_that_is_here(rows: dict[tuple[str, str], Row], name: str) -> None:
    exact, halves, other = (rows[name, way] for way in ("torch float32", "torch bfloat16", "openvino float32"))
    assert exact["ratio"] == 1 and exact["largest_difference"] == 0 < exact["spread"]
    assert halves["ratio"] == pytest.approx(exact["processor_s"] / halves["processor_s"], abs=0.01)
    assert 0 < halves["largest_difference"] < exact["spread"]
    if importlib.util.find_spec("openvino") is None:
        assert other["missing"] == "openvino"
    else:
        assert other["largest_difference"] < 1e-3 * exact["spread"]


def test_inputs_are_the_same_at_each_start_and_all_of_them_count() -> None:
    one, other = (make_network("outer", 64, 2, True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    output = run_by_torch(one, 1)()
    for number, each in enumerate(one.inputs):
        changed = (*one.inputs[:number], each + 1, *one.inputs[number + 1 :])
        assert not torch.equal(output, run_by_torch(one._replace(inputs=changed), 1)()), number


def test_a_way_that_fails_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(network: object, threads: int) -> object:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(processor, "WAYS", WAYS | {"compiler float32": fail})
    asked = read_options([*SMALL, "--networks", "decoder", "--ways", "compiler float32", "torch bfloat16"])
    first, failed, halves = measure(asked)
    assert "no such instruction" in failed["failed"] and first["ratio"] == 1 and halves["ratio"] > 0
