"""The pages in a real browser against the real arena: the journeys of frontend/e2e."""

import os
import shutil
import subprocess

import pytest

from tests.running_arena import BACKEND, RunningArena

FRONTEND = BACKEND.parent / "frontend"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_journeys_through_the_pages_succeed_in_a_real_browser(tmp_path):
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser is None:
        pytest.skip("no Chromium: set CHROMIUM or install Debian's chromium package")
    if not (FRONTEND / "out" / "index.html").is_file() or shutil.which("node") is None:
        pytest.skip("the pages are not built: run 'make setup'")
    with RunningArena(tmp_path, SANDBOX_SPEED="60") as arena:
        arena.cycles_done(2)
        environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{arena.web_port}", "CHROMIUM": browser}
        done = subprocess.run(
            ["npm", "run", "--silent", "e2e"], cwd=FRONTEND, env=environment, capture_output=True, text=True, timeout=360, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
        assert arena.stop() == 0
