"""House rules that no linter knows. Each message says what to do."""

import ast
import re
from pathlib import Path

import pytest

from app.api.document import document

BACKEND = Path(__file__).parent.parent
REPOSITORY = BACKEND.parent
OURS = [path for part in ("app", "tests") for path in (BACKEND / part).rglob("*.py") if "migrations" not in path.parts]
VAGUE = {"utils", "helpers", "common", "manager", "base", "misc"}
LINES_MAX = {"app": 400, "tests": 600}
FUNCTION_LINES_MAX = 60


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(BACKEND)))
def test_a_file_is_short_named_for_something_and_promises_nothing(path):
    text = path.read_text()
    assert path.stem not in VAGUE, "name the file after what it holds"
    limit = LINES_MAX[path.relative_to(BACKEND).parts[0]]
    assert text.count("\n") <= limit, f"longer than {limit} lines: is it still one thought? Split it by noun"
    if path.name != "test_shape.py":
        assert not re.search(r"TODO|FIXME|NotImplementedError", text), "do it, or refuse by name"


@pytest.mark.parametrize("path", [path for path in OURS if "app" in path.parts], ids=lambda path: str(path.relative_to(BACKEND)))
def test_a_module_opens_by_saying_what_it_is_for_and_its_functions_are_short(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or path.stat().st_size == 0, "open the module with a docstring: what it is for and what it must not do"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{node.name} has {lines} lines: push the ifs up and the arithmetic down"


def test_exceptions_are_caught_whole_only_where_a_loop_must_go_on():
    catching = sorted(str(path.relative_to(BACKEND)) for path in OURS if "app" in path.parts and "except Exception" in path.read_text())
    assert catching == ["app/cycle/run_cycle.py", "app/main.py"], "catch what you can handle; the outer loop records the rest"


def test_nothing_of_ours_is_mocked_or_patched():
    pattern = re.compile(r"unittest.mock|MagicMock|AsyncMock|mock\.patch|monkeypatch\.setattr\(.*app\.")
    guilty = [str(path) for path in OURS if path.name != "test_shape.py" and pattern.search(path.read_text())]
    assert guilty == [], "use the real thing, or a fake at the rim"


def test_every_call_has_an_operation_id_of_noun_and_verb():
    ids = re.findall(r'"operationId": "([^"]+)"', document())
    assert len(ids) >= 26
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", one) for one in ids)
    assert len(set(ids)) == len(ids)


def test_both_readmes_name_the_same_commands_and_links():
    english, chinese = ((REPOSITORY / name).read_text().replace(".zh-CN.md)", ".md)") for name in ("README.md", "README.zh-CN.md"))
    for pattern in (r"`(make [a-z]+)`", r"`(tiltyard [a-z]+)`", r"\]\((docs/[^)]+\.md)\)", r"`([A-Z]+_[A-Z_]+=?)"):
        assert set(re.findall(pattern, english)) == set(re.findall(pattern, chinese)), pattern


def test_links_between_documents_lead_somewhere():
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"
