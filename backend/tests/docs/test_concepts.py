"""docs/concepts cannot lie: every number of a worked example is computed again by the engine, and both languages say the same."""

import re
from decimal import Decimal

import pytest

from app.engine.ledger import LedgerAccount, PostingKind
from app.engine.orders import RefusalCode
from app.engine.rules import Rules
from tests.docs.examples import BLOCK, PAGES, agrees, blocks, contest, contracts, pages, parsed, run, title
from tests.engine.markets import instrument

EXAMPLES = [
    pytest.param(text, id=f"{page.name}: {title(text)}") for page in (*pages(), *pages(".zh-CN")) for text in blocks(page, "example")
]
TOPICS = ("fills", "margin", "liquidation", "funding", "intrabar", "ledger")
PLAIN = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?(?: ?%)?(?!\w)")


def numbers(value):
    """Every number in a parsed block."""
    match value:
        case dict():
            return {found for one in value.values() for found in numbers(one)}
        case list():
            return {found for one in value for found in numbers(one)}
        case Decimal():
            return {abs(value)}
        case _:
            return set()


def prose(page):
    """A page with only the titles of its blocks, without code spans, link targets and times of day."""
    text = re.sub(r"```[^\n]*\n([^\n]*)\n.*?```", r"\1", page.read_text(), flags=re.DOTALL)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|\d\d:\d\d(:\d\d)?", "", text)


def said(page):
    """The numbers of a page's prose that can be wrong: with decimals, in percent, or from a hundred on."""
    found = set()
    for text in NUMBER.findall(prose(page)):
        value = Decimal(text.replace(" ", "").rstrip("%"))
        if "%" in text:
            found.add(value / 100)
        elif "." in text or value >= 100:
            found.add(value)
    return found


def sums(page):
    """The sums of a page, `a x b - c = d` in a code span, as (left side, right side)."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    spans = (span for span in re.findall(r"`([^`]*)`", text) if re.fullmatch(r"[\d .%x+\-/()]+ = [\d .-]+", span))
    return [tuple(span.split(" = ")) for span in spans]


def value_of(side):
    """What a side of a sum comes to: x multiplies, % is a hundredth."""
    exact = PLAIN.sub(lambda found: f"Decimal('{found[0].replace(' ', '')}')", side)
    return eval(exact.replace("x", "*").replace("%", "/100"), {"Decimal": Decimal})


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_number_of_an_example_comes_out_of_the_engine(text):
    compared = run(text)
    assert compared, "an example gives something"
    assert [(place, expected, found) for place, expected, found in compared if not agrees(expected, found)] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_has_worked_examples_and_is_on_the_index_of_its_language(topic):
    for ending in ("", ".zh-CN"):
        assert len(blocks(PAGES / f"{topic}{ending}.md", "example")) >= 3
        assert f"({topic}{ending}.md)" in (PAGES / f"README{ending}.md").read_text()


def test_the_examples_play_in_the_contest_and_contract_that_the_index_shows():
    assert contest() == Rules()
    assert contracts()["BTCUSDT"].deductions == instrument().deductions
    assert set(contracts()) == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_chinese_page_holds_the_same_examples_as_the_english_one(page):
    chinese = PAGES / f"{page.stem}.zh-CN.md"
    found, expected = ([(kind, parsed(text)) for kind, text in BLOCK.findall(one.read_text())] for one in (chinese, page))
    assert found == expected


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_both_languages_say_the_same_numbers(page):
    assert said(PAGES / f"{page.stem}.zh-CN.md") == said(page)


@pytest.mark.parametrize("page", [*pages(), *pages(".zh-CN")], ids=lambda page: page.name)
def test_every_sum_on_a_page_adds_up(page):
    assert [(left, right) for left, right in sums(page) if not agrees(value_of(right), value_of(left))] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_number_in_the_text_stands_in_an_example_or_a_sum_of_its_page_or_in_the_terms_of_the_index(topic):
    page = PAGES / f"{topic}.md"
    texts = [text for one in (page, PAGES / "README.md") for _, text in BLOCK.findall(one.read_text())]
    known = {number for text in texts for number in numbers(parsed(text))}
    known |= {Decimal(one.replace(" ", "")) for both in sums(page) for side in both for one in PLAIN.findall(side)}
    assert {number for number in said(page) if not any(agrees(number, one) for one in known)} == set()


@pytest.mark.parametrize("ending", ["", ".zh-CN"])
def test_every_refusal_every_ledger_account_and_every_kind_of_posting_is_explained(ending):
    fills, ledger = ((PAGES / f"{topic}{ending}.md").read_text() for topic in ("fills", "ledger"))
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", fills, re.MULTILINE)) == {code.value for code in RefusalCode}
    assert set(re.findall(r"^\| `([a-z]+)` \|", ledger, re.MULTILINE)) == {one.value for one in LedgerAccount}
    assert set(re.findall(r'kind = "([a-z_]+)"', ledger)) == {kind.value for kind in PostingKind}


@pytest.mark.parametrize("text", EXAMPLES)
def test_one_unit_more_or_less_in_the_last_digit_of_a_number_would_be_noticed(text):
    for _, expected, found in run(text):
        if isinstance(expected, Decimal):
            unit = Decimal(1).scaleb(expected.as_tuple().exponent)
            assert not agrees(expected + unit, found)
            assert not agrees(expected - unit, found)


def test_a_number_that_is_wrong_on_a_page_is_noticed():
    text = blocks(PAGES / "fills.md", "example")[0]
    wrong = text.replace("price = 100_000.65", "price = 100_000.66")
    assert wrong != text
    assert [place for place, expected, found in run(wrong) if not agrees(expected, found)] == ["step 1, price"]
