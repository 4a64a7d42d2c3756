"""The page speaks the browser's language: what scripts show, what Gradio shows and what the server tells."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.page_states import visit_states
from tests.tools.visible_sentences import ROOT

LOCALES = {"de": "de-AT", "es": "es-MX", "fr": "fr-CA", "ja": "ja-JP", "zh": "zh-CN"}
ENGLISH = re.compile(r"\b(the|of|your|and|is|are|what|with|this|that|it|you|to)\b")
READ_SHOWN = """() => {
  const shown = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode())
    if (!text.parentElement.closest("script, style, footer"))
      shown.push(text.nodeValue.trim());
  return shown;
}"""  # the footer is Gradio's
LIST_TEXTS = """() => {
  const isText = ({ nodeType }) => nodeType === Node.TEXT_NODE;
  const isWords = (node) => node.matches(".all-styles .style, .example, script, style"); // which find what is drawn
  const readNames = (node) =>
    ["title", "aria-label", "alt", "placeholder", "aria-valuetext"].map((name) => node.getAttribute(name) ?? "");
  return [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility() && !isWords(node))
    .flatMap((node) => [...[...node.childNodes].filter(isText).map((text) => text.nodeValue), ...readNames(node)])
    .filter(Boolean);
}"""
HAS_WORDS = re.compile("[A-Za-z][a-z]{2,} [a-z]{2,}").search
OURS = re.compile("a red ball|a red roof, a lemon|a red roof")  # English words are what is drawn


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


def test_no_state_of_the_page_has_english_in_it(open_page: OpenPage) -> None:
    page = open_page(locale=LOCALES["ja"])  # whose own words have no Latin letters
    shown = {name: set(page.evaluate(LIST_TEXTS)) for name in visit_states(page)}
    left = {name: {text for text in texts if HAS_WORDS(OURS.sub("", text))} for name, texts in shown.items()}
    assert not any(left.values()), left


def list_english(page: Page) -> list[str]:
    """List the texts of the page that have English words in them, those of closed panels included."""
    return [text for text in page.evaluate(READ_SHOWN) if ENGLISH.search(text)]
