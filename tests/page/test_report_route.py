"""Reports: a visitor's picture and words reach the host, who closes them; nobody fills the disk by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.commands.access import run_access
from pipeline.errors import SettingError
from pipeline.page.report_route import ReportDoor
from pipeline.page.visitors import COOKIE, make_token, read_owner
from pipeline.picture.png_file import write_picture
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from tests.store.conftest import DrawPicture, draw_picture  # noqa: F401 - a fixture

WORDS = "Das ist mein Bild!\nGrüße"


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(Settings(user_dir=tmp_path), str)
    yield keeper
    keeper.close()


@pytest.fixture
def browser(keeper: Keeper, tmp_path: Path) -> TestClient:
    studio = SimpleNamespace(settings=Settings(user_dir=tmp_path), keeper=keeper)
    routes = ReportDoor(studio).list_routes()  # type: ignore[arg-type]
    token = make_token()
    return TestClient(Starlette(routes=routes), client=("192.0.2.7", 5), cookies={COOKIE: token})


def send(
    browser: TestClient, data: bytes, reason: str = "copied", words: str = WORDS, **headers: str
) -> tuple[int, dict]:
    given = {"croquis-reason": reason, "croquis-words": quote(words), **headers}
    answer = browser.post("/report", content=data, headers=given)
    return answer.status_code, answer.json()


def test_the_host_sees_picture_and_words_until_the_report_is_closed(
    browser: TestClient,
    keeper: Keeper,
    tmp_path: Path,
    draw_picture: DrawPicture,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = write_picture(draw_picture(1))
    assert send(browser, data) == (200, {"report": 1}) and send(browser, data, "other", "") == (200, {"report": 2})
    here = {"CROQUIS_USER_DIR": str(tmp_path)}
    assert run_access(["reports"], here) == 0
    newer, older, said = capsys.readouterr().out.splitlines()
    file = Path(older.split("\t")[3])
    assert file.read_bytes() == data and file.stem == hashlib.sha256(data).hexdigest()
    assert older.split("\t")[2] == "copied" and said == "\tDas ist mein Bild! Grüße" and newer.startswith("2\t")
    assert run_access(["close-report", "1"], here) == 0 and file.is_file(), "another report of it is open"
    assert run_access(["close-report", "2"], here) == 0 and not file.exists()
    assert run_access(["close-report", "9"], here) == run_access(["close-report", "x"], here) == 3
    (report, _) = keeper.open().records.list_reports(is_open=False)
    assert "192.0.2.7" not in report.visitor
    owner = read_owner(SimpleNamespace(headers={"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}))  # type: ignore[arg-type]
    keeper.open().forget(owner or "")
    assert keeper.open().records.list_reports(is_open=False) == [], "who deletes everything leaves reports behind"


def test_who_deletes_everything_takes_reported_pictures_along_and_nobody_elses(
    browser: TestClient,
    keeper: Keeper,
    draw_picture: DrawPicture,  # noqa: F811
) -> None:
    own, shared = (write_picture(draw_picture(seed)) for seed in (1, 2))
    for data in (own, shared):
        assert send(browser, data)[0] == 200
    keeper.open().reported.add("another", shared, "other", "")
    owner = read_owner(SimpleNamespace(headers={"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}))  # type: ignore[arg-type]
    keeper.open().forget(owner or "")
    files = [keeper.open().reported.locate(hashlib.sha256(data).hexdigest()) for data in (own, shared)]
    assert [Path(file).exists() for file in files] == [False, True]


def test_what_is_no_report_is_refused_in_words(
    browser: TestClient,
    draw_picture: DrawPicture,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = write_picture(draw_picture(1))
    assert send(browser, b"no picture")[0] == 422
    assert send(browser, data, "because") == (
        422,
        {"error": "A report's reason is one of harmful, person, copied, other; 'because' came."},
    )
    assert send(browser, data, origin="https://other.example")[0] == 403
    monkeypatch.setattr("pipeline.store.reported.MOST_OPEN", 1)
    assert send(browser, data)[0] == 200 and send(browser, data)[0] == 503


def test_ten_in_an_hour_are_taken(browser: TestClient) -> None:
    assert [send(browser, b"")[0] for _ in range(11)] == [422] * 10 + [429]


@pytest.mark.parametrize(
    ("contact", "link"),
    [("host@school.example", "mailto:host@school.example"), ("https://a.example/c?d=1", "https://a.example/c?d=1")],
)
def test_the_host_is_reached_as_the_host_says(keeper: Keeper, tmp_path: Path, contact: str, link: str) -> None:
    studio = SimpleNamespace(settings=Settings(user_dir=tmp_path, contact=contact), keeper=keeper)
    browser = TestClient(Starlette(routes=ReportDoor(studio).list_routes()))  # type: ignore[arg-type]
    assert browser.get("/report").json() == {"contact": link}
    contacts, expires = browser.get("/.well-known/security.txt").text.splitlines()
    assert contacts == f"Contact: {link}" and expires.startswith("Expires: 20")


def test_nobody_is_invented_as_a_contact(browser: TestClient) -> None:
    assert browser.get("/report").json() == {"contact": ""}
    assert browser.get("/.well-known/security.txt").status_code == 404
    for wrong in ("javascript:alert(1)", "http://a.example", "host", "a@b.example\nExpires: 1", "a <b@c.example>"):
        with pytest.raises(SettingError, match="CROQUIS_CONTACT"):
            Settings(contact=wrong)
