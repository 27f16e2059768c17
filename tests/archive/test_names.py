"""Places in an archive, as the names of files show them."""

from zoneinfo import ZoneInfo

import pytest

from whyclosed.archive import names
from whyclosed.archive.names import Place

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a/t_00012_20260101120000.pcapng", Place("a", "a/t_*_*.pcapng", 12)),
        ("a/t_20260101120000_00012.pcapng", Place("a", "a/t_*_*.pcapng", 12)),
        ("a/t_00012.pcapng.gz", Place("a", "a/t_*.pcapng", 12)),
        ("dc1/a/t_2026-01-01_1200.pcap", Place("dc1/a", "dc1/a/t_*.pcap")),
        ("t-1767265200.pcap", Place("", "./t-*.pcap")),
        ("a/t.pcap7", Place("a", "a/t.pcap*", 7)),
        ("a/client.pcap", Place("a", "a/client.pcap")),
    ],
)
def test_the_folder_is_the_sensor_and_names_are_those_of_capture_programs(path: str, place: Place) -> None:
    assert names.place(path) == place


def test_a_template_says_what_the_parts_are() -> None:
    template = "{sensor}/{name}_{number}_{time}.pcapng"
    assert names.place("a/eth0_7_20260101.pcapng", template) == Place("a", "a/eth0_*_*.pcapng", 7)
    assert names.place("a/b/eth0_7_20260101.pcapng", template) is None
    deep = "**/{sensor}-{number}.pcap"
    assert names.place("2026/01/01/berlin-3.pcap", deep) == Place("berlin", "2026/01/01/berlin-*.pcap", 3)
    twice = "{sensor}/{sensor}_{number}.pcap"
    assert names.place("a/a_1.pcap", twice) is not None and names.place("a/b_1.pcap", twice) is None
    with pytest.raises(ValueError, match="{host}"):
        names.place("a", "{host}.pcap")


@pytest.mark.parametrize(
    ("path", "zone", "seconds"),
    [
        ("a/t_00012_20260101120000.pcapng", "UTC", 1_767_268_800),
        ("a/t_2026-01-01T12:00:00+0100.pcap", "Europe/Berlin", 1_767_265_200),
        ("a/t_2026-01-01_1200.pcap.zst", "UTC", 1_767_268_800),
        ("a/t-20260101.pcap", "UTC", 1_767_225_600),
        ("a/t-1767265200.pcap", "Asia/Bangkok", 1_767_265_200),
        ("a/t_00012.pcapng", "UTC", None),
        ("a/t_20261399.pcap", "UTC", None),
    ],
)
def test_times_in_names(path: str, zone: str, seconds: int | None) -> None:
    assert names.time(path, None, ZoneInfo(zone)) == (None if seconds is None else seconds * 10**9)


def test_a_template_finds_the_time_too() -> None:
    assert names.time("a/x-20260101.pcap", "{sensor}/{name}-{time}.pcap", UTC) == 1_767_225_600 * 10**9
