"""The benchmark of memory over time."""

from __future__ import annotations

from benchmarks import soak


def test_the_memory_of_every_process_is_sampled_and_nothing_is_lost() -> None:
    """In a run of a few seconds."""
    result, samples = soak.measure("embedded", minutes=0.04, rate=100, sample_every_s=0.3)
    assert result.keys() == {"kafka", "minutes", "messages", "messages/s", "lost"}
    assert result["lost"] == 0
    assert result["messages"] != 0
    processes = {"supervisord", "publisher", "monitor"} | {
        f"readers channel_{number}" for number in range(soak.READERS)
    }
    assert all(sample.keys() == {"minutes", *processes} for sample in samples)
    assert {row["process"] for row in soak.summary(samples)} == processes


def test_the_summary_separates_growth_from_the_first_allocations() -> None:
    """The slope is that of the second half: here 1 MiB a minute, after a jump."""
    memory = [1.0, 50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 56.0]
    samples = [{"minutes": minute, "publisher": mib} for minute, mib in enumerate(memory)]
    assert soak.summary([dict(sample) for sample in samples]) == [
        {
            "process": "publisher",
            "min MiB": 1,
            "first quarter MiB": 25.5,
            "last quarter MiB": 55.5,
            "slope MiB/h": 60,
        }
    ]
