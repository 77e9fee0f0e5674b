"""What a contestant wrote for a contract, as one of the contest's symbols, or a refusal that says what it is instead.

A symbol is matched whole after capitals and separators are put aside. Nothing is transliterated, corrected or completed into a hit.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from app.agents.codes import Code
from app.agents.findings import ActionRefusedError

QUOTE = "USDT"
OTHER_QUOTES = ("USDC", "USDE", "FDUSD", "BUSD", "TUSD", "DAI", "USD", "EUR", "GBP", "JPY", "KRW", "CNY", "BTC", "ETH", "PERP")
SYMBOL_CHARACTERS_MAX = 40

_ALL = frozenset({"*", "ALL", "ANY", "EVERY", "EVERYTHING", "ALL_POSITIONS", "ALL POSITIONS", "PORTFOLIO", "全部", "所有", "所有持仓"})
_SEPARATORS = re.compile(r"[/_:\- .]")
_VENUE_FORMS = re.compile(r"([A-Z0-9]{1,15})(?:[/_\- ]?USDT)(?::USDT|[-_ ]SWAP|_UMCBL|\.P|[-_ ]PERP)?")
"""ETH/USDT:USDT, ETH-USDT-SWAP, ETHUSDT_UMCBL, ETHUSDT.P: ways in which programs write the same linear perpetual."""

_MULTIPLIED = re.compile(r"(?:10{2,6}|1M|1K)[A-Z]{2,}")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class SymbolRead:
    """The contest's symbol; `code` is None when it was written exactly so."""

    symbol: str
    code: Code | None


def read_symbol(written: object, universe: Collection[str]) -> SymbolRead:
    """Raises ActionRefusedError for anything that is not one of `universe`."""
    if written is None or written == "":
        raise ActionRefusedError(Code.MISSING_SYMBOL, "an action needs a symbol", "symbol")
    if not isinstance(written, str):
        raise ActionRefusedError(Code.WRONG_TYPE, "symbol must be a text", "symbol", written)
    if written in universe:
        return SymbolRead(written, None)
    capitals = written[:SYMBOL_CHARACTERS_MAX].upper() if written.isascii() else written
    if capitals.strip() in _ALL:
        raise ActionRefusedError(Code.WILDCARD, "one action names one symbol; there is no word for all of them", "symbol", written)
    found = _matched(capitals, universe) if written.isascii() and len(written) <= SYMBOL_CHARACTERS_MAX else None
    if found is None:
        code, why = _what_it_is(written, capitals)
        raise ActionRefusedError(code, f"{why}; symbols: {', '.join(universe)}", "symbol", written)
    return found


def _matched(capitals: str, universe: Collection[str]) -> SymbolRead | None:
    if capitals in universe:
        return SymbolRead(capitals, Code.SYMBOL_CASE)
    if f"{capitals}{QUOTE}" in universe:
        return SymbolRead(f"{capitals}{QUOTE}", Code.BASE_ONLY)
    form = _VENUE_FORMS.fullmatch(capitals)
    if form is not None and f"{form[1]}{QUOTE}" in universe:
        return SymbolRead(f"{form[1]}{QUOTE}", Code.CCXT_SYMBOL)
    return None


def _what_it_is(written: str, capitals: str) -> tuple[Code, str]:
    if not written.isascii() and not _IDEOGRAPH.search(written):
        return Code.HOMOGLYPH, "the symbol has letters that only look like Latin ones, or invisible ones"
    bare = _SEPARATORS.sub("", capitals)
    if _MULTIPLIED.match(bare):
        return Code.MULTIPLIER_SYMBOL, "a contract of many coins is another contract with another price"
    if not bare.endswith(QUOTE) and any(bare.endswith(quote) and bare != quote for quote in OTHER_QUOTES):
        return Code.WRONG_QUOTE, f"only {QUOTE} contracts are traded here"
    return Code.UNKNOWN_SYMBOL, "that symbol is not traded here"
