"""The API reference as one page of plain HTML, made from the OpenAPI document. Fetches nothing from anywhere, works without a network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
article { border-top: 1px solid #8886; padding: .5rem 0 1rem; }
h3 { margin: .5rem 0; font-size: 1rem; } h3 b { display: inline-block; min-width: 3.5rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .15rem .75rem .15rem 0; }
nav a { margin-right: 1rem; } p { margin: .25rem 0; }
"""


def reference_page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    calls = "".join(_groups(document))
    shapes = "".join(_shape(name, shape) for name, shape in sorted(document["components"]["schemas"].items()))
    title = escape(document["info"]["title"])
    notes = (
        "Money and quantities are strings, times ISO 8601 with Z, errors RFC 9457 problems. "
        'The machine-readable form is <a href="/openapi.json">/openapi.json</a>.'
    )
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title} API</title><style>{STYLE}</style><h1>{title} API</h1>"
    )
    body = (
        f"<p>{escape(document['info'].get('summary', ''))} {notes}</p>"
        '<nav><a href="#calls">Calls</a><a href="#shapes">Shapes</a></nav>'
        f'<h2 id="calls">Calls</h2>{calls}<h2 id="shapes">Shapes</h2>{shapes}</html>'
    )
    return head + body


def _groups(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield _call(method.upper(), path, call)


def _call(method: str, path: str, call: Mapping[str, Any]) -> str:
    rows = "".join(_parameter(one) for one in call.get("parameters", ()))
    answer = _answer(call["responses"].get("200", {}))
    return (
        f'<article id="{escape(call["operationId"])}"><h3><b>{method}</b> <code>{escape(path)}</code></h3>'
        f"<p>{escape(call.get('description', call.get('summary', '')))}</p>"
        f"{f'<table>{rows}</table>' if rows else ''}{f'<p>Answers {answer}</p>' if answer else ''}</article>"
    )


def _parameter(one: Mapping[str, Any]) -> str:
    needed = " (needed)" if one.get("required") else ""
    return f"<tr><td><code>{escape(one['name'])}</code>{needed}<td>{_kind(one['schema'])}<td>{escape(one.get('description', ''))}"


def _answer(response: Mapping[str, Any]) -> str:
    content = response.get("content", {})
    return ", ".join(_kind(body["schema"]) for body in content.values() if "schema" in body)


def _shape(name: str, shape: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><td><code>{escape(field)}</code><td>{_kind(kind)}" for field, kind in shape.get("properties", {}).items())
    return (
        f'<article id="{escape(name)}"><h3>{escape(name)}</h3><p>{escape(shape.get("description", ""))}</p><table>{rows}</table></article>'
    )


def _kind(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            name = escape(reference.rsplit("/", 1)[-1])
            return f'<a href="#{name}">{name}</a>'
        case {"anyOf": kinds}:
            return " or ".join(_kind(one) for one in kinds)
        case {"type": "array", "items": items}:
            return f"list of {_kind(items)}"
        case {"enum": names}:
            return escape(" | ".join(str(one) for one in names))
        case {"const": value}:
            return escape(str(value))
        case {"type": kind}:
            return escape(f"{schema.get('format', '')} {kind}".strip())
        case _:
            return "anything"
