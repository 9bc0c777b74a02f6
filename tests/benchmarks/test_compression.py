"""The benchmark of compression, and the chat that it says."""

from __future__ import annotations

import re

from benchmarks.compression import compare, sizes
from benchmarks.installation import CHANNEL
from benchmarks.load import demo_chat, recombined
from tests.kafka.broker import KafkaBroker

_SAID = re.compile(rb"user-id=(\d+)\S* :(\S+) PRIVMSG #\S+ :(.*)\r\n$")


def test_no_author_says_a_text_twice() -> None:
    """Lines that are repeated as they are would be compressed better than chat is."""
    recorded = [
        b"@id=x;user-id=%d :u%d!u%d@u%d PRIVMSG #alpha :text %d" % ((number,) * 5)
        for number in range(20)
    ]
    lines = recombined(recorded, CHANNEL, 20 * len(recorded))

    said = [found.groups() for line in lines if (found := _SAID.search(line))]
    assert len(set(said)) == len(lines)
    assert all(prefix == b"u%s!u%s@u%s" % ((user,) * 3) for user, prefix, _ in said)


def test_a_codec_has_figures_of_time_and_of_size(own_kafka: KafkaBroker) -> None:
    """Larger batches are compressed better."""
    lines = recombined(demo_chat(), CHANNEL, 100)
    [none, zstd] = compare(own_kafka, ["none", "zstd"], lines, rate=0, rounds=1)
    assert list(none) == ["codec", "messages", "rounds", "messages/s", "publisher us", "Kafka us"]
    assert zstd["codec"] == "zstd"

    [none, zstd] = sizes(own_kafka, ["none", "zstd"], demo_chat()[:101])
    one, many = zstd["batch of 1"], zstd["batch of 100"]
    assert float(str(many)) < float(str(one)) < float(str(none["batch of 1"]))
