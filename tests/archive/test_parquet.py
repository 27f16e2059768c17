"""The command `whyclosed-spark`, and the questions that the README asks of what it writes."""

import hashlib
import base64
import json
import re
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import expected
import pandas
import polars
import pytest
from cluster import ROOT
from generate import Archive
from pyspark.sql import SparkSession

from whyclosed.spark.command import write


@pytest.fixture(scope="module")
def verdicts(spark: SparkSession, archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder that the command has written."""
    output = tmp_path_factory.mktemp("output") / "verdicts"
    write(spark, [str(archive.folder), str(output), "--item-seconds", "900"])
    return output


def sql(folder: Path, *words: str) -> list[dict[str, Any]]:
    """Runs the query of the README that has these words."""
    queries = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    query = next(query for query in queries if all(word in query for word in words))
    query = query.replace("'verdicts/", f"'{folder}/").replace("'conn.log'", f"'{folder.parent}/conn.log'")
    relation = duckdb.connect().execute(query)
    names = [column[0] for column in relation.description or []]
    return [dict(zip(names, row)) for row in relation.fetchall()]


def test_the_parquet_has_the_rows_of_one_run(verdicts: Path, archive: Archive) -> None:
    assert {path.name for path in verdicts.iterdir()} == {"connections", "files"}
    folders = {path.relative_to(verdicts / "connections") for path in verdicts.glob("connections/date=*/sensor=*")}
    assert folders == {Path("date=2026-03-01", f"sensor={sensor}") for sensor in archive.files}
    found = polars.read_parquet(verdicts / "connections/**/*.parquet", hive_partitioning=True).to_dicts()
    expected.assert_same(found, expected.of_one_run(archive))
    assert len(pandas.read_parquet(verdicts / "connections")) == len(found)
    assert len(pandas.read_parquet(verdicts / "files")) == 200


def test_causes_by_day(verdicts: Path, archive: Archive) -> None:
    causes = sql(verdicts, "GROUP BY ALL ORDER BY date")
    one_run = [row["rule"] for row in expected.of_one_run(archive)]
    assert {row["rule"]: row["connections"] for row in causes} == {rule: one_run.count(rule) for rule in set(one_run)}


def test_proxies_that_cut(verdicts: Path) -> None:
    assert {row["server_ip"]: row["cut"] for row in sql(verdicts, "proxy_cut")} == {"192.0.2.8": 3, "192.0.2.9": 3}


def test_servers_that_fail(verdicts: Path, archive: Archive) -> None:
    failing = sql(verdicts, "close_code = 1011")
    assert [row["failures"] for row in failing] == sorted((row["failures"] for row in failing), reverse=True)
    one_run = Counter(row["server_ip"] for row in expected.of_one_run(archive) if row["close_code"] == 1011)
    assert one_run.total() > 50 and {row["server_ip"]: row["failures"] for row in failing} == one_run


def test_zeek_is_joined_by_community_id(verdicts: Path, archive: Archive) -> None:
    """Rows as Zeek writes them for the connections of one sensor, with Community IDs that are computed here."""
    one_run = [row for row in expected.of_one_run(archive) if row["sensor"] == "berlin"]
    logged = [
        {
            "ts": row["opened_ns"] / 1e9 - 0.001,
            "uid": f"C{at}",
            "duration": row["lifetime"] + 0.1,
            "history": "ShADadFf",
            "orig_bytes": 1,
            "resp_bytes": 1,
            "community_id": community_id(
                (row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])
            ),
        }
        for at, row in enumerate(one_run)
    ]
    (verdicts.parent / "conn.log").write_text("\n".join(map(json.dumps, logged)))
    assert sorted(row["uid"] for row in sql(verdicts, "conn.log")) == sorted(row["uid"] for row in logged)


def community_id(*ends: tuple[str, int]) -> str:
    """Returns the Community ID of a TCP connection, version 1, seed 0."""
    low, high = sorted((socket.inet_aton(address), port.to_bytes(2, "big")) for address, port in ends)
    data = b"\0\0" + low[0] + high[0] + b"\x06\0" + low[1] + high[1]
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()
