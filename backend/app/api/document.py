"""Print the OpenAPI document of the running code, for the generated client: `python -m app.api.document`."""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

from app.api.application import create_application
from app.api.context import Arena


def document() -> str:
    """The OpenAPI document as stable, readable JSON."""
    nothing = Arena("live", "0", 5, datetime(2026, 1, 1, tzinfo=UTC), initial_capital=Decimal(10000), venue_name="", venue_url=None)
    schema = create_application(nothing, None).openapi()
    schema["info"]["version"] = "v1"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
