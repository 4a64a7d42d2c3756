"""Convert a network to OpenVINO's graphs, in a process of its own: python -m pipeline.engine.graph_conversion FOLDER.

The folder has the network's weights and what they are of; the graphs are written beside them. OpenVINO reads the memory
of the weights while it converts, and has crashed on some: here that ends this process alone. It also brings a package
that sends a note on each conversion to Google Analytics; without that package it sends none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from pipeline.engine.network_graphs import build_network, make_graph, name_graphs

WEIGHTS, DESCRIPTION = "weights.safetensors", "network.json"


def import_openvino() -> Any:
    """Import OpenVINO without the package by which it reports."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # as if it was not installed
    import openvino

    return openvino


def convert(folder: Path) -> None:
    """Convert the network in a folder."""
    openvino = import_openvino()
    described = json.loads((folder / DESCRIPTION).read_text("utf-8"))
    network = build_network(described["kind"], described["config"], load_file(folder / WEIGHTS))
    for name in name_graphs(described["kind"]):
        graph = make_graph(name, network)
        with torch.no_grad():
            converted = openvino.convert_model(graph.module, example_input=graph.inputs)
        openvino.save_model(converted, folder / f"{name}.xml", compress_to_fp16=False)


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
