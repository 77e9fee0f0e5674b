"""What a contestant is told when its reply could not be read: the fault by name, once, and nothing of what it should decide."""

from collections.abc import Mapping, Sequence

from app.agents.reading import Reading

QUOTED_CHARACTERS_MAX = 8_000
"""So much of the unreadable reply is sent back; more would only cost."""

NOT_ASKED_AGAIN = frozenset({"STALE"})
"""An answer to an earlier question: there may be a right one still on its way, asking again would make two."""

_WORDS = {
    "en": "Your reply could not be read: {code}: {message}\n"
    "Nothing was traded. Answer once more, with the one JSON object described above and nothing else.",
    "zh": "你的回复无法读取:{code}:{message}\n没有进行任何交易。请再回答一次,只给出上文所述的一个 JSON 对象,不要有任何其他内容。",
}


def worth_asking_again(reading: Reading) -> bool:
    """Whether a second question may mend what was said."""
    return not reading.stands and reading.code not in NOT_ASKED_AGAIN


def asked_again(messages: Sequence[Mapping[str, str]], said: str, reading: Reading, language: str) -> list[dict[str, str]]:
    """The messages of the second question: the first ones unchanged, the reply, and what is wrong with it."""
    fault = _WORDS[language].format(code=reading.code, message=reading.message)
    return [
        *(dict(one) for one in messages),
        {"role": "assistant", "content": said[:QUOTED_CHARACTERS_MAX] or "(empty)"},
        {"role": "user", "content": fault},
    ]
