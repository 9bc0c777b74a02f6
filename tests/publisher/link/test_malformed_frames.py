"""Malformed messages are counted, logged at a bounded rate, and dropped without harm."""

from __future__ import annotations

import random
import re
import socket
import time

import msgspec
import pytest

from common.frames import VERSION, Batch, Envelope, Kind, Presence, Record, encode_frame
from publisher.link.frame_validation import MAX_RECORDS, MalformedError, read_message
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import KEY, READER, chat, connected_reader, start_publisher
from tests.topics import read_all

ENVELOPE = encode_frame(Envelope(READER, 1, 1, 1))
BATCH = encode_frame(Batch(Kind.CHAT, [Record(KEY, 1, b"{}")]))
PRESENCE = encode_frame(Presence(READER, "71", 5, 10))
OTHER_VERSION = bytes([VERSION + 1])


def envelope(reader: str = READER, first_seq: int = 1, oldest_seq: int = 1) -> bytes:
    return encode_frame(Envelope(reader, 1, first_seq, oldest_seq))


def positions(*, incarnation: int = 5, follows: int = 0, follows_incarnation: int = 0) -> bytes:
    """Return an envelope with these positions."""
    return encode_frame(Envelope(READER, 1, 1, 1, incarnation, follows, follows_incarnation))


def presence(
    reader: str = READER, channel_id: str = "71", since_ms: int = 5, until_ms: int = 10
) -> bytes:
    return encode_frame(Presence(reader, channel_id, since_ms, until_ms))


def batch(*records: tuple[object, object, object], kind: int = Kind.CHAT) -> bytes:
    """Encode a batch without the checks of Batch and Record."""
    return bytes([VERSION]) + msgspec.msgpack.encode([kind, [list(record) for record in records]])


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param([], "wrong number of parts", id="nothing"),
        pytest.param([ENVELOPE], "undecodable", id="envelope alone"),
        pytest.param([ENVELOPE, BATCH, b""], "wrong number of parts", id="one too many"),
        pytest.param([OTHER_VERSION + ENVELOPE[1:], BATCH], "unknown version", id="new envelope"),
        pytest.param([ENVELOPE, OTHER_VERSION + BATCH[1:]], "unknown version", id="new batch"),
        pytest.param([OTHER_VERSION + PRESENCE[1:]], "unknown version", id="new presence"),
        pytest.param([b"", BATCH], "undecodable", id="empty envelope"),
        pytest.param([ENVELOPE, b""], "undecodable", id="empty batch"),
        pytest.param([ENVELOPE[:-1], BATCH], "undecodable", id="truncated envelope"),
        pytest.param([ENVELOPE, BATCH[:-1]], "undecodable", id="truncated batch"),
        pytest.param([BATCH, ENVELOPE], "undecodable", id="wrong order"),
        pytest.param([ENVELOPE, batch((b"", 1, b""), kind=9)], "undecodable", id="unknown kind"),
        pytest.param([ENVELOPE, batch((b"", "1", b""))], "undecodable", id="timestamp of text"),
        pytest.param([envelope(reader=""), BATCH], "impossible values", id="no name"),
        pytest.param(
            [ENVELOPE.replace(b"xqc", b"x\xffc"), BATCH],
            "undecodable",
            id="a name that is not UTF-8",
        ),
        pytest.param([envelope(reader="x\0y"), BATCH], "impossible values", id="a NUL in the name"),
        pytest.param([envelope(reader="a\nb"), BATCH], "impossible values", id="name of two lines"),
        pytest.param([envelope(reader="a b"), BATCH], "impossible values", id="space in the name"),
        pytest.param([envelope(reader="a\x7f"), BATCH], "impossible values", id="DEL in the name"),
        pytest.param([envelope(reader="x" * 101), BATCH], "impossible values", id="long name"),
        pytest.param([envelope(first_seq=0, oldest_seq=0), BATCH], "impossible values", id="seq 0"),
        pytest.param([envelope(oldest_seq=2), BATCH], "impossible values", id="older than oldest"),
        pytest.param([envelope(first_seq=2**63 - 1), BATCH], "impossible values", id="seq too big"),
        pytest.param([positions(follows=1), BATCH], "impossible values", id="follows itself"),
        pytest.param([positions(follows=-1), BATCH], "impossible values", id="follows -1"),
        pytest.param([positions(incarnation=-1), BATCH], "impossible values", id="incarnation -1"),
        pytest.param(
            [positions(incarnation=2**63), BATCH], "impossible values", id="incarnation too big"
        ),
        pytest.param(
            [positions(follows_incarnation=-1), BATCH], "impossible values", id="follows one of -1"
        ),
        pytest.param(
            [positions(follows_incarnation=2**63), BATCH],
            "impossible values",
            id="follows one too big",
        ),
        pytest.param([ENVELOPE, batch()], "impossible values", id="no records"),
        pytest.param(
            [ENVELOPE, batch(*[(b"", 1, b"")] * (MAX_RECORDS + 1))],
            "impossible values",
            id="too many records",
        ),
        pytest.param([ENVELOPE, batch((b"", 0, b""))], "impossible values", id="timestamp 0"),
        pytest.param([ENVELOPE, batch((b"", -5, b""))], "impossible values", id="before 1970"),
        pytest.param([ENVELOPE, batch((b"", 2**63, b""))], "impossible values", id="beyond int64"),
        pytest.param([PRESENCE[:-1]], "undecodable", id="truncated presence"),
        pytest.param([presence(reader="")], "impossible values", id="presence without a name"),
        pytest.param([presence(channel_id="x" * 101)], "impossible values", id="long channel id"),
        pytest.param([presence(since_ms=0)], "impossible values", id="presence since 0"),
        pytest.param([presence(since_ms=11)], "impossible values", id="presence that ends first"),
        pytest.param([presence(until_ms=2**63)], "impossible values", id="presence beyond int64"),
    ],
)
def test_a_malformed_message_is_refused_with_a_reason(frames: list[bytes], reason: str) -> None:
    """Raises MalformedError; messages are counted by its reason."""
    with pytest.raises(MalformedError) as caught:
        read_message(frames)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([b"", b"", b""], "wrong number of parts: 3 instead of 1 or 2"),
        ([OTHER_VERSION + PRESENCE[1:]], f"unknown version: .*{VERSION + 1}"),
        ([b"", BATCH], "undecodable: empty frame"),
        ([presence(reader="")], "impossible values: the reader's name"),
        ([presence(channel_id="")], f"impossible values: the channel's id, of {READER}"),
        ([presence(since_ms=0)], f"impossible values: times of {READER}"),
        ([envelope(reader=""), BATCH], "impossible values: the reader's name"),
        ([ENVELOPE, batch()], "impossible values: 0 records"),
        ([envelope(oldest_seq=2), BATCH], f"impossible values: seq of {READER}"),
        ([positions(follows=1), BATCH], f"impossible values: what a batch of {READER} follows"),
        ([positions(incarnation=-1), BATCH], f"impossible values: incarnations of {READER}"),
        ([ENVELOPE, batch((b"", 0, b""))], f"impossible values: a timestamp of {READER}"),
    ],
)
def test_the_error_says_what_is_wrong(frames: list[bytes], text: str) -> None:
    """The log has it, with the reader's name if that is valid."""
    with pytest.raises(MalformedError, match=f"^{text}"):
        read_message(frames)


def test_an_envelope_and_a_batch_are_read() -> None:
    """Returns what was encoded."""
    assert read_message([ENVELOPE, BATCH]) == (
        Envelope(READER, 1, 1, 1),
        Batch(Kind.CHAT, [Record(KEY, 1, b"{}")]),
    )


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([envelope(reader="x" * 100), BATCH], id="the longest name"),
        pytest.param([envelope(reader="!~"), BATCH], id="the first and the last character"),
        pytest.param([envelope(first_seq=2**63 - 2, oldest_seq=1), BATCH], id="the last seq"),
        pytest.param([positions(incarnation=2**63 - 1), BATCH], id="the last incarnation"),
        pytest.param([positions(follows_incarnation=2**63 - 1), BATCH], id="it follows the last"),
        pytest.param([ENVELOPE, batch((b"", 1, b""), (b"", 2**63 - 1, b""))], id="timestamps"),
        pytest.param([ENVELOPE, batch(*[(b"", 1, b"")] * MAX_RECORDS)], id="the most records"),
        pytest.param([presence("x" * 100, "7" * 100, 1, 1)], id="the first presence"),
        pytest.param([presence(since_ms=5, until_ms=2**63 - 1)], id="the last presence"),
    ],
)
def test_the_largest_and_smallest_values_are_read(frames: list[bytes]) -> None:
    """Nothing is refused that a reader may send."""
    assert read_message(frames)


def test_a_presence_is_read_from_a_single_frame() -> None:
    """Returns what was encoded."""
    assert read_message([PRESENCE]) == Presence(READER, "71", 5, 10)


def test_malformed_frames_are_counted_and_logged_at_a_bounded_rate(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """A thousand of them make a line each 10 s, and the counts are logged at the end."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    rng = random.Random(1)
    started = time.monotonic()
    with connected_reader(publisher) as reader:
        for number in range(1000):
            frames = [rng.randbytes(rng.randrange(50)) for _ in range(rng.choice([1, 2, 3]))]
            reader.send_frames(frames)
            if number % 100 == 99:
                reader.send(chat(number // 100 + 1, 1), number // 100 + 1)
        reader.wait_for_acknowledgement(10)
    assert publisher.process.stop() == 0

    output = publisher.process.output()
    lines = output.count("dropped an invalid message")
    assert 1 <= lines <= 1 + (time.monotonic() - started) // 10
    counts = re.findall(r"(\d+) frames? dropped, ", output)
    assert sum(map(int, counts)) == 1000
    assert len(read_all(kafka.bootstrap, topic, timeout_s=20)) == 10


def test_a_frame_of_100_mb_ends_only_its_own_connection(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """It is never held in memory, and the log says that a connection has ended."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader, connected_reader(publisher, "bad/00") as bad:
        bad.send_frames([ENVELOPE, bytes(100_000_000)])
        wait_for_line(publisher.process, "has ended, .* a frame of more than 8 MiB", 60)
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

        assert _peak_memory_mb(publisher.process.pid) < 100

        bad.send(chat(1, 1), 1)
        bad.wait_for_acknowledgement(1)


def test_peers_that_do_not_speak_zeromq_are_logged_and_do_no_harm(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """HTTP requests are counted, and readers are served."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    host, port = publisher.batches.removeprefix("tcp://").split(":")
    for _ in range(10):
        with socket.create_connection((host, int(port))) as stray:
            stray.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + bytes(1000))
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    wait_for_line(publisher.process, "has ended, .* or the peer is no reader", 60)
    assert publisher.process.stop() == 0
    wait_for_line(publisher.process, "1[01] connections ended", 5)


def _peak_memory_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kilobytes) / 1024
