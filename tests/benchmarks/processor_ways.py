"""Compute a network in one of several ways: torch, torch's compiler, OpenVINO, ONNX Runtime."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.engine.graph_conversion import import_openvino
from tests.benchmarks.processor_networks import Network

Run = Callable[[], Tensor]  # computes the network's output
Way = Callable[[Network, int], Run]  # a network, and how many threads compute it

NEEDS: Mapping[str, Sequence[str]] = {  # first word of a way -> packages
    "openvino": ("openvino",),
    "nncf": ("openvino", "nncf"),
    "onnxruntime": ("onnxruntime", "onnx", "onnxscript"),
}


def run_by_torch(network: Network, threads: int, *, dtype: torch.dtype = torch.float32, compiled: bool = False) -> Run:
    """Run it as diffusers does, the decoder's memory in channels-last order as the engine has it."""
    module, inputs = network.module, network.inputs
    if dtype != torch.float32:
        module = cast_module(copy.deepcopy(module), dtype)
        inputs = tuple(each.to(dtype) if each.is_floating_point() else each for each in inputs)
    run = torch.compile(module, dynamic=False) if compiled else module

    def compute() -> Tensor:
        with torch.inference_mode():
            output: Tensor = run(*inputs)
        return output

    return compute


def cast_module(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Cast a module without diffusers' own `to`, which warns of what it would keep in float32."""
    return nn.Module.to(module, dtype=dtype)


def run_by_openvino(network: Network, threads: int, *, numbers: str, compressed: bool = False) -> Run:
    """Convert it, compile it for the processor and run it; `compressed` keeps weights in 8 bits."""
    openvino = import_openvino()
    with torch.no_grad():
        converted = openvino.convert_model(network.module, example_input=network.inputs)
    if compressed:
        import nncf

        converted = nncf.compress_weights(converted)
    settings = {"INFERENCE_PRECISION_HINT": numbers, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": "1"}
    request = openvino.Core().compile_model(converted, "CPU", settings).create_infer_request()
    inputs = [each.numpy() for each in network.inputs]
    return lambda: torch.from_numpy(np.array(request.infer(inputs)[0]))


def run_by_onnxruntime(network: Network, threads: int) -> Run:
    """Export it and run it."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with tempfile.TemporaryDirectory(prefix="croquis-processor-") as room:
        file = str(Path(room) / "network.onnx")
        torch.onnx.export(network.module, network.inputs, file, dynamo=True, external_data=True, verbose=False)
        session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
    wanted = [each.name for each in session.get_inputs()]
    given: dict[str, Any] = {
        name: each.numpy() for name, each in zip(wanted, network.inputs, strict=True)
    }  # all inputs are tensors that the output depends on
    return lambda: torch.from_numpy(session.run(None, given)[0])


WAYS: Mapping[str, Way] = {
    "torch float32": run_by_torch,
    "torch bfloat16": partial(run_by_torch, dtype=torch.bfloat16),
    "compiler float32": partial(run_by_torch, compiled=True),
    "compiler bfloat16": partial(run_by_torch, dtype=torch.bfloat16, compiled=True),
    "openvino float32": partial(run_by_openvino, numbers="f32"),
    "openvino bfloat16": partial(run_by_openvino, numbers="bf16"),
    "nncf float32": partial(run_by_openvino, numbers="f32", compressed=True),
    "nncf bfloat16": partial(run_by_openvino, numbers="bf16", compressed=True),
    "onnxruntime float32": run_by_onnxruntime,
}
