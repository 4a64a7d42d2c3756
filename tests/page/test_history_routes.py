"""The history's routes: each visitor's own pictures, to our own page alone, told in words where it fails."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.errors import FilesLeft
from pipeline.kept_files import FolderFiles
from pipeline.page.history_routes import MOST_IDS, HistoryDoor
from pipeline.page.visitors import COOKIE, DESK, make_token
from pipeline.picture.png_file import write_picture
from pipeline.settings import Settings
from pipeline.store.facts import gather_facts
from pipeline.store.history import History
from pipeline.store.jobs import DEAD
from pipeline.store.keeper import Keeper
from tests.store.conftest import DrawPicture, draw_picture  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow
Visit = Callable[..., TestClient]
STRANGER = "192.168.1.7"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Any]:
    settings = Settings(user_dir=tmp_path)
    keeper = Keeper(settings, str.title)
    yield SimpleNamespace(settings=settings, keeper=keeper)
    keeper.close()


@pytest.fixture
def visit(studio: Any) -> Visit:
    """Return visit(address, token), a browser at this address, with the cookie of this token."""
    app = Starlette(routes=HistoryDoor(studio).list_routes())

    def start(address: str = "127.0.0.1", token: str = "") -> TestClient:
        cookies = {COOKIE: token} if token else None
        return TestClient(app, base_url="http://127.0.0.1:7860/history", client=(address, 5), cookies=cookies)

    return start


@pytest.fixture
def keep(studio: Any, draw_picture: DrawPicture) -> Callable[..., None]:  # noqa: F811
    """Return keep(seed, words, owner), which keeps a picture."""

    def keep_one(seed: int, words: str = "a house", owner: str = DESK) -> None:
        result = draw_picture(seed, words)
        studio.keeper.keep(write_picture(result), gather_facts(result), owner)
        studio.keeper.flush()

    return keep_one


def list_ids(browser: TestClient, **query: object) -> list[str]:
    answer = browser.get("/pictures", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [picture["id"] for picture in answer.json()["pictures"]]


def test_pictures_are_listed_shown_and_saved(visit: Visit, keep: Callable[..., None]) -> None:
    keep(1, "a red house")
    keep(2, "a blue house")
    browser = visit()
    found = browser.get("/pictures", params={"styles": 1}).json()
    assert [picture["words"] for picture in found["pictures"]] == ["a blue house", "a red house"]
    assert found["total"] == 2 and found["before"] is None
    assert found["styles"] == [{"id": "felt", "name": found["styles"][0]["name"], "count": 2}]
    id = found["pictures"][1]["id"]
    small, whole = browser.get(f"/pictures/{id}.webp"), browser.get(f"/pictures/{id}.png")
    assert small.headers["content-type"] == "image/webp" and whole.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(whole.content)).size == (64, 64)
    for answer in (small, whole):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in answer.headers["cache-control"] and "private" in answer.headers["cache-control"]
    saved = browser.get(f"/pictures/{id}.png", params={"save": 1})
    assert saved.headers["content-disposition"] == f'attachment; filename="croquis-{id[:8]}.png"'
    assert list_ids(browser, words="red") == [id] and list_ids(browser, style="felt", words="green") == []


def test_pages_follow_by_key(visit: Visit, keep: Callable[..., None]) -> None:
    for seed in range(5):
        keep(seed)
    browser = visit()
    first = browser.get("/pictures", params={"count": 3}).json()
    rest = browser.get("/pictures", params={"count": 3, "before": first["before"]}).json()
    assert [picture["seed"] for picture in first["pictures"] + rest["pictures"]] == [4, 3, 2, 1, 0]
    assert rest["before"] is None


def test_stars_deletions_and_undo(visit: Visit, keep: Callable[..., None]) -> None:
    keep(1)
    keep(2)
    browser = visit()
    new, old = list_ids(browser)
    assert browser.post("/favourite", json={"id": old, "favourite": True}).json() == {"favourite": True}
    assert list_ids(browser, favourites=1) == [old]
    assert browser.post("/delete", json={"ids": [new, old]}).json() == {"count": 2}
    assert list_ids(browser) == []
    assert browser.post("/restore", json={"ids": [old]}).json() == {"count": 1}
    assert list_ids(browser) == [old]
    assert browser.post("/forget", json={}).json() == {"count": 2}
    assert browser.post("/restore", json={"ids": [new]}).json() == {"count": 0}


def test_pictures_are_taken_along_as_one_zip(visit: Visit, keep: Callable[..., None]) -> None:
    keep(1, "L'été: a/b\\c")
    keep(2, "a second")
    keep(3, "deleted")
    browser = visit()
    gone, second, first = list_ids(browser)
    browser.post("/delete", json={"ids": [gone]})
    answer = browser.get("/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="croquis-pictures.zip"'
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    one, two = archive.namelist()
    assert one.endswith(f"-L-été-a-b-c-{first[:6]}.png") and two.endswith(f"-a-second-{second[:6]}.png")
    assert archive.read(one) == browser.get(f"/pictures/{first}.png").content
    chosen = zipfile.ZipFile(io.BytesIO(browser.get("/export", params={"ids": second}).content))
    assert chosen.namelist() == [two]


def test_the_zip_is_streamed_picture_by_picture(tmp_path: Path) -> None:
    from pipeline.store.export import Packed, zip_files

    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 100_000)
    hashes = {name: hashlib.sha256(name.encode() * 100_000).hexdigest() for name in "abxc"}
    parts = zip_files(FolderFiles(tmp_path), [Packed(name, name, hashes[name]) for name in "abxc"])
    sizes = [len(part) for part in parts]
    assert len(sizes) == 4 and max(sizes) < 101_000, "more than one picture lay in memory"


def test_the_zip_says_which_pictures_were_changed_on_the_disk(tmp_path: Path) -> None:
    from pipeline.store.export import DAMAGED, Packed, zip_files
    from pipeline.store.history import DAMAGED_PICTURE

    for name in "ab":
        (tmp_path / name).write_bytes(b"picture")
    right, wrong = (hashlib.sha256(each).hexdigest() for each in (b"picture", b"Picture"))
    files = [Packed("a", "a", wrong), Packed("b", "b", right)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zip_files(FolderFiles(tmp_path), files))))
    assert archive.namelist() == ["a", "b", DAMAGED] and archive.read("a") == b"picture"
    assert archive.read(DAMAGED).decode() == f"a: {DAMAGED_PICTURE}\n"


def test_visitors_keep_pictures_once_they_say_so_and_see_their_own_alone(
    visit: Visit, keep: Callable[..., None], studio: Any
) -> None:
    stranger = visit(STRANGER)
    assert stranger.get("/state").json() == {"mode": "ask", "keeps": False, "fault": "", "interrupted": ""}
    assert stranger.get("/pictures").status_code == 404
    given = stranger.post("/consent", json={"keep": True})
    token = given.cookies[COOKIE]
    assert len(token) == 43 and "HttpOnly" in given.headers["set-cookie"]
    assert stranger.get("/state").json()["keeps"] is True and list_ids(stranger) == []
    from pipeline.page.visitors import find_owner

    visitor = SimpleNamespace(headers={"cookie": f"{COOKIE}={token}"}, client=SimpleNamespace(host=STRANGER))
    keep(1, owner=str(find_owner(visitor, studio.settings)))  # type: ignore[arg-type]
    keep(2)
    (id,) = list_ids(stranger)
    (desk,) = list_ids(visit())
    for other, theirs in ((visit(), id), (visit(STRANGER, make_token()), id), (stranger, desk)):
        for address in (f"/pictures/{theirs}.png", f"/pictures/{theirs}.webp"):
            assert other.get(address).status_code == 404
        assert other.post("/favourite", json={"id": theirs, "favourite": True}).status_code == 404
        assert other.post("/delete", json={"ids": [theirs]}).json() == {"count": 0}
        assert zipfile.ZipFile(io.BytesIO(other.get("/export", params={"ids": theirs}).content)).namelist() == []
    taken = stranger.post("/consent", json={"keep": False})
    assert "Max-Age=0" in taken.headers["set-cookie"]
    assert list_ids(visit(STRANGER, token)) == [], "what a visitor wanted kept no longer was kept"
    assert list_ids(visit()) == [desk]


def test_who_wants_nothing_kept_any_more_is_forgotten_where_the_files_cannot_go_yet(
    visit: Visit, studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = visit(STRANGER)
    stranger.post("/consent", json={"keep": True})

    def fail(owner: str) -> int:
        raise FilesLeft

    monkeypatch.setattr(studio.keeper.open(), "forget", fail)
    taken = stranger.post("/consent", json={"keep": False})
    assert taken.status_code == 503 and "could not be deleted yet" in taken.json()["error"]
    assert "Max-Age=0" in taken.headers["set-cookie"]


def test_a_host_that_keeps_everybodys_gives_the_cookie_unasked(visit: Visit, studio: Any) -> None:
    studio.settings = Settings(user_dir=studio.settings.user_dir, history="on")
    stranger = visit(STRANGER)
    assert stranger.get("/state").json() == {"mode": "on", "keeps": True, "fault": "", "interrupted": ""}
    assert list_ids(stranger) == []


def test_where_nothing_is_kept_nothing_can_be_asked_for(visit: Visit, studio: Any, tmp_path: Path) -> None:
    studio.settings = Settings(user_dir=tmp_path, history="off")
    browser = visit()
    assert browser.get("/state").json() == {"mode": "off", "keeps": False, "fault": "", "interrupted": ""}
    assert browser.get("/pictures").status_code == 404 and browser.get("/export").status_code == 404
    assert browser.post("/consent", json={"keep": True}).status_code == 422
    assert list(tmp_path.iterdir()) == [], "a database was made that nobody wants"


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}],
)
def test_other_sites_pages_get_and_change_nothing(
    visit: Visit, keep: Callable[..., None], headers: dict[str, str]
) -> None:
    keep(1)
    browser = visit()
    (id,) = list_ids(browser)
    for path in ("/state", "/pictures", f"/pictures/{id}.png", "/export"):
        assert browser.get(path, headers=headers).status_code == 403
    for path in ("/delete", "/forget", "/consent", "/favourite", "/restore"):
        assert browser.post(path, json={"ids": [id]}, headers=headers).status_code == 403
    form = browser.post("/forget", content="{}", headers={"content-type": "text/plain"})
    assert form.status_code == 403 and list_ids(browser) == [id]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/delete", {"ids": []}),
        ("/delete", {"ids": ["0" * 32] * (MOST_IDS + 1)}),
        ("/delete", {"ids": ["../../etc/passwd"]}),
        ("/delete", {"ids": "a"}),
        ("/favourite", {"id": "0" * 32, "favourite": "yes"}),
        ("/favourite", {"id": "0" * 32}),
        ("/consent", {"keep": 1}),
        ("/restore", []),
        ("/restore", "all"),
    ],
)
def test_what_cannot_be_read_is_told(visit: Visit, path: str, sent: object) -> None:
    answer = visit().post(path, json=sent)
    assert answer.status_code == 422 and answer.json()["error"].startswith("This cannot be read: ")


@pytest.mark.parametrize(
    "query", ["count=0", "count=201", "count=ten", "before=-1", "before=" + "9" * 19, "words=" + "a" * 201]
)
def test_a_search_beyond_its_bounds_is_told(visit: Visit, query: str) -> None:
    answer = visit().get(f"/pictures?{query}")
    assert answer.status_code == 422 and answer.json()["error"].endswith("came.")


def test_too_much_is_not_read(visit: Visit) -> None:
    answer = visit().post("/delete", content=b" " * 100_001, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_database_that_fails_is_told_in_one_sentence(
    visit: Visit, keep: Callable[..., None], studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(1)

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as broken:
        broken.setattr(History, "find", fail)
        answer = visit().get("/pictures")
    assert answer.status_code == 503 and answer.json()["error"].endswith("Drawing goes on.")
    assert visit().get("/state").json()["fault"] == answer.json()["error"]
    assert len(list_ids(visit())) == 1


def test_a_picture_that_was_cut_off_is_told_to_its_visitor_alone(
    visit: Visit, studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as opening:
        opening.setattr(studio.keeper, "find_open", lambda: None)
        assert "interrupted" not in visit().get("/state").json(), "nobody knows before the store is open"
    jobs = studio.keeper.open().jobs
    assert visit().get("/state").json()["interrupted"] == ""
    jobs.accept(DESK, "f" * 32)
    jobs.bury_left(lambda program: True)
    [left] = jobs.list_in(DEAD)
    assert visit().get("/state").json()["interrupted"] == left.made_at.isoformat()
    assert visit(STRANGER, make_token()).get("/state").json()["interrupted"] == ""
