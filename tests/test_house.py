"""Rules of the house that no other test would notice being broken."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.models.catalog import SD15
from pipeline.settings import ROOT

LINE_LIMIT = 300  # of a Python file, tests included
SIZE_LIMIT = 10_000_000  # bytes; larger files need LFS on a Space
HOMES = {  # heavy library -> the only places that may import it; everything below pipeline/pocket/ is free
    "cv2": {f"pipeline/{room}" for room in ("sketch/", "inking/", "painters/", "colours/", "engine/photographs.py")},
    "hnswlib": {"pipeline/styles/index.py"},
    "onnxruntime": {"pipeline/painters/style_network.py"},
    "sentence_transformers": {"pipeline/styles/encoders.py"},
    "diffusers": {"pipeline/engine/", "pipeline/models/loading.py"},
    "sqlalchemy": {"pipeline/store/"},
    "alembic": {"pipeline/store/"},
    "fsspec": {"pipeline/kept_files.py"},
    "compel": {"pipeline/engine/weighted_prompt.py"},
    "gradio": {"app.py", "pipeline/page/"},
    "gradio_client": {"pipeline/page/"},
    "prometheus_client": {"pipeline/metrics/"},
    "mcp": {"pipeline/commands/mcp_server.py"},
    "opentelemetry": {"pipeline/metrics/spans.py"},
    "c2pa": {"pipeline/picture/signing.py"},
    "ray": {"pipeline/serve/"},
    "openvino": {"pipeline/engine/graph_conversion.py", "pipeline/engine/graph_runner.py"},
}
HEAVY = {*HOMES, "torch", "transformers", "skimage", "sklearn", "accelerate"}
LIGHT = [
    "pipeline",
    "pipeline.values",
    "pipeline.settings",
    "pipeline.request.order",
    "pipeline.studio.studio",
    "pipeline.sketch.intake",
    "pipeline.picture.png_file",
    "pipeline.models.catalog",
    "pipeline.store.keeper",
    "pipeline.styles.library",
    "pipeline.styles.search",
    "pipeline.styles.encoders",
    "pipeline.styles.index",
]
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users|mnt)/\w+")
TEXTS = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".js", ".mjs", ".css", ".json", ".html", ""}
OWN_PYTHON = sorted([*(ROOT / "pipeline").rglob("*.py"), ROOT / "app.py"])


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@cache
def imports(file: Path) -> frozenset[str]:
    """Top names of all imports, those inside functions and under TYPE_CHECKING included."""
    return frozenset(imported(file))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_has_one_home(library: str) -> None:
    def allowed(name: str) -> bool:
        return name.startswith("pipeline/pocket/") or any(
            name == home or (home.endswith("/") and name.startswith(home)) for home in HOMES[library]
        )

    strangers = [
        name
        for file in OWN_PYTHON
        if library in imports(file) and not allowed(name := file.relative_to(ROOT).as_posix())
    ]
    assert strangers == []


def test_the_import_rule_sees_what_it_looks_for() -> None:
    found = {library for file in OWN_PYTHON for library in imports(file)}
    assert set(HOMES) <= found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "allowed"), [(LIGHT, set()), (["app"], {"gradio", "gradio_client"})], ids=["light rooms", "app"]
)
def test_nothing_heavy_at_import(names: list[str], allowed: set[str]) -> None:
    code = f"import sys\nfor name in {names}: __import__(name)\nprint(sorted({HEAVY - allowed} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_path_of_one_machine() -> None:
    found = {
        file.relative_to(ROOT).as_posix(): match.group()
        for file in tracked()
        if file.suffix in TEXTS
        and file.stat().st_size < 2_000_000
        and file.name != "package-lock.json"
        and (match := MACHINE_PATH.search(file.read_text(encoding="utf-8", errors="ignore")))
    }
    assert found == {}


def test_files_are_small_enough_for_a_space() -> None:
    assert {file.name: file.stat().st_size for file in tracked() if file.stat().st_size >= SIZE_LIMIT} == {}


def test_no_python_file_is_over_the_limit_of_lines() -> None:
    files = [file for file in tracked() if file.suffix == ".py"]
    assert {"app.py", "pipeline", "tests"} <= {file.relative_to(ROOT).parts[0] for file in files}
    lines = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: count for name, count in lines.items() if count > LINE_LIMIT} == {}


def test_no_file_of_leftovers() -> None:
    names = {file.stem.lower() for file in OWN_PYTHON}
    assert not names & {"utils", "helpers", "helper", "misc", "common", "manager", "handler"}


def test_model_ids_stand_in_one_file() -> None:
    repos = {part.repo for part in SD15.parts.values() if part.repo}
    for file in OWN_PYTHON:
        if file.name not in ("catalog.py", "controlnets.py", "few_step_parts.py"):
            assert not [repo for repo in repos if repo in file.read_text(encoding="utf-8")], file


def requirements(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([\w.[\]-]+)==(\S+) +# \S.*", line) for line in lines if line and line[0] not in "#-"]
    assert all(pins), f"{name}: every line is `package==version  # reason`"
    return {pin[1]: pin[2] for pin in pins if pin}


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        *(f"requirements-{kind}.txt" for kind in ("test", "mcp", "store", "c2pa", "otel", "openvino")),
    ],
)
def test_pins_are_what_is_tested(name: str) -> None:
    pins = requirements(name)
    assert {package: version(package.partition("[")[0]).partition("+")[0] for package in pins} == pins


@pytest.mark.parametrize("extra", ["mcp", "store", "cluster", "c2pa", "otel", "openvino"])
def test_an_extra_is_its_requirements_file(extra: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert extras[extra] == [f"{name}=={pin}" for name, pin in requirements(f"requirements-{extra}.txt").items()]


def test_torch_comes_first() -> None:
    assert next(iter(requirements("requirements.txt"))) == "torch"


def front_matter() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1]))


def test_a_space_runs_what_is_pinned() -> None:
    space = front_matter()
    assert space["sdk"] == "gradio"
    assert space["sdk_version"] == requirements("requirements.txt")["gradio"]
    assert space["app_file"] == "app.py" and (ROOT / space["app_file"]).is_file()
    assert space["suggested_hardware"] == "t4-small"
    assert space["python_version"] == "3.11"  # a string: YAML reads a bare 3.10 as 3.1
    assert space["license"] == "apache-2.0"
    assert len(space["short_description"]) <= 60


def test_a_space_fetches_the_pinned_files_beforehand() -> None:
    expected = [
        f"{part.repo} {','.join(file.path for file in part.files)} {part.revision}"
        for part in SD15.downloaded_parts.values()
    ]
    assert front_matter()["preload_from_hub"] == expected


def test_readme_tells_the_two_commands_and_files_that_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install -r requirements.txt && python app.py" in readme
    assert (command := "pip install -r requirements-test.txt && python -m tests") in readme
    assert command.partition(" && ")[2] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert links and [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("workflow", ["ci.yml", "sync-to-space.yml"])
def test_workflows_are_readable_and_hold_no_secret(workflow: str) -> None:
    text = (ROOT / ".github" / "workflows" / workflow).read_text(encoding="utf-8")
    read = yaml.safe_load(text)
    assert read["jobs"] and all("timeout-minutes" in job for job in read["jobs"].values())
    assert not re.search(r"hf_\w{10,}", text)
