"""Work items: who owns what, what is read for it, and what is missing."""

import random
from dataclasses import replace

import pytest

from whyclosed.archive.planning import Capture, Hole, Item, plan

SECOND = 10**9


def captures(*starts: int | None, set: str = "a/t_*", number: int | None = 1) -> list[Capture]:
    """Returns files of 100 bytes of a sensor, with the seconds at which they begin."""
    return [
        Capture(
            path=f"{set}{at:03}",
            size=100,
            sensor="a",
            set=set,
            number=None if number is None else number + at,
            first=None if start is None else start * SECOND,
        )
        for at, start in enumerate(starts)
    ]


def seen(items: list[Item]) -> list[tuple[str, str]]:
    """Returns the last digits of the files of each item: those that it reads, and those that it owns."""
    return [("".join(path[-1] for path in item.files), "".join(path[-1] for path in item.own)) for item in items]


def test_an_item_reads_the_file_before_its_own_and_its_halo() -> None:
    items = plan(captures(0, 10, 20, 30, 40, 50, 60), item_bytes=300, halo=15)
    assert seen(items) == [("01234", "012"), ("23456", "345"), ("56", "6")]
    assert [item.owns for item in items] == [(None, 30 * SECOND), (30 * SECOND, 60 * SECOND), (60 * SECOND, None)]
    assert [(item.own_bytes, item.bytes) for item in items] == [(300, 500), (300, 500), (100, 200)]


def test_without_a_halo_an_item_ends_with_its_files() -> None:
    assert seen(plan(captures(0, 10, 20, 30), item_bytes=200, halo=0)) == [("01", "01"), ("123", "23")]


def test_items_are_cut_by_time_too() -> None:
    # A file is over when the next one begins: what the last one of an item holds is not known before.
    items = plan(captures(0, 10, 20, 30, 500), item_seconds=20, halo=0)
    assert seen(items) == [("012", "012"), ("234", "34")]
    assert seen(plan(captures(0, 10, 20), item_seconds=None)) == [("012", "012")]


def test_times_in_names_may_be_late() -> None:
    named = [replace(one, is_exact=False) for one in captures(0, 10, 20, 30)]
    assert seen(plan(named, item_bytes=200, halo=0)) == [("012", "01"), ("123", "23")]


def test_no_item_begins_among_packets_of_one_time() -> None:
    assert seen(plan(captures(0, 10, 10, 10, 20), item_bytes=100, halo=0)) == [("0", "0"), ("0123", "123"), ("34", "4")]


def test_a_file_without_packets_stays_in_its_place() -> None:
    items = plan(captures(0, None, 20, None), item_bytes=200, halo=0)
    # It is owned once, and is not what the next item reads for the packets before its own.
    assert seen(items) == [("01", "01"), ("023", "23")]
    assert seen(plan(captures(None, 10), item_bytes=100, halo=0)) == [("01", "01")]


def test_missing_numbers_are_holes_and_a_new_beginning_is_not() -> None:
    files = captures(0, 10, 20, 30)
    files[2] = replace(files[2], number=6)
    files[3] = replace(files[3], number=1)
    items = plan(files, item_bytes=200)
    assert [item.holes for item in items] == [(), (Hole("a/t_*", (3, 5)),)]
    around = [replace(one, number=number) for one, number in zip(captures(0, 10, 20), (99_998, 99_999, 0))]
    assert plan(around)[0].holes == ()


def test_a_ring_is_read_in_the_order_of_its_packets() -> None:
    ring = captures(50, 60, 30, 40)
    assert seen(plan(ring)) == [("2301", "2301")]
    assert plan(ring)[0].holes == ()


def test_two_sets_of_a_sensor_are_both_read() -> None:
    long = captures(0, 100, set="a/long_*")
    short = captures(0, 10, 20, 30, set="a/s_*")
    items = plan([*long, *short], item_bytes=300, halo=0)
    # The file that goes on during the second item is read by it.
    assert [item.files[:2] for item in items][1] == ("a/long_*000", "a/s_*001")


def test_files_of_arbitrary_names_are_not_divided_without_end() -> None:
    alone = [one for at in range(30) for one in captures(at, set=f"a/{at:02}.pcap", number=None)]
    items = plan(alone, item_bytes=100, halo=0)
    assert sum(len(item.files) for item in items) < 4 * len(alone)


def test_sensors_have_items_of_their_own() -> None:
    other = [replace(one, sensor="b", path=f"b{one.path}") for one in captures(0, 10)]
    assert [item.sensor for item in plan([*other, *captures(0, 10)])] == ["a", "b"]


@pytest.mark.parametrize("seed", range(20))
def test_every_file_has_one_owner_and_every_packet_a_reader(seed: int) -> None:
    """Whatever the sizes and limits, an item is given each file that may hold packets of its span."""
    chance = random.Random(seed)
    starts = sorted(chance.choices(range(200), k=40))
    files = captures(*(None if chance.random() < 0.1 else start for start in starts))
    halo = chance.randrange(30)
    items = plan(files, item_bytes=chance.randrange(100, 900), item_seconds=chance.choice([None, 20]), halo=halo)
    assert sorted(path for item in items for path in item.own) == sorted(one.path for one in files)
    assert [item.owns[1] for item in items[:-1]] == [item.owns[0] for item in items[1:]]
    timed = [one for one in files if one.first is not None]
    for item in items:
        begin, end = item.owns
        for one, after in zip(timed, [*timed[1:], None]):
            # A file lasts until the next begins.
            is_over = begin is not None and after is not None and (after.first or 0) < begin
            is_ahead = end is not None and (one.first or 0) >= end + halo * SECOND
            assert is_over or is_ahead or one.path in item.files
