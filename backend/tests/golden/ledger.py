"""The season's ledger in canonical lines, the golden file that keeps it in short, and where two ledgers part.

    python -m tests.golden.ledger write                     computes the season anew and writes season.json (from the folder backend)
    python -m tests.golden.ledger lines PLAYER 2025-06-03   that day's lines, to compare with the same command on an older commit

season.json holds our results only: counts, balances and hashes, no price of the record. Commit a new one together with the change of the
engine that moved it, and say in the changelog why the books are different now.
"""

import hashlib
import json
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

from app.engine.facts import OrderRefused, fills, postings
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.money import CASH_STEP, plain
from tests.golden.players import PLAYERS
from tests.golden.season import CAPITAL, play
from tests.golden.tape import moment, read
from tests.reference_data import REAL_DIR

GOLDEN = Path(__file__).parent / "season.json"
HASH_DIGITS = 12


def book(course):
    """Every posting of a course: the deposit and what followed, in order."""
    starts = moment(int(course.tape.opened[0]))
    deposit = posting(PostingKind.DEPOSIT, starts, Entry(LedgerAccount.AVAILABLE, CAPITAL), Entry(LedgerAccount.CAPITAL, -CAPITAL))
    return (deposit, *postings(course.facts))


def line(one):
    """One posting as text: instant, kind, and each entry to 1e-8."""
    entries = (
        f"{entry.account}{':' + entry.symbol if entry.symbol else ''}={plain(entry.amount.quantize(CASH_STEP))}" for entry in one.entries
    )
    return " ".join((f"{one.at:%Y-%m-%dT%H:%M:%S}.{one.at.microsecond // 1000:03}Z", one.kind, *entries))


def day(text):
    return text[:10]


def summary(course):
    """What the golden file keeps of one account."""
    done = book(course)
    lines = [line(one) for one in done]
    marks = {name: course.tape.bar(name, len(course.tape.opened) - 1).close for name in course.account.positions}
    return {
        "postings": dict(sorted(Counter(one.kind.value for one in done).items())),
        "fills": dict(sorted(Counter(one.purpose.value for one in fills(course.facts)).items())),
        "refusals": dict(sorted(Counter(one.refused.code.value for one in course.facts if isinstance(one, OrderRefused)).items())),
        "available": plain(course.account.available.quantize(CASH_STEP)),
        "wallet": plain(course.account.wallet.quantize(CASH_STEP)),
        "equity": plain(course.account.equity(marks).quantize(CASH_STEP)),
        "sha256": _hash(lines),
        # A late rate is posted to the instant it belongs to, after younger lines: a day is what carries its date, in order of posting.
        "days": {date: f"{len(group)} {_hash(group)[:HASH_DIGITS]}" for date, group in sorted(by_day(lines).items())},
    }


def by_day(lines):
    """Lines by their date, each day's in order of posting."""
    return {date: list(group) for date, group in groupby(sorted(lines, key=day), key=day)}


def _hash(lines):
    return hashlib.sha256("".join(f"{one}\n" for one in lines).encode()).hexdigest()


def parting(name, kept, course):
    """Where an account's ledger first parts from the golden file, in words with that day's lines; None when it doesn't."""
    now = summary(course)
    if now == kept:
        return None
    days = sorted(date for date in {*kept["days"], *now["days"]} if kept["days"].get(date) != now["days"].get(date))
    other = {key: (kept[key], now[key]) for key in kept if key != "days" and kept[key] != now.get(key)}
    if not days:
        return f"{name}: the ledger's days agree, but not (kept, now) {other}"
    first, lines = days[0], by_day([line(one) for one in book(course)])
    shown = "\n  ".join(lines.get(first, ["(no posting)"]))
    return (
        f"{name}: {len(days)} days differ, the first is {first}: kept {kept['days'].get(first)}, now {now['days'].get(first)} "
        f"(postings, hash).\nOther differences (kept, now): {other}\nLines of that day now:\n  {shown}"
    )


def _write(tape):
    accounts = {player.name: summary(play(tape, player)) for player in PLAYERS}
    GOLDEN.write_text(json.dumps({"record": tape.fingerprint(), "accounts": accounts}, indent=1) + "\n")


def _main(arguments):
    tape = read(REAL_DIR / "market")
    if arguments == ["write"]:
        _write(tape)
        return 0
    if len(arguments) == 3 and arguments[0] == "lines":
        player = next(one for one in PLAYERS if one.name == arguments[1])
        sys.stdout.writelines(f"{one}\n" for one in by_day([line(one) for one in book(play(tape, player))]).get(arguments[2], []))
        return 0
    sys.stderr.write(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
