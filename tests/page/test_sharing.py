"""A style that a visitor adds is theirs alone, unless the host lets them add for everybody; by page and API alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gradio.context import LocalContext
from PIL import Image

from pipeline.errors import SettingError, StyleError
from pipeline.page.host import may_share_styles
from pipeline.page.lent_styles import LentShelf
from pipeline.page.sharing import COOKIE, NOT_SHARED, NOT_YOURS, add_style, expect_sharing, forget_styles, remove_style
from pipeline.page.style_shelf import Shelf
from pipeline.page.visitors import make_token
from pipeline.settings import Settings
from pipeline.studio.studio import Studio
from pipeline.styles.style_file import write_style_file
from tests.tools.drawings import encode_image

pytestmark = pytest.mark.slow
FAR = SimpleNamespace(client=SimpleNamespace(host="203.0.113.9"), headers={})
ON_A_SPACE = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={"x-forwarded-for": "203.0.113.9"})
HERE = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={"host": "127.0.0.1:7860"})
PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (6, 6, 3), np.uint8)).resize((200, 200))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(Settings(profile="pocket", user_dir=tmp_path))
    made.keeper.start()
    return made


@pytest.fixture(params=[FAR, ON_A_SPACE])
def visitor(request: pytest.FixtureRequest) -> Iterator[Any]:
    token = LocalContext.request.set(request.param)
    yield request.param
    LocalContext.request.reset(token)


def ask(studio: Studio, action: str, **data: Any) -> dict[str, Any]:
    shelf = Shelf(studio)
    shelf.list_cards = lambda: []  # type: ignore[method-assign]
    return dict(shelf.answer(SimpleNamespace(action=action, call=7, **data))[1])  # type: ignore[arg-type]


def test_who_shares_is_for_the_host_to_say() -> None:
    for setting, shares in (("auto", (False, False, True)), ("on", (True,) * 3), ("off", (False,) * 3)):
        said = tuple(may_share_styles(each, Settings(sharing=setting)) for each in (FAR, ON_A_SPACE, HERE))  # type: ignore[arg-type]
        assert said == shares
    with pytest.raises(SettingError, match="CROQUIS_SHARING"):
        Settings(sharing="some")  # type: ignore[arg-type]


@pytest.mark.usefixtures("visitor")
def test_a_visitors_style_is_in_nobodys_list_and_worn_by_its_id(studio: Studio) -> None:
    before = studio.library.all()
    added = ask(studio, "add", data=base64.b64encode(encode_image(PICTURE, "PNG")).decode(), name="patches.png")
    assert studio.library.all() is before and not studio.settings.added_styles.exists()
    assert studio.find_style(added["id"]).name == "Patches" == added["name"]
    (card,) = ask(studio, "lent", ids=[added["id"]])["cards"]
    assert card["id"] == added["id"]
    assert ask(studio, "colours", id=added["id"])["palette"]
    assert ask(studio, "remove", id=added["id"])["error"] == NOT_YOURS, "nothing tells who this is"
    again = Studio(studio.settings)  # a restart
    assert again.find_style(added["id"]).sha256 == studio.find_style(added["id"]).sha256


@pytest.mark.usefixtures("visitor")
def test_a_visitors_style_file_is_theirs_too(studio: Studio) -> None:
    data = base64.b64encode(write_style_file(studio.library.get("felt"))).decode()
    added = ask(studio, "add", data=data, name="felt.croquis-style")
    assert studio.find_style(added["id"]).name == "Felt" and added["id"] != "felt"
    assert not [style for style in studio.library.all() if not style.builtin]


@contextmanager
def seen_as(token: str) -> Iterator[Any]:
    """Answer a visitor from far away, whose browser has this token."""
    visitor = SimpleNamespace(client=FAR.client, headers={"cookie": f"{COOKIE}={token}"})
    answered = LocalContext.request.set(visitor)  # type: ignore[arg-type]
    try:
        yield visitor
    finally:
        LocalContext.request.reset(answered)


def test_a_style_of_ones_own_is_taken_away_by_who_added_it(studio: Studio) -> None:
    mine, yours = make_token(), make_token()
    data = base64.b64encode(encode_image(PICTURE, "PNG")).decode()
    with seen_as(mine):
        id = ask(studio, "add", data=data, name="patches.png")["id"]
        assert ask(studio, "lent", ids=[id])["cards"][0]["mine"]
    with seen_as(yours):
        assert not ask(studio, "lent", ids=[id])["cards"][0]["mine"]
        assert ask(studio, "remove", id=id)["error"] == NOT_YOURS
        assert ask(studio, "add", data=data, name="patches.png")["id"] == id, "the same picture, the same style"
    with seen_as(mine):
        assert ask(studio, "remove", id=id) == {"call": 7, "id": id}
        assert ask(studio, "remove", id=id)["error"] == NOT_YOURS
    assert studio.find_style(id).name == "Patches", "somebody else added it, too"
    with seen_as(yours):
        remove_style(studio, id)
    for each in (studio, Studio(studio.settings)):
        with pytest.raises(StyleError):
            each.find_style(id)
    with seen_as(mine) as visitor:
        id = ask(studio, "add", data=data, name="patches.png")["id"]
        forget_styles(studio, visitor)
    with pytest.raises(StyleError):
        studio.find_style(id)


def test_the_host_takes_any_style_away(studio: Studio) -> None:
    with seen_as(make_token()):
        id = add_style(studio, PICTURE, "Patches").id
    token = LocalContext.request.set(HERE)  # type: ignore[arg-type]
    try:
        remove_style(studio, id)
    finally:
        LocalContext.request.reset(token)
    with pytest.raises(StyleError):
        studio.find_style(id)


def test_where_all_share_each_changes_their_own(tmp_path: Path) -> None:
    studio = Studio(Settings(profile="pocket", user_dir=tmp_path, sharing="on"))
    studio.keeper.start()
    mine = make_token()
    with seen_as(mine):
        id = add_style(studio, PICTURE, "Patches").id
        assert studio.library.get(id)
    with seen_as(make_token()):
        assert ask(studio, "rename", id=id, name="Yours", words="")["error"] == NOT_YOURS
        assert ask(studio, "remove", id=id)["error"] == NOT_YOURS
        assert not next(card for card in Shelf(studio).list_cards() if card["id"] == id)["mine"]
    with seen_as(mine):
        assert next(card for card in Shelf(studio).list_cards() if card["id"] == id)["mine"]
        assert ask(studio, "rename", id=id, name="Mine", words="")["name"] == "Mine"
        remove_style(studio, id)
    assert not [style for style in studio.library.all() if not style.builtin]


def test_a_visitor_changes_no_style_of_everybodys(studio: Studio) -> None:
    shared = add_style(studio, PICTURE, "Patches")
    token = LocalContext.request.set(FAR)  # type: ignore[arg-type]
    try:
        own = add_style(studio, PICTURE, "Patches")
        assert ask(studio, "rename", id=shared.id, name="Mine", words="")["error"] == NOT_SHARED
        assert ask(studio, "remove", id=shared.id)["error"] == NOT_SHARED
        with pytest.raises(SettingError):
            remove_style(studio, shared.id)
        kept = LentShelf(studio).keep_style(SimpleNamespace(id=own.id), {})  # type: ignore[arg-type]
        assert kept[2]["notices"] == [NOT_SHARED]
        assert LentShelf(studio).keep_style(SimpleNamespace(id=own.id), 7)[2] == kept[2]  # type: ignore[arg-type]
    finally:
        LocalContext.request.reset(token)
    assert [style.name for style in studio.library.all() if not style.builtin] == ["Patches"]


def test_on_ones_own_machine_all_is_as_before(studio: Studio) -> None:
    token = LocalContext.request.set(HERE)  # type: ignore[arg-type]
    try:
        expect_sharing(studio.settings)
        style = add_style(studio, PICTURE, "Patches", "a, b")
        assert studio.library.get(style.id) == style
        remove_style(studio, style.id)
        with pytest.raises(StyleError):
            studio.library.get(style.id)
    finally:
        LocalContext.request.reset(token)
