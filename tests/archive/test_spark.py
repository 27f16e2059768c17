"""A real Spark with two workers over the archive: the same rows as in one run over each sensor."""

from pathlib import Path

import expected
import pytest
from generate import Archive
from pyspark.sql import DataFrame, SparkSession

from whyclosed.spark import WhyclosedSource, tables_of


def rows(table: DataFrame) -> list[expected.Row]:
    """Returns the rows of a table as the program's are: times in UTC, structs as dictionaries."""
    return list(table.toArrow().to_pylist())


def of_source(spark: SparkSession, path: str, **options: str) -> list[expected.Row]:
    spark.dataSource.register(WhyclosedSource)
    return rows(spark.read.format("whyclosed").options(**options).load(path))


@pytest.fixture(scope="module")
def one_run(archive: Archive) -> list[expected.Row]:
    found = expected.of_one_run(archive)
    # The archive holds what is to be shown.
    rules = [row["rule"] for row in found]
    remarks = [finding["rule"] for row in found for finding in row["findings"]]
    for rule, count in {"server_restart": 36, "proxy_cut": 6, "ping_unanswered": 3, "ended_together": 24}.items():
        assert rules.count(rule) >= count, (rule, rules.count(rule))
    assert remarks.count("reconnect_storm") >= 27
    spans = [len(row["files"]) for row in found]
    assert all(spans.count(length) >= 1 for length in (2, 3, 10)) and max(spans) > 60
    return found


def test_the_source_reads_each_sensor_as_one(
    spark: SparkSession, archive: Archive, one_run: list[expected.Row]
) -> None:
    expected.assert_same(of_source(spark, str(archive.folder)), one_run)


@pytest.mark.parametrize(("item_seconds", "halo", "bucket"), [(1200, 0, 86_400), (300, 90, 1200)])
def test_rows_do_not_depend_on_how_the_work_is_divided(
    spark: SparkSession, archive: Archive, one_run: list[expected.Row], item_seconds: int, halo: int, bucket: int
) -> None:
    tables = tables_of(
        spark, str(archive.folder), itemSeconds=item_seconds, halo=halo, bucket=bucket, overlap=3600
    )
    expected.assert_same(rows(tables.connections), one_run)
    assert_told(rows(tables.files), archive)
    tables.forget()


def test_a_worker_that_is_killed_neither_doubles_nor_loses_a_row(
    spark: SparkSession, archive: Archive, one_run: list[expected.Row], killing: Path
) -> None:
    (killing / "kill").mkdir()
    tables = tables_of(spark, str(archive.folder), itemSeconds=600)
    expected.assert_same(rows(tables.connections), one_run)
    assert (killing / "killed").exists()
    tables.forget()


def test_the_table_of_files_tells_what_is_missing(spark: SparkSession, archive: Archive) -> None:
    assert_told(of_source(spark, str(archive.folder), table="files", itemSeconds="600"), archive)


def assert_told(files: list[expected.Row], archive: Archive) -> None:
    """Checks that each file has one row, and that what is lost, cut or no capture is told."""
    there = sorted(str(path) for paths in archive.files.values() for path in paths)
    hole = str(archive.folder / "berlin/ring_*_*.pcapng")
    assert sorted(row["path"] for row in files) == sorted([*there, hole])
    errors = {row["path"]: row["error"] for row in files if row["error"]}
    assert "number 15 is missing" in errors.pop(hole)
    assert "not a pcap" in errors.pop(str(archive.no_capture))
    assert not errors
    assert [row["path"] for row in files if row["notes"]] == [str(archive.truncated)]


def test_options_that_are_wrong_are_said(spark: SparkSession, archive: Archive) -> None:
    for options, words in (
        ({"tabel": "files"}, "unknown option tabel"),
        ({"table": "rows"}, "table is connections or files"),
        ({"halo": "3"}, "would cut connections in two"),
    ):
        with pytest.raises(Exception, match=words):
            of_source(spark, str(archive.folder), **options)
