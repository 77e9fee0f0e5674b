"""The example of the guide on tapes runs as it stands."""

import re
from contextlib import chdir

import pyarrow as pa
import pyarrow.parquet as pq

from tests.reference_data import REPOSITORY


def test_the_example_of_the_guide_runs_and_prints_an_account(tmp_path, capsys):
    minutes = range(1_748_169_300_000, 1_748_169_300_000 + 10 * 60_000, 60_000)
    prices = {name: [107_000.5] * 10 for name in ("open", "high", "low", "close")}
    (tmp_path / "market").mkdir()
    pq.write_table(
        pa.table({"symbol": ["BTCUSDT"] * 10, "open_time_ms": list(minutes), **prices}), tmp_path / "market" / "candles_1m.parquet"
    )
    asked = {"account": 0, "symbol": "BTCUSDT", "time_ms": minutes[2], "action": "open_long", "notional": 1000.0, "leverage": 5}
    row = pa.table({name: [value] for name, value in {**asked, "stop_loss": 100_000.0, "take_profit": 110_000.0}.items()})
    pq.write_table(row, tmp_path / "decisions.parquet")
    (example,) = re.findall(r"```python\n(.+?)```", (REPOSITORY / "docs" / "guides" / "tapes.md").read_text(), re.DOTALL)
    with chdir(tmp_path):
        exec(compile(example, "tapes.md", "exec"), {})
    assert "'trades': 1" in capsys.readouterr().out
