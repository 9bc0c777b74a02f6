"""One reader: build it from its parts, run it, and stop it without losing messages."""

from __future__ import annotations

import asyncio
import logging
import signal
from functools import partial
from pathlib import Path

from common.command_line import command
from common.frames import Batch
from common.logs import counts
from common.settings import EXTENDED, Settings, SettingsError
from common.supervisor_watch import call_when_supervisor_has_gone, is_supervised
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from readers.link.sender import Sender
from readers.membership import Membership
from readers.message_keeper import MessageKeeper, remove_messages
from readers.opt_out.current_list import CurrentList
from readers.opt_out.file import OPT_OUT_FILE
from readers.opt_out.people import People
from readers.opt_out.redaction import names_them
from readers.opt_out.withholding import Withholding
from readers.outbox.errors import OutboxError
from readers.outbox.outbox import Outbox
from readers.parsing.line_parser import line_parser
from readers.presence import ChannelPresence
from readers.record_builder import RecordBuilder
from readers.room_settings import RoomSettings
from readers.status_keeper import StatusKeeper
from readers.twitch.credentials import check_login, credentials

#: Seconds that a stopping reader waits for acknowledgements.
DRAIN_WITHIN_S = 10.0

#: Seconds between wake-ups of a reader without supervisord. The health check of its container
#: tests whether it wakes up.
WAKE_UP_EVERY_S = 5.0

logger = logging.getLogger(__name__)


async def read_channel(channel: str, settings: Settings) -> None:
    """
    Read *channel* until SIGTERM or SIGINT, then send what is left in the outbox.

    Raises OutboxError when the outbox cannot be used, and SettingsError when the settings for the
    login or the publisher are missing or wrong, or optout.conf cannot be read.
    """
    check_login(settings)
    publishers = publisher_addresses(settings)
    opted_out = CurrentList(Path(OPT_OUT_FILE))
    status = StatusKeeper(channel, settings)
    problem = "the reader ended unexpectedly: see its log"
    try:
        await _read(channel, settings, publishers, opted_out, status)
        problem = ""
    except (OutboxError, SettingsError) as error:
        problem = str(error)
        raise
    finally:
        status.on_stopped(problem)


async def _read(
    channel: str,
    settings: Settings,
    publishers: list[PublisherAddress],
    opted_out: CurrentList,
    status: StatusKeeper,
) -> None:
    path = settings.state_dir / "outbox" / f"{channel}.db"
    outbox = Outbox(path, channel, settings.outbox_max_bytes, status.status)
    sender = Sender(outbox, publishers, after_tick=status.write)
    status.observe(outbox, sender)

    shown = _shown_messages(channel, settings)

    def append(batch: Batch) -> None:
        stored = outbox.append(batch)
        sender.send(stored)
        if stored is None:
            # Something was evicted, or would be lost with this process.
            status.write()
        if shown:
            shown.on_put(batch)

    def takes_events() -> bool:
        return sender.takes_events

    builder = RecordBuilder(append, takes_events)
    room_settings = RoomSettings(channel, status.status, builder.take, takes_events)
    presence = ChannelPresence(channel, outbox, append, sender.report_presence)
    log_in_as = partial(credentials, settings)
    membership = Membership(
        channel,
        settings,
        log_in_as,
        builder.take,
        presence,
        parser=_withholding(settings, opted_out, status, shown).parser,
        room_settings=room_settings,
        status=status,
    )
    waiting = outbox.waiting
    logger.info("started with %d messages in the outbox", waiting, extra=counts(waiting=waiting))
    try:
        await _until_stopped(membership, sender, status)
        # The disk may have room by now.
        outbox.tidy()
    except ExceptionGroup as group:
        # One task failed; the others were cancelled.
        raise group.exceptions[0] from None
    finally:
        log_summary(outbox, builder)
        status.leave_outbox()
        outbox.close()
        if shown:
            shown.close()


def _shown_messages(channel: str, settings: Settings) -> MessageKeeper | None:
    if settings.monitor_show_messages:
        return MessageKeeper(settings.state_dir, channel)
    remove_messages(settings.state_dir, channel)
    return None


def _withholding(
    settings: Settings, opted_out: CurrentList, status: StatusKeeper, shown: MessageKeeper | None
) -> Withholding:
    """Return what parses lines without those who have opted out, also of what is *shown*."""

    def forget(people: People) -> None:
        if shown:
            shown.remove(partial(names_them, people=people))

    plain = line_parser(extended=settings.kafka_message_fields == EXTENDED)
    return Withholding(opted_out, plain, on_dropped=status.on_opted_out, on_change=forget)


async def _until_stopped(membership: Membership, sender: Sender, status: StatusKeeper) -> None:
    stopped = _stop_requests(status)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(sender.run())
        staying = tasks.create_task(membership.stay())
        await stopped.wait()
        staying.cancel()
        await asyncio.wait([staying])
        await sender.wait_until_empty(DRAIN_WITHIN_S)
        sending.cancel()


def _stop_requests(status: StatusKeeper) -> asyncio.Event:
    """Return an event that is set when the reader should stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        logger.info("stopping")
        stopped.set()

    def stop_alone() -> None:
        logger.warning("supervisord has ended: stopping, because the next one starts a new reader")
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    call_when_supervisor_has_gone(stop_alone)
    if not is_supervised():
        _wake_up(loop, status)
    return stopped


def _wake_up(loop: asyncio.AbstractEventLoop, status: StatusKeeper) -> None:
    status.write()
    loop.call_later(WAKE_UP_EVERY_S, _wake_up, loop, status)


def log_summary(outbox: Outbox, builder: RecordBuilder) -> None:
    """Log what *builder* has made, and what of it stays in *outbox* or is lost."""
    lost = outbox.unwritten
    left = outbox.waiting - lost
    dropped = ""
    if builder.repeated or builder.skipped_emote_positions:
        dropped = (
            f" (dropped {builder.repeated} duplicates"
            f" and {builder.skipped_emote_positions} invalid emote positions)"
        )
    logger.info(
        "stopped after %d messages%s",
        builder.messages,
        dropped,
        extra=counts(
            messages=builder.messages,
            duplicates=builder.repeated,
            invalid_emote_positions=builder.skipped_emote_positions,
            left=left,
            lost=lost,
        ),
    )
    if lost:
        logger.error(
            "%d messages could not be written to the outbox: they are lost, unless Kafka has them"
            " already. A gap record is added at the next start",
            lost,
        )
    if left:
        logger.warning(
            "%d messages are not acknowledged: they stay in the outbox, and are sent when this"
            " channel is read again; if it will not be, `%s` sends them",
            left,
            command("drain"),
        )
