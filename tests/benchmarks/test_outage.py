"""The benchmark of what an operator is told while Kafka is away."""

from __future__ import annotations

from benchmarks import outage
from benchmarks.watch import Look


def test_an_outage_of_seconds_is_seen_and_nothing_is_lost() -> None:
    """With a real Kafka and a real Prometheus."""
    watch, _, counts = outage.measure(seconds=3, after_s=3, rate=60, before_s=3)
    assert counts["said"] > 0
    assert counts["received"] == counts["published"] == counts["in Kafka"] == counts["said"]
    assert counts["most unaccounted"] == counts["counters that fell"] == 0
    # Seen in some look: at which second depends on the machine's load.
    assert {look.figures.get("kafka_reachable") for look in watch.looks} >= {0, 1}
    assert {name for look in watch.looks for name in look.not_ready} <= {"kafka", "publisher"}
    assert not any(look.not_live for look in watch.looks)


def test_the_table_leaves_out_what_differs_in_figures_only() -> None:
    """The first second and the last are always there."""

    def look(second: float, sentence: str, published: float) -> Look:
        figures = dict.fromkeys(("kafka_reachable", "published_messages_total"), published)
        figures["kafka_reachable"] = 1
        return Look(second, sentence, "ok", figures, {}, {}, {}, [])

    looks = [
        look(0, "12 messages wait on disk", 0),
        look(1, "1 message waits on disk", 10),
        look(2, "2,000 messages wait on disk", 20),
        look(3, "all in Kafka", 40),
        look(4, "all in Kafka", 70),
    ]
    lines = list(outage.table(looks, 2, every=False))
    assert [line.split("|")[1:3] for line in lines[2:]] == [
        [" -2 ", " 12 messages wait on disk "],
        [" 1 ", " all in Kafka "],
        [" 2 ", " all in Kafka "],
    ]
    assert [line.split("|")[6] for line in lines[2:]] == [" 0 ", " 20 ", " 30 "]
    assert len(list(outage.table(looks, 2, every=True))) == len(looks) + 2
