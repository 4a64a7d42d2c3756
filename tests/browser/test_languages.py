"""The page speaks the browser's language: what scripts show, what Gradio shows and what the server tells."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.tools.visible_sentences import ROOT

LOCALES = {"de": "de-AT", "es": "es-MX", "fr": "fr-CA", "ja": "ja-JP", "zh": "zh-CN"}
ENGLISH = re.compile(r"\b(the|of|your|and|is|are|what|with|this|that|it|you|to)\b")
READ_SHOWN = """() => {
  const shown = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode())
    if (!text.parentElement.closest("script, style, .style, footer, #about-words, #bigger"))
      shown.push(text.nodeValue.trim());
  return shown;
}"""  # styles have names of their own, the footer is Gradio's; the last two are put together from parts


def read_catalogue(language: str) -> dict[str, str]:
    return json.loads((ROOT / "assets" / "languages" / f"{language}.json").read_text("utf-8"))


@pytest.mark.parametrize("language", LOCALES)
def test_the_page_speaks_the_browsers_language(open_page: OpenPage, language: str) -> None:
    known = read_catalogue(language)
    page = open_page(locale=LOCALES[language])
    expect(page.locator("#draw")).to_have_text(known["Make the picture"])
    expect(page.get_by_role("button", name=known["Marker"], exact=True)).to_be_visible()
    expect(page.locator("#prompt textarea")).to_have_attribute(
        "placeholder", known["What is it?  A red fox in a neon city"]
    )
    page.locator("#draw").click()
    told = "There is nothing on the paper yet: draw something first, or choose a picture."
    expect(page.get_by_text(known[told]).first).to_be_visible()  # a message in the header


def test_another_language_stays_english(open_page: OpenPage) -> None:
    page = open_page(locale="fi-FI")
    expect(page.locator("#draw")).to_have_text("Make the picture")


def test_nothing_of_the_page_is_left_english(open_page: OpenPage) -> None:
    page = open_page(locale="de-DE")
    page.locator("#examples button").first.click()
    page.wait_for_selector("#picture [data-state=done]")
    assert list_english(page) == []


def list_english(page: Page) -> list[str]:
    """List the texts of the page that have English words in them, those of closed panels included."""
    return [text for text in page.evaluate(READ_SHOWN) if ENGLISH.search(text)]
