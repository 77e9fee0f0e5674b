"""Make `import app` and the `tiltyard` command work from this checkout's virtual environment, without building a package."""

import stat
import sys
import sysconfig
from pathlib import Path

BACKEND = Path(__file__).resolve().parent.parent / "backend"

site_packages = Path(sysconfig.get_path("purelib"))
(site_packages / "tiltyard.pth").write_text(f"{BACKEND}\n", encoding="utf-8")

command = Path(sysconfig.get_path("scripts")) / "tiltyard"
command.write_text(f"#!{sys.executable}\nfrom app.cli import main\n\nmain()\n", encoding="utf-8")
command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
