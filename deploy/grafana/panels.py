"""
What the dashboard shows: its rows, their panels, and each panel's queries (see queries.py).

Every query also answers if the label `channel` is missing, as with METRICS_PER_CHANNEL=false.
"""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from panel import Panel

OVERVIEW = [
    Panel(
        "Alerts",
        "Alerts of this service that fire now.",
        units.Short,
        {"": 'count(ALERTS{alertname=~"TwitchIngestion.*", alertstate="firing"}) or vector(0)'},
        is_number=True,
        bad_from=1,
    ),
    Panel(
        "Channels",
        "Channels that the chosen hosts should read.",
        units.Short,
        {"": "sum(channels_configured H{})"},
        is_number=True,
    ),
    Panel(
        "In their channel",
        "Readers whose join Twitch has confirmed.",
        units.PercentUnit,
        {"": "avg(reader_in_channel C{})"},
        is_number=True,
    ),
    Panel(
        "Received",
        "Chat messages per second.",
        units.CountsPerSecond,
        {"": "sum(rate(received_messages_total C{}[$__rate_interval]))"},
        is_number=True,
    ),
    Panel(
        "In Kafka",
        "Records per second that Kafka has confirmed.",
        units.CountsPerSecond,
        {"": "sum(rate(published_messages_total H{}[$__rate_interval]))"},
        is_number=True,
    ),
    Panel(
        "Waiting",
        "Records in outboxes.",
        units.Short,
        {"": "sum(outbox_messages C{})"},
        is_number=True,
    ),
    Panel(
        "Lost",
        "Messages that were received and given up in the chosen time.",
        units.Short,
        {"": "sum(increase(dropped_messages_total C{reason!='opt_out'}[$__range]))"},
        is_number=True,
        bad_from=0.5,
    ),
    Panel(
        "Unaccounted",
        "What the books of readers and publisher cannot account for.",
        units.Short,
        {"": "sum(abs(unaccounted_messages H{}))"},
        is_number=True,
        bad_from=1,
    ),
    Panel(
        "Login ends in",
        "Empty without a login: readers are anonymous then.",
        units.Seconds,
        {"": "min(token_expiry_timestamp_seconds H{}) - time()"},
        is_number=True,
    ),
]

LOSS_AND_GAPS = [
    Panel(
        "Messages given up",
        "Received, and never to be in Kafka.",
        units.Short,
        {
            "{{reason}}": (
                "sum by (reason)"
                " (increase(dropped_messages_total C{reason!='opt_out'}[$__rate_interval]))"
            )
        },
    ),
    Panel(
        "Time missed, by reason",
        "Seconds of all channels, for each second.",
        units.Seconds,
        {"{{reason}}": "sum by (reason) (rate(gap_seconds_by_reason_total H{}[$__rate_interval]))"},
    ),
    Panel(
        "Time missed, by channel",
        "In the hour before, the ten channels with the most. One line without METRICS_PER_CHANNEL.",
        units.Seconds,
        {"{{channel}}": "topk(10, sum by (channel) (increase(gap_seconds_total C{}[1h])))"},
    ),
    Panel(
        "Left out or refused",
        "Not in a topic of theirs: sent by another reader too, switched off, or refused by Kafka.",
        units.Short,
        {
            "copies": "sum(increase(duplicate_messages_total H{}[$__rate_interval]))",
            "gap records": "sum(increase(left_out_gaps_total H{}[$__rate_interval]))",
            "events": "sum(increase(left_out_events_total H{}[$__rate_interval]))",
            "dead letters": "sum(increase(dead_letters_total H{}[$__rate_interval])) or vector(0)",
        },
    ),
]

WAITING = [
    Panel(
        "Records that wait",
        "In outboxes by host, and at the publisher: taken, but not confirmed yet.",
        units.Short,
        {
            "{{instance}}": "sum by (instance) (outbox_messages C{})",
            "publisher": "sum(unconfirmed_messages H{})",
        },
    ),
    Panel(
        "Largest outboxes",
        "The ten largest. One line without METRICS_PER_CHANNEL: the largest of a host.",
        units.BytesIEC,
        {"{{channel}} {{instance}}": "topk(10, outbox_bytes C{})"},
    ),
    Panel(
        "Age of the oldest record that waits",
        "0 if none waits.",
        units.Seconds,
        {
            "{{instance}}": "max by (instance) ((time() - outbox_oldest_timestamp_seconds C{})"
            " * (outbox_oldest_timestamp_seconds C{} > bool 0))"
        },
    ),
    Panel(
        "Time until an outbox is full",
        "As the fullest one of a host grows now; 30 days stands for longer.",
        units.Seconds,
        {
            "{{instance}}": "clamp_max(min by (instance)"
            " (outbox_limit_bytes H{} - on (job, instance) group_right outbox_bytes C{})"
            " / max by (instance) (clamp_min(deriv(outbox_bytes C{}[15m]), 1)), 30 * 86400)"
        },
    ),
    Panel(
        "Free disk space",
        "Where the outboxes are.",
        units.BytesIEC,
        {"{{instance}}": "state_free_bytes H{}"},
    ),
]

DELAY = [
    Panel(
        "From Twitch to Kafka",
        "From Twitch's timestamp to Kafka's confirmation.",
        units.Seconds,
        {
            f"p{percent}": f"histogram_quantile({percent / 100},"
            " sum by (le) (rate(delivery_seconds_bucket H{}[$__rate_interval])))"
            for percent in (50, 99)
        },
    ),
    Panel(
        "From publisher to Kafka",
        "From taking a batch to Kafka's confirmation.",
        units.Seconds,
        {
            f"p{percent}": f"histogram_quantile({percent / 100},"
            " sum by (le) (rate(publish_seconds_bucket H{}[$__rate_interval])))"
            for percent in (50, 99)
        },
    ),
    Panel(
        "Messages by their delay",
        "From Twitch's timestamp to Kafka's confirmation.",
        units.Seconds,
        {"{{le}}": "sum by (le) (increase(delivery_seconds_bucket H{}[$__rate_interval]))"},
    ),
]

KAFKA = [
    Panel(
        "Queue of Kafka's client",
        "Messages that it holds, and how many it may hold.",
        units.Short,
        {
            "holds": "sum(kafka_queue_messages H{})",
            "may hold": "sum(kafka_queue_limit_messages H{})",
        },
    ),
    Panel(
        "Time that a request takes",
        "99 % of the requests to a broker take at most this long.",
        units.Seconds,
        {"{{broker}}": 'kafka_broker_rtt_seconds H{quantile="0.99"}'},
    ),
    Panel(
        "Requests that went wrong",
        "Failed, sent again, not answered in time.",
        units.Short,
        {
            "failed {{broker}}": "increase(kafka_request_errors_total H{}[$__rate_interval])",
            "again {{broker}}": "increase(kafka_request_retries_total H{}[$__rate_interval])",
            "no answer {{broker}}": "increase(kafka_request_timeouts_total H{}[$__rate_interval])",
        },
    ),
    Panel(
        "Held back by a quota",
        "99 % of the requests are held back for at most this long.",
        units.Seconds,
        {"{{broker}}": 'kafka_broker_throttle_seconds H{quantile="0.99"}'},
    ),
    Panel(
        "Reachable",
        "1 while a broker answers, and while the connection to each is up.",
        units.Short,
        {"Kafka": "min(kafka_reachable H{})", "{{broker}}": "kafka_broker_up H{}"},
    ),
    Panel(
        "Sent to Kafka",
        "Bytes per second, after compression.",
        units.BytesPerSecondIEC,
        {"bytes": "sum(rate(kafka_sent_bytes_total H{}[$__rate_interval]))"},
    ),
]

PROCESSES = [
    Panel(
        "Programs that run",
        "1 while it runs.",
        units.Short,
        {"{{program}} {{instance}}": "program_up H{}"},
    ),
    Panel(
        "Readers by state",
        "supervisord's states. RUNNING is what it should be.",
        units.Short,
        {"{{state}}": "sum by (state) (readers H{}) > 0"},
    ),
    Panel(
        "Memory",
        "Of each program, and of all readers of a host together.",
        units.BytesIEC,
        {"{{program}} {{instance}}": "process_resident_memory_bytes H{}"},
    ),
    Panel(
        "Processors",
        "1 is one processor, busy all the time.",
        units.Short,
        {"{{program}} {{instance}}": "rate(process_cpu_seconds_total H{}[$__rate_interval])"},
    ),
    Panel(
        "Connections and sessions",
        "New connections to chat, and new sessions of the publisher. Many are a sign of trouble.",
        units.Short,
        {
            "connections": "sum(increase(reader_connects_total C{}[$__rate_interval]))",
            "sessions": "sum(increase(publisher_sessions_total H{}[$__rate_interval]))",
        },
    ),
    Panel(
        "Monitoring",
        "Status pages that cannot be read, and how long a scrape takes in seconds.",
        units.Short,
        {
            "unreadable": "sum(status_pages_unreadable H{})",
            "scrape {{instance}}": 'scrape_duration_seconds{job=~"twitch-ingestion.*",'
            ' instance=~"$instance"}',
        },
    ),
]

ROWS = {
    "Overview": OVERVIEW,
    "Loss and gaps": LOSS_AND_GAPS,
    "Waiting": WAITING,
    "Delay": DELAY,
    "Kafka": KAFKA,
    "Processes": PROCESSES,
}
