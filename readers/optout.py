"""
`twitch-ingestion optout`: record nothing of some people any more, and tell stores to erase what
they have of them.

1. The line is in optout.conf before the record is made. Readers see it within a second.
2. The record goes through an outbox of its own, so a kill loses it no more than a message.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from common import exit_codes
from common.arguments import add_time_limit, main_of, with_reason
from common.command_line import command
from common.file_lock import file_lock
from common.frames import Batch, Kind, Record
from common.opt_out import OptOut, encode_opt_out
from common.service_user import refuse_as_root
from common.settings import Settings, SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from common.unix_time import unix_ms
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from readers.link.send_all import send_all
from readers.opt_out.edit import add_people, remove_people
from readers.opt_out.file import OPT_OUT_FILE, OPT_OUT_OUTBOX, is_id, opt_out_entry
from readers.outbox.errors import OutboxError, OutboxPlaceError
from readers.outbox.outbox import Outbox
from readers.record_builder import RECORDS_PER_BATCH
from readers.wanted_channels import CHANNELS_FILE

#: Seconds to wait for another `optout`, which changes the same file.
_TURN_WITHIN_S = 60.0

_EXAMPLE = """\
example:
  twitch-ingestion optout 12826 twitch        both the id and the login, which is best
  twitch-ingestion optout --remove 12826 twitch

exit status:
  0   done
  1   not published; what is in optout.conf holds all the same
  2   the command line is wrong; nothing was changed
  78  a setting or the folder is wrong, or optout.conf cannot be read or written"""

logger = logging.getLogger("readers.optout")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        f"Add people to {OPT_OUT_FILE}, so that the readers of this host leave out what they say"
        " and what is about them, within a second. Publish a record for each of them, of type"
        " opt_out, from which stores learn that they should erase what they have. With --remove,"
        " remove them from the file; nothing is published then."
    )
    parser.epilog = f"{_EXAMPLE}\n\n{settings_help('optout')}"
    parser.add_argument(
        "people",
        nargs="+",
        metavar="ID",
        type=with_reason(opt_out_entry),
        help="Twitch's id of a user, or a login name that is not of digits only",
    )
    parser.add_argument(
        "--remove", action="store_true", help=f"remove them from {OPT_OUT_FILE} instead"
    )
    add_time_limit(parser, "publishing", 30)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    settings = start("optout")
    state, path = settings.state_dir, Path(OPT_OUT_FILE).absolute()
    refuse_as_root("optout", [path, state, state / "outbox"])
    try:
        _refuse_other_folder(path, state)
        publishers = publisher_addresses(settings)
    except SettingsError as error:
        return settings_are_wrong(error)
    people = list(dict.fromkeys(options.people))
    try:
        state.mkdir(parents=True, exist_ok=True)
        with file_lock(state / "opt-out.lock", within_s=_TURN_WITHIN_S):
            if options.remove:
                return _remove(path, people)
            _add(path, people)
            return _publish(people, settings, publishers, options.within)
    except TimeoutError as error:
        logger.error("%s, another `optout`: nothing was changed; run this again", error)
        return exit_codes.FAILURE
    except OSError as error:
        return settings_are_wrong(SettingsError(f"cannot change {path}: {error.strerror}"))
    except OutboxError as error:
        logger.error("%s. %s is changed, but nothing was published: run this again", error, path)
        # As with a wrong setting, there can be no outbox until somebody changes something.
        is_wrong = isinstance(error, OutboxPlaceError)
        return exit_codes.SETTINGS if is_wrong else exit_codes.FAILURE


def _refuse_other_folder(path: Path, state: Path) -> None:
    """Raise SettingsError if no reader looks at *path*: people would be recorded in spite of it."""
    signs = (path, path.with_name(CHANNELS_FILE), state / "outbox")
    if not any(map(os.path.lexists, signs)):
        raise SettingsError(
            f"nothing was changed: in {path.parent}, there is neither {OPT_OUT_FILE} nor"
            f" {CHANNELS_FILE}, and no reader has run with this STATE_DIR. Run this command in the"
            " folder of the installation"
        )


def _add(path: Path, people: Sequence[str]) -> None:
    added = add_people(path, people)
    logger.info(
        "%s: %d added, %d there already; readers of this host leave them out",
        path,
        added,
        len(people) - added,
    )


def _remove(path: Path, people: Sequence[str]) -> int:
    removed = remove_people(path, people)
    logger.info("%s: %d removed, %d not there", path, len(removed), len(people) - len(removed))
    return exit_codes.OK


def _publish(
    people: Sequence[str],
    settings: Settings,
    publishers: Sequence[PublisherAddress],
    within_s: float,
) -> int:
    """Publish a record for each of *people*. Raises OutboxError."""
    path = settings.state_dir / "outbox" / f"{OPT_OUT_OUTBOX}.db"
    outbox = Outbox(path, OPT_OUT_OUTBOX, settings.outbox_max_bytes)
    try:
        records = [_record(entry, unix_ms()) for entry in people]
        for start_at in range(0, len(records), RECORDS_PER_BATCH):
            outbox.append(Batch(Kind.EVENT, records[start_at : start_at + RECORDS_PER_BATCH]))
        logger.info(
            "publishing %d records; the outbox keeps them until Kafka has them", outbox.waiting
        )
        given_up = asyncio.run(send_all(outbox, publishers, within_s))
        left = outbox.waiting
        unwritten = outbox.unwritten
    finally:
        outbox.close()
    if given_up:
        logger.error(
            "the publisher takes no events, so nothing was published: KAFKA_TOPIC_CHAT_EVENTS is"
            " empty there, or it is of an older release. Change that, and run this again"
        )
    elif unwritten:
        logger.error("%d records could not be stored, and are lost: run this again", unwritten)
    elif left:
        logger.error(
            "not published within %g s: %d records wait in %s, and `%s` sends them",
            within_s,
            left,
            path,
            command("drain"),
        )
    else:
        logger.info("published")
        return exit_codes.OK
    return exit_codes.FAILURE


def _record(entry: str, now_ms: int) -> Record:
    who = {"user_id": entry} if is_id(entry) else {"username": entry}
    key = entry.encode()
    value = encode_opt_out(OptOut(**who, timestamp=now_ms))
    return Record(key, now_ms, value, b"opt_out:%b:%d" % (key, now_ms))


if __name__ == "__main__":
    sys.exit(main_of("python -m readers.optout", add_arguments, run))
