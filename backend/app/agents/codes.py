"""Every code that reading a reply can give, each with the verdict it leads to and a sentence of what it means. One place for all of them.

Codes that only the exchange gives are the engine's `RefusalCode`; `app.agents.explain` says those in the finer words below.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from app.agents.reading import Verdict

_WHOLE, _ACTION, _REPAIR, _ACCEPT = Verdict.REJECT_WHOLE, Verdict.REJECT_ACTION, Verdict.REPAIR, Verdict.ACCEPT


class Code(StrEnum):
    """A named finding. `verdict` is what it makes of the reply, or of the action it stands beside; `meaning` is one sentence."""

    verdict: Verdict
    meaning: str

    def __new__(cls, value: str, verdict: Verdict, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.verdict = verdict
        member.meaning = meaning
        return member

    # nothing to say
    OK = "OK", _ACCEPT, "read as written"
    OK_EMPTY = "OK_EMPTY", Verdict.ACCEPT_AS_HOLD, "an empty list of actions: nothing to do this round"

    # the reply as a whole can't be read
    TRUNCATED = "TRUNCATED", _WHOLE, "the host stopped at its length limit; a cut reply is never mended, its numbers may be cut"
    THINK_UNCLOSED = "THINK_UNCLOSED", _WHOLE, "the thinking never ended, so there is no answer"
    STREAM_CUT = "STREAM_CUT", _WHOLE, "the line broke before the host said that it had finished"
    CONTENT_FILTER = "CONTENT_FILTER", _WHOLE, "the host's content filter stopped the reply"
    ODD_FINISH = "ODD_FINISH", _WHOLE, "the host ended the reply for a reason that isn't stop or tool_calls"
    BLANK = "BLANK", _WHOLE, "nothing but white space"
    TOO_LONG = "TOO_LONG", _WHOLE, "more than 64 KB"
    DEEP_NESTING = "DEEP_NESTING", _WHOLE, "nested deeper than 8 levels"
    TOO_MANY_PARTS = "TOO_MANY_PARTS", _WHOLE, "far more brackets, strings or commas than a reply can need"
    HTML_BODY = "HTML_BODY", _WHOLE, "an HTML page instead of a reply"
    REFUSAL = "REFUSAL", _WHOLE, "the model declined to answer"
    NOT_JSON = "NOT_JSON", _WHOLE, "no JSON object, and none of the bounded repairs makes one of it"
    THOUSANDS_SEP = "THOUSANDS_SEP", _WHOLE, "a number with a thousands separator, which JSON reads as two values"
    HEX = "HEX", _WHOLE, "a hexadecimal number, which JSON doesn't have"
    MULTIPLE_OBJECTS = "MULTIPLE_OBJECTS", _WHOLE, "more than one object or tool call; neither the first nor the last is taken"
    NULL_DOC = "NULL_DOC", _WHOLE, "null instead of an object"
    SCALAR_DOC = "SCALAR_DOC", _WHOLE, "a bare number, text or truth value instead of an object; nothing inside a text is read as a reply"
    MISSING_ACTIONS = "MISSING_ACTIONS", _WHOLE, "an object without the key actions"
    ACTIONS_NOT_A_LIST = "ACTIONS_NOT_A_LIST", _WHOLE, "the value of actions is not a list"
    FOREIGN_SCHEMA = "FOREIGN_SCHEMA", _WHOLE, "another arena's shape of reply"
    SCHEMA_ECHO = "SCHEMA_ECHO", _WHOLE, "the schema was repeated instead of filled in"
    STALE = "STALE", _WHOLE, "as_of is not the time of the snapshot that was shown: the answer to an earlier round"
    WRONG_TOOL = "WRONG_TOOL", _WHOLE, "a tool that was never declared was called"
    TOOL_ARGS_INVALID = "TOOL_ARGS_INVALID", _WHOLE, "the arguments of the tool call are not JSON"

    # what was around the object
    BOM = "BOM", _REPAIR, "a byte order mark in front was taken off"
    THINK_TAGS = "THINK_TAGS", _REPAIR, "thinking in tags before the answer was set aside"
    FENCED = "FENCED", _REPAIR, "a code fence around the object was taken off"
    PROSE_AROUND = "PROSE_AROUND", _REPAIR, "the one object was taken out of the prose around it"
    TOOL_TEXT = "TOOL_TEXT", _REPAIR, "a tool call that leaked as text was unwrapped"
    BARE_ARRAY = "BARE_ARRAY", _REPAIR, "a bare list of actions was wrapped"
    BARE_ACTION = "BARE_ACTION", _REPAIR, "a single bare action was wrapped"

    # how the object was written
    ZERO_WIDTH = "ZERO_WIDTH", _REPAIR, "invisible characters outside texts were removed"
    FULLWIDTH = "FULLWIDTH", _REPAIR, "full-width punctuation outside texts became plain"
    FULLWIDTH_DIGITS = "FULLWIDTH_DIGITS", _REPAIR, "a number in full-width digits became plain"
    SINGLE_QUOTES = "SINGLE_QUOTES", _REPAIR, "texts in single quotes were put in double quotes"
    UNQUOTED_KEYS = "UNQUOTED_KEYS", _REPAIR, "keys without quotes were quoted"
    COMMENTS = "COMMENTS", _REPAIR, "comments outside texts were removed"
    TRAILING_COMMA = "TRAILING_COMMA", _REPAIR, "a comma before a closing bracket was removed"
    RAW_NEWLINE = "RAW_NEWLINE", _REPAIR, "line breaks or other control characters inside a text were let through"
    PYTHON_LITERALS = "PYTHON_LITERALS", _REPAIR, "None, True or False became null, true or false"

    # texts
    TEXT_CUT = "TEXT_CUT", _REPAIR, "a text longer than 4,000 characters was cut"
    TEXT_DROPPED = "TEXT_DROPPED", _REPAIR, "a field that must be text held something else and was left out"
    TEXT_UNSTORABLE = "TEXT_UNSTORABLE", _REPAIR, "characters that can't be stored (NUL, half of a surrogate pair) were replaced in a text"

    # one action, mended
    ACTION_SYNONYM = "ACTION_SYNONYM", _REPAIR, "another English word for an action, from a closed table"
    ACTION_CHINESE = "ACTION_CHINESE", _REPAIR, "a Chinese word for an action, from a closed table"
    BASE_ONLY = "BASE_ONLY", _REPAIR, "the base coin alone stood for its contract"
    CCXT_SYMBOL = "CCXT_SYMBOL", _REPAIR, "a symbol with separators, as other programs write it"
    SYMBOL_CASE = "SYMBOL_CASE", _REPAIR, "a symbol in other capitals"
    NUMERIC_STRING = "NUMERIC_STRING", _REPAIR, "a plain number in quotes was read as the number"
    LEVERAGE_X = "LEVERAGE_X", _REPAIR, "a leverage written like 5x was read as 5"
    EXCESS_PRECISION = "EXCESS_PRECISION", _REPAIR, "more decimal places than money has or a number needs; cut, never rounded up"
    FRACTIONAL_LEVERAGE = "FRACTIONAL_LEVERAGE", _REPAIR, "a broken leverage was rounded down: less risk"
    LEVERAGE_ABOVE_CAP = "LEVERAGE_ABOVE_CAP", _REPAIR, "leverage above the contest's cap was set to the cap; the notional stays"
    FRACTION_ABOVE_1 = "FRACTION_ABOVE_1", _REPAIR, "more than the whole position was to be closed; capped at all of it"
    CONFIDENCE_PERCENT = "CONFIDENCE_PERCENT", _REPAIR, "a confidence above 1 was read as percent"
    CONFIDENCE_INVALID = "CONFIDENCE_INVALID", _REPAIR, "a confidence that is no number from 0 to 1 was left out; nothing depends on it"
    SL_OFF_TICK = "SL_OFF_TICK", _REPAIR, "a stop loss off the tick was rounded away from mark"
    TP_OFF_TICK = "TP_OFF_TICK", _REPAIR, "a take profit off the tick was rounded away from mark"

    # one action, refused
    ACTION_NOT_AN_OBJECT = "ACTION_NOT_AN_OBJECT", _ACTION, "an action that is no object"
    TOO_MANY_ACTIONS = "TOO_MANY_ACTIONS", _ACTION, "an action beyond the twelfth"
    DUPLICATE_KEY = (
        "DUPLICATE_KEY",
        _ACTION,
        "a key stands twice in one object; neither value is taken. Outside the actions: the whole reply",
    )
    WRONG_TYPE = "WRONG_TYPE", _ACTION, "a field of another type than the contract's"
    MISSING_ACTION = "MISSING_ACTION", _ACTION, "an action without the key action"
    UNKNOWN_ACTION = "UNKNOWN_ACTION", _ACTION, "a word that is no action"
    AMBIGUOUS_ACTION = "AMBIGUOUS_ACTION", _ACTION, "buy or sell while holding the symbol: it may mean open, add or close"
    CLOSE_WRONG_SIDE = "CLOSE_WRONG_SIDE", _ACTION, "close_long while short, or close_short while long"
    MISSING_SYMBOL = "MISSING_SYMBOL", _ACTION, "an action without a symbol"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL", _ACTION, "a symbol that is not in this contest"
    WRONG_QUOTE = "WRONG_QUOTE", _ACTION, "a contract in another currency is another contract"
    HOMOGLYPH = "HOMOGLYPH", _ACTION, "a symbol with look-alike letters; never transliterated into a hit"
    MULTIPLIER_SYMBOL = "MULTIPLIER_SYMBOL", _ACTION, "another venue's contract of a thousand coins; its price scale differs"
    WILDCARD = "WILDCARD", _ACTION, "all symbols at once; each action names one"
    NAN = "NAN", _ACTION, "not a number"
    INF = "INF", _ACTION, "an infinite number, or one so large that programs read it as infinite"
    TOO_LARGE = "TOO_LARGE", _ACTION, "a number beyond any amount or price of this market"
    BOOL_AS_NUMBER = "BOOL_AS_NUMBER", _ACTION, "a truth value where a number belongs"
    CURRENCY_STRING = "CURRENCY_STRING", _ACTION, "a number with a currency sign; separators are not guessed"
    PERCENT_SIZE = "PERCENT_SIZE", _ACTION, "a percentage where USDT or a price belongs: percent of what is not said"
    APPROXIMATE = "APPROXIMATE", _ACTION, "an approximate number"
    SEPARATED_STRING = "SEPARATED_STRING", _ACTION, "a number in quotes with separators; which one is the decimal point is not guessed"
    NOT_A_NUMBER = "NOT_A_NUMBER", _ACTION, "a text where a number belongs"
    MISSING_SIZE = "MISSING_SIZE", _ACTION, "an open without notional_usdt"
    NEGATIVE_SIZE = "NEGATIVE_SIZE", _ACTION, "a size below zero is not a short"
    ZERO_SIZE = "ZERO_SIZE", _ACTION, "a size of nothing"
    TWO_SIZES = "TWO_SIZES", _ACTION, "two sizes in one action that don't agree; which one counts is not guessed"
    MISSING_LEVERAGE = "MISSING_LEVERAGE", _ACTION, "an open without leverage"
    LEVERAGE_NEGATIVE = "LEVERAGE_NEGATIVE", _ACTION, "a leverage below zero"
    LEVERAGE_ZERO = "LEVERAGE_ZERO", _ACTION, "a leverage below 1"
    FRACTION_INVALID = "FRACTION_INVALID", _ACTION, "a fraction to close that is not above 0, or may be meant in percent"
    MISNAMED_FIELD = (
        "MISNAMED_FIELD",
        _ACTION,
        "a stop, a target or the part to close stands under a key that is none; without it the order would be another one",
    )
    NOT_AT_MARKET = "NOT_AT_MARKET", _ACTION, "an order that is to wait for a price; there are only orders at market"
    MISSING_STOPS = "MISSING_STOPS", _ACTION, "set_stops without stop_loss and take_profit; null removes one"
    SL_SCALE = "SL_SCALE", _ACTION, "a stop loss more than 50% from mark: a wrong scale"
    SL_AS_PNL_PERCENT = "SL_AS_PNL_PERCENT", _ACTION, "a negative stop loss or target: a percentage of profit, not a price"
    SL_INSIDE_SPREAD = "SL_INSIDE_SPREAD", _ACTION, "a stop loss within the spread would trigger at once"
    TP_SCALE = "TP_SCALE", _ACTION, "a take profit above five times or below a fifth of mark: a wrong scale"
    LONG_AND_SHORT = "LONG_AND_SHORT", _ACTION, "long and short in one symbol; positions are one-way"
    CLOSE_AND_REOPEN = "CLOSE_AND_REOPEN", _ACTION, "close and open again on the same side: two fees for nothing"
    DUPLICATE_ACTION = "DUPLICATE_ACTION", _ACTION, "the same action written again; the first one stands"
    CONFLICTING_ACTIONS = "CONFLICTING_ACTIONS", _ACTION, "the same action on one symbol with different numbers; none is taken"
    NO_PYRAMIDING = "NO_PYRAMIDING", _ACTION, "this family's rules forbid entries in a coin that is held"
    NO_PRICE = "NO_PRICE", _ACTION, "no price was shown for the coin, so that a quantity of it has no value"
    COIN_MISMATCH = "COIN_MISMATCH", _ACTION, "the coin inside an entry is not the one it stands under"

    # the exchange's refusals in finer words
    SL_WRONG_SIDE_LONG = "SL_WRONG_SIDE_LONG", _ACTION, "the stop loss of a long must lie below mark"
    SL_WRONG_SIDE_SHORT = "SL_WRONG_SIDE_SHORT", _ACTION, "the stop loss of a short must lie above mark"
    TP_WRONG_SIDE_LONG = "TP_WRONG_SIDE_LONG", _ACTION, "the take profit of a long must lie above mark"
    TP_WRONG_SIDE_SHORT = "TP_WRONG_SIDE_SHORT", _ACTION, "the take profit of a short must lie below mark"
    SL_TP_SWAPPED = "SL_TP_SWAPPED", _ACTION, "stop loss and take profit look swapped; they are not swapped back"
    TRAIL_PAST_MARK = "TRAIL_PAST_MARK", _ACTION, "a stop moved past mark would fire at once"

    # remarks: nothing was changed
    EXTRA_KEYS = "EXTRA_KEYS", _ACCEPT, "keys that the contract doesn't have were ignored"
    UNUSED_FIELDS = "UNUSED_FIELDS", _ACCEPT, "fields that this action doesn't use were ignored"
    LEVEL_REMOVED = "LEVEL_REMOVED", _ACCEPT, "set_stops gave one level only; both are set anew, so that the other one is none from now on"
    HOLD_SYMBOL = "HOLD_SYMBOL", _ACCEPT, "a hold names no symbol of this contest; it holds all the same"
    HTML_IN_REASON = "HTML_IN_REASON", _ACCEPT, "markup in a text; kept as text and escaped wherever it is shown"
    SQL_IN_REASON = "SQL_IN_REASON", _ACCEPT, "a database command in a text; kept as text"
    INJECTION_IN_REASON = (
        "INJECTION_IN_REASON",
        _ACCEPT,
        "instructions to a reader in a text; kept as text and never put into a prompt unquoted",
    )
    WRONG_BELIEF = "WRONG_BELIEF", _ACCEPT, "a text says that nothing is held, but something is"
    SL_BEYOND_LIQUIDATION = "SL_BEYOND_LIQUIDATION", _REPAIR, "liquidation comes before the stop loss; the order is kept, with a warning"


CODES: Mapping[str, Code] = MappingProxyType({code.value: code for code in Code})
"""Every code by its name, for documentation and pages."""
