"""`python -m app.cli`: the same as `tiltyard`."""

from app.cli import main

main()
