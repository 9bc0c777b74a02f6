"""A local Twitch chat server that plays recorded chat: `python -m simulator`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from common import exit_codes
from common.arguments import real_number, whole_number
from simulator.certificates import server_tls
from simulator.chat_server import ChatServer
from simulator.playback import Recording, load_recordings, play

logger = logging.getLogger("simulator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    options = _parse(arguments)
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s simulator: %(message)s"
    )
    try:
        tls = None if options.plain else server_tls(options.tls_directory)
        asyncio.run(_serve(options.port, tls, load_recordings(), options.rate))
    except OSError as error:
        print(f"simulator: {_explain(error, options.port)}", file=sys.stderr)
        return exit_codes.FAILURE
    return exit_codes.OK


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A local Twitch chat server. It plays recorded chat in a few channels, in a "
        "loop.",
        epilog="To connect a reader, set TWITCH_IRC_HOST=localhost, TWITCH_IRC_PORT, and "
        "SSL_CERT_FILE to the ca.pem in the TLS directory.",
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, 65535),
        default=6697,
        metavar="NUMBER",
        help="port on 127.0.0.1 to listen on; 0 chooses a free one (default: 6697)",
    )
    parser.add_argument(
        "--rate",
        type=real_number(0.001, 100_000),
        default=3.0,
        metavar="NUMBER",
        help="average messages per second in each channel, 0.001 to 100000 (default: 3)",
    )
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument(
        "--tls-directory",
        type=Path,
        default=Path("var/simulator"),
        metavar="DIR",
        help="directory of the certificates, created if missing (default: var/simulator)",
    )
    transport.add_argument("--plain", action="store_true", help="use plain TCP, without TLS")
    return parser.parse_args(arguments)


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use: stop the program that uses it, or choose another with --port"
        )
    return str(error)


async def _serve(
    port: int, tls: ssl.SSLContext | None, recordings: list[Recording], messages_per_s: float
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    room_ids = {recording.channel: recording.room_id for recording in recordings}
    async with ChatServer(port=port, tls=tls, room_ids=room_ids) as server:
        logger.info("listening on %s:%s (%s)", server.host, server.port, "TLS" if tls else "plain")
        players = [
            asyncio.create_task(play(server, recording, messages_per_s=messages_per_s))
            for recording in recordings
        ]
        logger.info("playing in #%s", ", #".join(room_ids))
        await _first(stop, players)
        logger.info("stopping")


async def _first(stop: asyncio.Event, players: list[asyncio.Task[None]]) -> None:
    """Return when *stop* is set. If one of the *players* fails first, raise its error."""
    waiting = asyncio.create_task(stop.wait())
    done, pending = await asyncio.wait([waiting, *players], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


if __name__ == "__main__":
    sys.exit(main())
