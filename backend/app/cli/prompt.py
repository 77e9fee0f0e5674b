"""Prompt templates: which there are, and how one reads with sample numbers. Needs no arena, no database and no settings."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from app.agents.sample_scene import sample_scene, sample_seat
from app.agents.template import Prompt, Template
from app.agents.templates import TEMPLATES, UnknownTemplateError, find_template, require_language
from app.cli.arena import fail

USAGE_FAULT = 2
SAMPLE = "sample numbers, made by the program: no market looked like this"


class Part(StrEnum):
    """The pieces of a prompt, in the order they are sent."""

    SYSTEM = "system"
    MARKET = "market"
    ACCOUNT = "account"


def register(application: typer.Typer) -> None:
    """Add this file's commands."""
    prompts = typer.Typer(name="prompt", help="Show the prompt templates that contestants can be given.", no_args_is_help=True)
    prompts.command("list", epilog="Example: tiltyard prompt list")(list_templates)
    prompts.command("show", epilog="Example: tiltyard prompt show tiltyard@1 --language zh --part market")(show)
    application.add_typer(prompts)


def list_templates(*, as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False) -> None:
    """List every template with its languages and its fingerprint."""
    rows = [{"name": one.name, "languages": list(one.languages), "fingerprint": one.fingerprint} for one in TEMPLATES.values()]
    if as_json:
        print(json.dumps(rows))
        return
    for one in TEMPLATES.values():
        print(f"{one.name:<20}{', '.join(one.languages):<10}{one.fingerprint}")


def show(
    name: Annotated[str, typer.Argument(help="a template, like tiltyard@1, or a family for its newest version")],
    language: Annotated[str | None, typer.Option(help="en or zh; default the template's first")] = None,
    part: Annotated[Part | None, typer.Option(help="only this part, exactly as it is sent")] = None,
) -> None:
    """Show how a template reads, filled with sample numbers."""
    try:
        template = find_template(name)
        spoken = language or template.languages[0]
        require_language(template, spoken)
    except UnknownTemplateError as unknown:
        fail(str(unknown), status=USAGE_FAULT)
    scene, seat = sample_scene(), sample_seat()
    prompt = Prompt(template.system(scene, spoken), template.market(scene, spoken), template.account(scene, seat, spoken))
    if part is not None:
        print(_text(prompt, part), end="")
        return
    print(_heading(template, prompt))
    for one in Part:
        print(f"---------- {one.value} ----------\n{_text(prompt, one)}")


def _heading(template: Template, prompt: Prompt) -> str:
    characters = ", ".join(f"{one.value} {len(_text(prompt, one))}" for one in Part)
    return f"{template.name}, fingerprint {template.fingerprint}\ncharacters: {characters}; {SAMPLE}"


def _text(prompt: Prompt, part: Part) -> str:
    return {Part.SYSTEM: prompt.system, Part.MARKET: prompt.market, Part.ACCOUNT: prompt.account}[part]
