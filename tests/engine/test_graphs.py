"""OpenVINO's graphs give what torch gives, are kept in a folder, and are made anew where they or the model changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.engine import graph_cache
from pipeline.engine.deep_features import Attended, run_all_layers, run_shallow_layers
from pipeline.engine.diffusers_pipeline import detach_hint_stack
from pipeline.engine.graph_cache import GraphCache, hash_network, list_tensors, measure_folder, write_weights
from pipeline.engine.graph_process import GraphProcess, GraphsFailed, run_converter
from pipeline.engine.network_graphs import list_graph_shapes, list_style_processors
from pipeline.settings import ROOT
from tests.tools.models import Modules, make_sd15_modules

pytestmark = pytest.mark.usefixtures("one_thread")
WORDS, STYLE = 12, 4  # tokens; the graphs were traced with others


@pytest.fixture(scope="module")
def networks() -> Modules:
    made = make_sd15_modules(levels=2, layers=1)
    detach_hint_stack(made.controlnet)
    for each in (made.unet, made.controlnet):
        each.eval().requires_grad_(False)
    return made


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> GraphCache:
    return GraphCache(tmp_path_factory.mktemp("graphs"))


@pytest.fixture(scope="module")
def process(cache: GraphCache) -> Iterator[GraphProcess]:
    cache.folder.mkdir(exist_ok=True)
    process = GraphProcess(cache.folder, 1)
    yield process
    process.close()


def draw_inputs(name: str, network: Any, size: tuple[int, int]) -> list[Tensor]:
    layers = 0 if name == "control" else len(list_style_processors(network))
    shapes = list_graph_shapes(name, network.config, size, WORDS, STYLE, layers)
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@torch.inference_mode()
def compute_by_torch(name: str, network: Any, inputs: list[Tensor]) -> list[Tensor]:
    sample, time_embeds, words, *more = inputs
    if name == "control":
        network.time_embedding.forward = lambda *given: time_embeds
        down, middle = network(
            sample, torch.tensor(0), encoder_hidden_states=words, controlnet_cond=more[0], return_dict=False
        )
        del network.time_embedding.forward
        return [*down, middle]
    style, scales, *more = more
    for processor, scale in zip(list_style_processors(network), scales.tolist(), strict=True):
        processor.scale = [scale]
    states = Attended((words, [style]), None)
    if name == "shallow":
        return [run_shallow_layers(network, sample, time_embeds, states, more[0], more[1:])]
    return [*run_all_layers(network, sample, time_embeds, states, more[:-1], more[-1], names_sizes=True)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["whole", "shallow", "control"])
def test_a_graph_gives_what_torch_gives(name: str, networks: Modules, cache: GraphCache, process: GraphProcess) -> None:
    """At each size, an odd one too, for any numbers: the style's strengths and the residuals are inputs."""
    network, kind = (networks.controlnet, "controlnet") if name == "control" else (networks.unet, "unet")
    folder, _ = cache.provide(network, kind)
    for size in ((8, 8), (9, 12)):
        inputs = draw_inputs(name, network, size)
        process.open("graph", folder / f"{name}.xml", [each.shape for each in inputs], torch.float32)
        for given in (inputs, [each if number < 4 else 0.5 * each for number, each in enumerate(inputs)]):
            found, expected = process.run("graph", given), compute_by_torch(name, network, given)
            for one, other in zip(found, expected, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)
        if name == "whole":
            steered, none = inputs[:5], [None] * len(inputs[5:])
            expected = compute_by_torch(name, network, [*steered, *(0 * each for each in inputs[5:])])
            torch.testing.assert_close(process.run("graph", [*steered, *none])[0], expected[0], rtol=1e-4, atol=2e-5)
        process.drop("graph")


def test_what_openvino_refuses_is_told_and_the_process_lives(process: GraphProcess, tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<net/>")
    with pytest.raises(GraphsFailed, match=r"\w"):
        process.open("bad", tmp_path / "bad.xml", [(1, 2)], torch.float32)
    assert process._process.poll() is None
    assert not list(process._folder.glob("numbers-*")), "no file of numbers stays"


def test_a_process_that_ends_is_told(tmp_path: Path) -> None:
    process = GraphProcess(tmp_path, 1)
    process._process.kill()
    with pytest.raises(GraphsFailed, match="its process ended"):
        process.open("graph", tmp_path / "graph.xml", [(1, 2)], torch.float32)
    process.close()


def test_a_converter_that_fails_is_told_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(GraphsFailed, match="exit code 1: .*network.json"):
        run_converter(tmp_path)


def test_no_conversion_is_reported_to_anybody() -> None:
    code = (
        "from pipeline.engine.graph_conversion import import_openvino\n"
        "import_openvino()\n"
        "from openvino.tools.ovc import convert_impl, telemetry_utils\n"
        "print({each.tm.__name__ for each in (convert_impl, telemetry_utils)})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'openvino.tools.ovc.telemetry_stub'}"


class Converter:
    """Stands for OpenVINO: writes a graph of the weights' size, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, folder: Path) -> None:
        self.count += 1
        (folder / "whole.bin").write_bytes((folder / graph_cache.WEIGHTS).read_bytes())
        (folder / "whole.xml").write_text("<net/>")


def test_graphs_are_kept_and_made_anew_where_a_byte_changed(networks: Modules, tmp_path: Path) -> None:
    convert = Converter()
    cache = GraphCache(tmp_path, convert=convert)
    folder, is_new = cache.provide(networks.unet, "unet")
    assert is_new and sorted(each.name for each in folder.iterdir()) == ["manifest", "whole.bin", "whole.xml"]
    assert GraphCache(tmp_path, convert=convert).provide(networks.unet, "unet") == (folder, False)
    for file in ("whole.bin", "whole.xml", "manifest"):
        written = bytearray((folder / file).read_bytes())
        written[len(written) // 2] ^= 1
        (folder / file).write_bytes(written)
        before = convert.count
        assert cache.provide(networks.unet, "unet") == (folder, True), file
        assert convert.count == before + 1
    (folder / "whole.bin").unlink()
    assert cache.provide(networks.unet, "unet") == (folder, True)


def test_another_weight_is_another_model_and_how_it_lies_in_memory_is_not() -> None:
    unet = make_sd15_modules(levels=2, layers=1).unet.requires_grad_(False)
    before = hash_network(unet, "unet")
    unet.to(memory_format=torch.channels_last)
    assert hash_network(unet, "unet") == before
    unet.conv_out.bias[0] += 1
    assert hash_network(unet, "unet") != before


def test_weights_are_written_as_safetensors_reads_them(networks: Modules, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    tensors = list_tensors(networks.controlnet)
    write_weights(tensors, tmp_path / "weights.safetensors")
    read = load_file(tmp_path / "weights.safetensors")
    assert read.keys() == tensors.keys() and all(torch.equal(read[name], each) for name, each in tensors.items())


def test_what_was_used_longest_ago_goes_and_so_does_what_a_killed_program_left(
    networks: Modules, tmp_path: Path
) -> None:
    cache = GraphCache(tmp_path, convert=Converter())
    first, _ = cache.provide(networks.unet, "unet")
    second, _ = cache.provide(networks.controlnet, "controlnet")
    os.utime(first, (1, 1))
    left, young = tmp_path / "unfinished-old", tmp_path / "unfinished-new"
    for each in (left, young):
        each.mkdir()
    os.utime(left, (1, 1))
    small = GraphCache(tmp_path, limit=measure_folder(second) + 1, convert=Converter())
    assert small.provide(networks.controlnet, "controlnet") == (second, False)
    assert not first.exists() and second.exists() and not left.exists() and young.exists()
