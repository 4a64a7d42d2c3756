"""Read the settings, where things lie and which engine runs, once: from CROQUIS_*, then the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from platformdirs import user_data_path

from pipeline.errors import SettingError
from pipeline.kept_files import expect_place, is_url
from pipeline.setting_checks import (
    PREFIX,
    expect_amount,
    expect_choice,
    expect_contact,
    expect_count,
    expect_folder,
    expect_host_names,
    expect_login,
    expect_origins,
    expect_proxies,
    expect_safetensors,
)

ProfileChoice = Literal["auto", "pocket", "sd15"]
DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]
DtypeChoice = Literal["auto", "float32", "bfloat16", "float16"]
MemoryChoice = Literal["auto", "full", "fp8", "streamed", "cpu"]
SafetyChoice = Literal["on", "off"]
AttentionChoice = Literal["auto", "sdpa", "xformers"]
PreviewChoice = Literal["linear", "small"]
CompileChoice = Literal["off", "on", "openvino"]
HostsChoice = Literal["local", "anyone", "nobody"]
HistoryChoice = Literal["auto", "on", "off", "ask"]
HistoryApiChoice = Literal["off", "on"]
TeachingChoice = Literal["auto", "on", "off"]
SharingChoice = Literal["auto", "on", "off"]
MetricsChoice = Literal["auto", "on", "off"]
AuditChoice = Literal["off", "on"]
LoginChoice = Literal["off", "file", "proxy"]
LogChoice = Literal["text", "json"]

ROOT = Path(__file__).resolve().parents[1]
COUNTS = {  # name -> the most it takes; the least is 1
    "history_pictures": 1_000_000,
    "history_megabytes": 10_000_000,
    "history_megabytes_each": 10_000_000,
    "history_days": 100_000,
    "waiting": 1_000,
    "waiting_each": 1_000,
    "workers_least": 1_000,
    "workers_most": 1_000,
    "queue_up": 100_000,
    "queue_down": 100_000,
    "queue_down_seconds": 86_400,
    "job_seconds": 86_400,
    "draw_replicas": 100,
    "uploads": 10_000_000,
    "uploads_each": 1_000_000,
}
AMOUNTS = {
    "price": 1_000_000.0,
    "worker_gpus": 8.0,
    "results": 1_000_000.0,
}  # name -> the most it takes; the least is 0
AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
AS_WRITTEN = ("database", "pictures", "contact")  # URLs: capital letters count
FOLDERS = ("sd15", "models", "assets", "styles", "user_dir", "outputs", "c2pa")
DESCRIPTION = "Serve Croquis: from a drawing to a picture."
COMMANDS = (
    "`python app.py draw --help` draws from the command line, `python app.py teach --help` teaches a style, "
    "`python app.py mcp --help` serves agents, `python app.py access --help` says who may come in."
)
MEANINGS = {
    "profile": "which engine draws: auto takes sd15 where a GPU and its weights are there, else pocket",
    "device": "where it runs: auto takes CUDA, then MPS, then the processor",
    "dtype": "numbers that sd15 computes in: auto takes float16 on CUDA, bfloat16 on a processor quick in it, float32",
    "memory": "how sparingly it keeps its weights: auto takes the quickest of full, fp8, streamed and cpu that fits",
    "safety": "whether sd15's pictures pass its safety checker before anyone sees them, and the pocket model looks at "
    "photographs before it draws from them: on or off",
    "sd15": "folder with Stable Diffusion 1.5's files in place of the Hub's (base/, controlnet/, ip_adapter/), or a "
    ".safetensors checkpoint of a model tuned from it",
    "models": "folder of models, LoRAs, textual inversions, VAEs and ControlNets of your own, as A1111, ComfyUI or "
    "InvokeAI lay them out",
    "attention": "kernels of the attention: auto the quickest known here, sdpa torch's own, xformers where it runs",
    "previews": "how steps are shown: linear costs nothing, small paints them with TAESD where the engine has it",
    "compile": "on compiles the networks at the start, for minutes: each step is quicker then; openvino by OpenVINO",
    "hosts": "who may fetch models and change the engine from the page: local is who opens the link that "
    "the terminal prints, anyone every visitor, nobody none",
    "history": "which pictures are kept in the history: on all, off none, ask those of visitors who say so; auto is on "
    "for who opens the page on the machine that runs it, and ask for everybody else and on a Space",
    "history_api": "on keeps what the host draws through the API in the history, too",
    "history_pictures": "pictures kept of each visitor; then the oldest without a star go",
    "history_megabytes": "megabytes kept of all visitors together; then the oldest without a star go",
    "history_megabytes_each": "megabytes kept of each visitor; then the oldest without a star go",
    "history_days": "days that pictures, ended jobs and the audit are kept; then they go, with a star too",
    "database": "URL of a PostgreSQL (postgresql+psycopg://...) in place of the history's own SQLite",
    "pictures": "folder of the history's pictures, or the URL of a store as s3://bucket/prefix, which holds the "
    "added styles, too; unset, in user_dir",
    "audit": "on writes down in the database when, who as a salted hash, which request by its hash, verdict, seconds",
    "waiting": "calls that may draw or wait for it at once; who comes then is told when to try again",
    "waiting_each": "calls of one visitor that may draw or wait for it at once",
    "rate": "pictures that one address may ask for in a time, such as 30/minute or 200/hour; off counts none",
    "results": "megabytes of memory for pictures that are asked for again with all the same, seed too; 0 keeps none",
    "trusted_hosts": "names, with commas between them, by which visitors reach Croquis through a proxy, beside its own",
    "origins": "other sites, as https://a.example,https://b.example, whose pages may call /v1 and Gradio's endpoints",
    "proxies": "addresses or networks, with commas between them, of the proxies that visitors come through, whose "
    "X-Forwarded-For is believed; unset, only this machine's own, on a Space every private address",
    "login": "who may come in: off everybody, file who is in the file that `python app.py access` writes, proxy whom a "
    "trusted proxy names; a program sends an API key in each case",
    "login_header": "header in which a proxy says who a visitor is; it has to remove it from what visitors send",
    "uploads": "megabytes of files that visitors sent which may lie on the disk at once; they go after a day",
    "uploads_each": "megabytes of files that a visitor may send in an hour",
    "teaching": "who may teach a style by pictures: auto is who opens the page on the machine that runs it and nobody "
    "on a Space, on everybody, off nobody",
    "sharing": "who adds styles for everybody, and changes their own of them: auto is who opens the page on the "
    "machine that runs it, on everybody, off nobody; a style that somebody else adds is their own",
    "contact": "e-mail address or https:// page by which visitors reach the host; shown where they report a picture",
    "metrics": "who may read /metrics: auto is who sits at the machine that runs it or sends the host's token, on "
    "everybody, off nobody",
    "price": "what the machine costs in an hour, in any currency, for the cost of a picture in /metrics; 0 counts none",
    "log": "json writes a line for each picture on standard error, without its words; text writes none",
    "workers_least": "workers that draw in a cluster (`python -m pipeline.serve`), when few pictures wait",
    "workers_most": "workers that draw in a cluster, when many wait",
    "queue_up": "waiting pictures above which a cluster gets more workers",
    "queue_down": "waiting pictures below which it gives workers back",
    "queue_down_seconds": "seconds that fewer have to wait before it does",
    "job_seconds": "seconds that a worker of a cluster has to begin a picture, and as many to draw it",
    "worker_gpus": "GPUs, or a part of one, that each worker of a cluster has for sd15",
    "draw_replicas": "processes of a cluster that answer /v1/draw",
    "assets": "folder with the pocket model and the page's files",
    "styles": "folder of the styles that come with Croquis",
    "user_dir": "folder for styles you add, for the history and for caches; it is made when missing",
    "c2pa": "folder of certificates.pem and key.pem, by which picture files are signed (C2PA); unset, none is",
    "outputs": "folder that keeps every picture; without it, only the latest are kept, in a temporary folder",
}


@dataclass(frozen=True)
class Settings:
    """All that may differ from one machine to the next. Host and port are Gradio's own GRADIO_SERVER_NAME and _PORT."""

    profile: ProfileChoice = "auto"
    device: DeviceChoice = "auto"
    dtype: DtypeChoice = "auto"
    memory: MemoryChoice = "auto"
    safety: SafetyChoice = "on"
    sd15: Path | None = None  # None: the Hub's cache, filled on request
    models: Path | None = None  # None: only those below user_dir
    attention: AttentionChoice = "auto"
    previews: PreviewChoice = "linear"
    compile: CompileChoice = "off"
    hosts: HostsChoice = "local"
    history: HistoryChoice = "auto"
    history_api: HistoryApiChoice = "off"
    history_pictures: int = 10_000
    history_megabytes: int = 10_000
    history_megabytes_each: int = 10_000
    history_days: int = 100_000
    database: str = ""  # "": SQLite in user_dir
    pictures: str = ""  # "": in user_dir
    audit: AuditChoice = "off"
    waiting: int = 64
    waiting_each: int = 16
    rate: str = "off"
    results: float = 0.0  # MB; 0: every picture is drawn
    trusted_hosts: str = ""  # names that Croquis has elsewhere, with commas between them
    origins: str = ""  # of other sites, with commas between them
    proxies: str = ""  # "": uvicorn believes this machine's own; on a Space its front
    login: LoginChoice = "off"
    login_header: str = "x-remote-user"
    uploads: int = 10_000
    uploads_each: int = 2_000
    teaching: TeachingChoice = "auto"
    sharing: SharingChoice = "auto"
    contact: str = ""  # "": the host gives none
    metrics: MetricsChoice = "auto"
    price: float = 0.0  # of the machine in an hour, in the host's currency; 0: unset
    log: LogChoice = "text"
    workers_least: int = 5
    workers_most: int = 50
    queue_up: int = 50
    queue_down: int = 10
    queue_down_seconds: int = 300
    job_seconds: int = 60
    worker_gpus: float = 1.0
    draw_replicas: int = 2
    assets: Path = ROOT / "assets"
    styles: Path = ROOT / "styles"
    user_dir: Path = field(default_factory=lambda: user_data_path("croquis", appauthor=False))
    c2pa: Path | None = None  # None: no file is signed
    outputs: Path | None = None  # None: a temporary folder that is emptied as it grows

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(Settings).items():
            if get_origin(kind) is Literal:
                expect_choice(name, getattr(self, name), get_args(kind))
        for name, most in COUNTS.items():
            expect_count(name, getattr(self, name), most)
        for name, limit in AMOUNTS.items():
            expect_amount(name, getattr(self, name), limit)
        expect_host_names("trusted_hosts", self.trusted_hosts)
        expect_origins(self.origins)
        expect_contact(self.contact)
        expect_place(self.pictures)
        expect_proxies(self.proxies)
        expect_login(self.login, self.login_header, self.proxies)
        for name in ("assets", "styles"):
            expect_folder(name, getattr(self, name))
        if self.models is not None:
            expect_folder("models", self.models)
        if self.sd15 is not None:
            (expect_safetensors if self.sd15.is_file() else expect_folder)("sd15", self.sd15)

    @property
    def added_styles(self) -> Path:
        """Folder of the styles that people added; a copy where they lie in a store."""
        return self.caches / "styles" if is_url(self.pictures) else self.user_dir / "styles"

    @property
    def own_models(self) -> tuple[Path, ...]:
        """Folders of a person's own model files; the last one is where taught styles are put."""
        return tuple(folder for folder in (self.models, self.user_dir / "models") if folder is not None)

    @property
    def history_folder(self) -> Path:
        """Folder of the kept pictures and their database."""
        return self.user_dir / "history"

    @property
    def logins_file(self) -> Path:
        """File of those who may log in, with hashes of their passwords."""
        return self.user_dir / "logins"

    @property
    def caches(self) -> Path:
        """Folder of what can be made again: vectors, indices."""
        return self.user_dir / "cache"


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings from CROQUIS_* variables, each overridden by its command line option.

    Raises SettingError that names the variable or option, what it takes and what came. An unknown CROQUIS_*
    variable is an error too: a misspelt one would otherwise be ignored for ever.
    """
    parser = OptionParser(prog="python app.py", description=DESCRIPTION, epilog=COMMANDS, allow_abbrev=False)
    add_setting_options(parser)
    return read_given_settings(parser.parse_args(list(arguments)), environment)


def add_setting_options(parser: argparse._ActionsContainer) -> None:
    """Add an option for each setting to a command line."""
    for name, meaning in MEANINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=f"{meaning} ({PREFIX}{name.upper()})")


def read_given_settings(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Read the settings from the environment and the options of a command line, as read_settings does."""
    given = {name: getattr(options, name) for name in MEANINGS}
    chosen = {name: _convert(name, value) for name, value in given.items() if value is not None}
    return Settings(**(_read_environment(environment) | chosen))


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = {PREFIX + entry.name.upper(): entry.name for entry in fields(Settings)}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    for name in given:
        if name not in known:
            raise SettingError(f"{name} is no setting of Croquis; these are: {', '.join(known)}.")
    return {known[name]: _convert(known[name], value) for name, value in given.items()}


def _convert(name: str, value: str) -> object:
    if name in COUNTS:
        return int(value) if value.strip().isdecimal() and len(value) < 20 else value
    if name in AMOUNTS:
        return float(value) if AMOUNT.fullmatch(value.strip()) else value
    if name in AS_WRITTEN:
        return value.strip()
    if name not in FOLDERS:
        return value.strip().lower()
    if "\0" in value or not value.strip():
        raise SettingError(f"{name} is a folder's path; {value!r} came.")
    path = value.strip()
    if len(path) > 2 and path[0] == path[-1] and path[0] in "\"'":  # copied with the quotes of a shell or of Explorer
        path = path[1:-1]
    return Path(path).expanduser().resolve()


class OptionParser(argparse.ArgumentParser):
    """OptionParser raises our error in place of leaving the program."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise SettingError(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` lists the options.")
