"""Measure a cluster of this machine: `python -m tests.benchmarks.cluster [visitors] [workers] [--seconds 600]`.

`visitors`: two workers that draw (`python -m pipeline.serve`), a thousand visitors by locust over loopback who think 30
to 120 s, each with an address of their own (X-Forwarded-For), one more who keeps sixteen calls open, and a worker
killed every minute at random; says how the calls ended and how turns went round. `workers`: pictures a second of one
and of two workers with a thread each, and of one and of eight whose engine sleeps as long as a picture took. Each is a
line of JSON, the first also a row for SECURITY.md. It needs requirements-cluster.txt and requirements-bench.txt. Linux
only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from pipeline.engine.remote_engine import RemoteEngine
from pipeline.models.catalog import POCKET
from pipeline.serve.names import DRAW, ENGINES, LINE
from pipeline.settings import ROOT
from pipeline.styles.library import StyleLibrary
from pipeline.values import EdgeMap, GenerationRequest, StyleMix
from tests.benchmarks.cluster_ends import SIXTEEN, Call, summarise, write_row
from tests.tools.cluster_workers import find_replicas
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.requests import make_flat_request
from tests.tools.serving import find_free_port

CLUSTER_WORKERS = 2
SLEEPERS = 8
START_LIMIT = 300  # seconds
LAST_CALLS = 120  # seconds that calls under way have at the end
PARTS = ("visitors", "workers")


def make_request(folder: Path) -> GenerationRequest:
    """Make the request of a picture of 512 x 512 in a style of the library."""
    lines = np.zeros((512, 512), np.uint8)
    lines[100:400:60, 60:450] = lines[60:450, 100:400:60] = 255
    style = StyleLibrary(ROOT / "styles", folder).get("comic")
    return make_flat_request(
        num_inference_steps=6,
        sampler="MaskGIT",
        guidance_scale=2.0,
        ip_adapter_scale=1.0,
        controlnet_conditioning_scale=1.0,
        lines=0.5,
        seed=1,
        engine="pocket",
        prompt="a red fox",
        negative_prompt="",
        edges=EdgeMap(lines, "lines"),
        styles=StyleMix.of(style),
        width=512,
        height=512,
    )


def measure_rate(engine: RemoteEngine, request: GenerationRequest, workers: int, seconds: float) -> float:
    """Return how many pictures a second some workers draw that are never without work."""
    done: list[float] = []
    until = time.monotonic() + seconds

    def draw() -> None:
        while time.monotonic() < until:
            engine.draw(request)
            done.append(time.monotonic())

    began = time.monotonic()
    threads = [threading.Thread(target=draw) for _ in range(2 * workers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return len(done) / (max(done) - began)


def run_rate(folder: Path, make: Callable[[], Any], workers: int, seconds: float) -> float:
    """Run so many workers on the Ray that runs; return their rate, each having drawn before."""
    from pipeline.serve.ray_workers import RayWorkers, count_running
    from tests.tools.cluster_workers import make_cluster_settings, run_workers

    settings, request = make_cluster_settings(folder, workers), make_request(folder)
    with run_workers(settings, make) as handle:
        engine = RemoteEngine(POCKET, RayWorkers(handle, workers), settings.job_seconds, lambda letter: None)
        deadline = time.monotonic() + START_LIMIT
        while count_running(ENGINES) < workers or engine._workers.count() < workers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{workers} workers did not start.")
            time.sleep(0.2)
        measure_rate(engine, request, workers, 1.0)
        return measure_rate(engine, request, workers, seconds)


def measure_workers(folder: Path, seconds: float) -> dict[str, Any]:
    """Return the rates of one and two workers that draw, and of one and eight that sleep as long."""
    import ray

    from pipeline.serve.engine_worker import EngineWorker
    from pipeline.serve.running import join_ray
    from tests.tools.cluster_workers import SleepingWorker

    os.environ["OMP_NUM_THREADS"] = "1"  # a thread a worker
    join_ray(SLEEPERS + 1)
    try:
        drawing = [run_rate(folder, lambda: (EngineWorker,), count, seconds) for count in (1, CLUSTER_WORKERS)]
        service = 1 / drawing[0]
        sleeping = [run_rate(folder, lambda: (SleepingWorker, service), count, seconds) for count in (1, SLEEPERS)]
    finally:
        ray.shutdown()
    return {
        "pictures a second of 1 and 2 workers": [round(each, 2) for each in drawing],
        "two give, times": round(drawing[1] / drawing[0], 2),
        "seconds that sleepers sleep": round(service, 3),
        "pictures a second of 1 and 8 sleepers": [round(each, 2) for each in sleeping],
        "eight give, times": round(sleeping[1] / sleeping[0], 2),
    }


@contextmanager
def run_cluster(folder: Path) -> Iterator[str]:
    """Run `python -m pipeline.serve` with two workers and files of its own; yield its address."""
    port = find_free_port()
    environment = {
        **os.environ,
        **{"CI": "true", "CROQUIS_PROFILE": "pocket", "CROQUIS_USER_DIR": str(folder / "user"), "HF_HUB_OFFLINE": "1"},
        **{"GRADIO_SERVER_PORT": str(find_free_port()), "GRADIO_TEMP_DIR": str(folder / "gradio")},
        "CROQUIS_PROXIES": "127.0.0.1",  # the visitors say by X-Forwarded-For who they are
    }
    counts = [f"--workers-{end}={CLUSTER_WORKERS}" for end in ("least", "most")]
    command = [sys.executable, "-m", "pipeline.serve", "--port", str(port), *counts]
    with (folder / "cluster.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for_cluster(url, process, folder / "cluster.log")
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LAST_CALLS)


def wait_for_cluster(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a picture is drawn."""
    deadline, files = time.monotonic() + START_LIMIT, {"sketch": ("fox.png", encode_png(draw_fox()))}
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.post(f"{url}/v1/draw", files=files, data={"prompt": "a fox"}, timeout=120).status_code == 200:
                return
        time.sleep(1)
    raise RuntimeError(f"The cluster does not draw:\n{log.read_text()[-3000:]}")


def kill_replicas(folder: Path, every: float, over: threading.Event, chance: random.Random) -> int:
    """Kill a worker, a replica of /v1/draw or the line at random every so many seconds until it is `over`; return how
    many it was.
    """
    killed = 0
    while not over.wait(every * chance.uniform(0.5, 1.5)):
        if replicas := find_replicas((ENGINES, DRAW, LINE), "CROQUIS_USER_DIR", str(folder / "user")):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(replicas), signal.SIGKILL)
                killed += 1
    return killed


def measure_visitors(folder: Path, visitors: int, seconds: float, thinking: str, kill_every: float) -> dict[str, Any]:
    """Return how the calls of a crowd ended while workers were killed."""
    (drawing := folder / "drawing.png").write_bytes(encode_png(draw_fox()))
    told = {"CLUSTER_CALLS": str(folder / "calls.json"), "CLUSTER_DRAWING": str(drawing), "CLUSTER_THINKING": thinking}
    over, killed = threading.Event(), list[int]()
    with run_cluster(folder) as url:
        killer = threading.Thread(
            target=lambda: killed.append(kill_replicas(folder, kill_every, over, random.Random(0))), daemon=True
        )
        killer.start()
        command = [
            sys.executable,
            "-m",
            "locust",
            "-f",
            str(ROOT / "tests/benchmarks/cluster_visitors.py"),
            "--headless",
        ]
        command += ["-H", url, "-u", str(visitors + SIXTEEN), "-r", str(max(1.0, visitors / 10)), "-t", f"{seconds:g}s"]
        command += ["--stop-timeout", str(LAST_CALLS), "--exit-code-on-error", "0", "--loglevel", "WARNING"]
        subprocess.run(command, env={**os.environ, **told}, check=True, stdout=subprocess.DEVNULL)
        over.set()
        killer.join()
    calls = [Call(**each) for each in json.loads(Path(told["CLUSTER_CALLS"]).read_text())]
    return {"visitors": visitors, "workers killed": killed[0], **summarise(calls, seconds)}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="all of them where none is named")
    parser.add_argument("--seconds", type=float, default=600.0, help="that visitors come; of a rate a tenth of them")
    parser.add_argument("--visitors", type=int, default=1_000)
    parser.add_argument(
        "--thinking", default="30,120", help="seconds between two pictures of a visitor, least and most"
    )
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds, on the mean")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, parts = Path(name), given.parts or PARTS
        if "visitors" in parts:
            found = measure_visitors(folder, given.visitors, given.seconds, given.thinking, given.kill_every)
            print(json.dumps(found), write_row(found), sep="\n", flush=True)
        if "workers" in parts:
            print(json.dumps(measure_workers(folder, given.seconds / 10)), flush=True)


if __name__ == "__main__":
    main()
