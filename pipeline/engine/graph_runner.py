"""Run OpenVINO's graphs in a process of its own, which may die alone: python -m pipeline.engine.graph_runner.

Each line that comes is a JSON object, and is answered by one. The numbers of a graph lie in a file that both processes
map into memory. The process ends where its input does: with the program that started it.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import openvino

ALIGNMENT = 64  # bytes
Place = tuple[int, list[int], str]  # of a tensor in the file: its first byte, its shape, OpenVINO's name of its numbers


class OpenedGraph:
    """OpenedGraph is a graph that was compiled for shapes, and the file that its numbers lie in."""

    def __init__(self, core: Any, asked: dict[str, Any]) -> None:
        model = core.read_model(asked["graph"])
        shapes = (openvino.PartialShape(shape) for shape in asked["shapes"])
        model.reshape(dict(zip(model.inputs, shapes, strict=True)))
        self._request = core.compile_model(model, "CPU", asked["options"]).create_infer_request()
        ports = [*model.inputs, *model.outputs]
        self.places, size = list[Place](), 0
        for port in ports:
            shape, kind = list(port.shape), port.element_type
            self.places.append((size, shape, kind.get_type_name()))
            size += -(-prod(shape) * kind.size // ALIGNMENT) * ALIGNMENT
        self._tie(Path(asked["numbers"]), size, ports)

    def _tie(self, file: Path, size: int, ports: list[Any]) -> None:
        """Let the inputs and outputs be what lies in the file."""
        with file.open("r+b") as opened:
            opened.truncate(size)
            self._mapped = mmap.mmap(opened.fileno(), size)
        inputs = len(self._request.input_tensors)
        for number, ((first, shape, _), port) in enumerate(zip(self.places, ports, strict=True)):
            kind = port.element_type
            numbers = np.frombuffer(self._mapped, np.uint8, prod(shape) * kind.size, first)
            tensor = openvino.Tensor(numbers.view(np.int16 if kind.size == 2 else np.float32), shape, kind)
            if number < inputs:
                self._request.set_input_tensor(number, tensor)
            else:
                self._request.set_output_tensor(number - inputs, tensor)

    def run(self) -> None:
        """Compute the outputs from the inputs, both where they lie."""
        self._request.infer()


def answer(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Do what each line asks for and yield its answer; an error is an answer, too."""
    core, graphs = openvino.Core(), dict[str, OpenedGraph]()
    for line in lines:
        asked = json.loads(line)
        name = asked["name"]
        try:
            if asked["do"] == "open":
                graphs[name] = OpenedGraph(core, asked)
                yield {"places": graphs[name].places}
            elif asked["do"] == "run":
                graphs[name].run()
                yield {}
            else:
                del graphs[name]
                yield {}
        except Exception as error:  # noqa: BLE001 - OpenVINO's are of many kinds, and all are told
            yield {"error": str(error)}


def main() -> None:
    """Answer on what was the standard output; whatever else is printed goes where errors do."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for each in answer(iter(sys.stdin.readline, "")):
            answers.write(json.dumps(each) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
