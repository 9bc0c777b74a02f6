"""`python -m simulator`: a local Twitch with recorded chat, and with `--oauth` also logins."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import signal
import ssl
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from common import exit_codes
from common.arguments import real_number, whole_number
from common.logs import formatter
from common.supervisor_watch import call_when_supervisor_has_gone
from simulator.certificates import AUTHORITY_FILE, server_tls
from simulator.chat_server import ChatServer
from simulator.local_application import local_oauth_server, oauth_settings
from simulator.oauth_server import OAuthServer
from simulator.playback import load_recordings, play

logger = logging.getLogger("simulator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, or until supervisord has ended; return the exit status."""
    options = _parse(arguments)
    handler = logging.StreamHandler(sys.stdout)
    # As the programs that it runs beside in the demo.
    handler.setFormatter(formatter("simulator", log_format=os.environ.get("LOG_FORMAT", "text")))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        with _oauth_server(options.oauth_port) if options.oauth else nullcontext() as oauth:
            asyncio.run(_serve(options, oauth))
    except (OSError, _StartError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return exit_codes.FAILURE
    return exit_codes.OK


class _StartError(Exception):
    """Raised when the simulator cannot start. The text is one line for the user."""


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A local Twitch chat server. It plays recorded chat in a few channels, in a "
        "loop.",
        epilog="To connect a reader, set TWITCH_IRC_HOST=localhost, TWITCH_IRC_PORT, and the "
        "environment variable SSL_CERT_FILE to the ca.pem in the TLS directory; or, with --plain, "
        "TWITCH_IRC_TLS=false. With --oauth, all settings are printed.",
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, 65535),
        default=6697,
        metavar="NUMBER",
        help="port on 127.0.0.1 of the chat server; 0 chooses a free one (default: 6697)",
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
    parser.add_argument(
        "--oauth",
        action="store_true",
        help="also serve Twitch's OAuth; the chat accepts the tokens that it issues, and readers "
        "without one",
    )
    parser.add_argument(
        "--oauth-port",
        type=whole_number(0, 65535),
        default=6698,
        metavar="NUMBER",
        help="port of the OAuth server; 0 chooses a free one (default: 6698)",
    )
    return parser.parse_args(arguments)


def _oauth_server(port: int) -> OAuthServer:
    try:
        return local_oauth_server(port)
    except OSError as error:
        raise _StartError(_explain(error, port, "--oauth-port")) from None


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.plain:
        return None
    try:
        return server_tls(options.tls_directory)
    except ModuleNotFoundError as error:
        if error.name != "trustme":
            raise
        raise _StartError(
            "TLS needs the package trustme: install this project's extra `simulator` (in a clone:"
            " scripts/install simulator), or use --plain"
        ) from None


def _explain(error: OSError, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use: stop the program that uses it, or choose another with {option}"
        )
    return str(error)


async def _serve(options: argparse.Namespace, oauth: OAuthServer | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    call_when_supervisor_has_gone(stop.set)
    recordings = load_recordings()
    room_ids = {recording.channel: recording.room_id for recording in recordings}
    server = ChatServer(port=options.port, tls=_tls(options), room_ids=room_ids)
    if oauth is not None:
        server.state.tokens = oauth.state.valid_tokens
    try:
        await server.start()
    except OSError as error:
        raise _StartError(_explain(error, options.port, "--port")) from None
    try:
        transport = "plain" if options.plain else "TLS"
        logger.info("listening on %s:%s (%s)", server.host, server.port, transport)
        if oauth is not None:
            _print_settings(options, server, oauth)
        players = [
            asyncio.create_task(play(server, recording, messages_per_s=options.rate))
            for recording in recordings
        ]
        logger.info("playing in #%s", ", #".join(room_ids))
        await _first(stop, players)
        logger.info("stopping")
    finally:
        await server.close()


def _print_settings(options: argparse.Namespace, server: ChatServer, oauth: OAuthServer) -> None:
    settings = {"TWITCH_IRC_HOST": "localhost", "TWITCH_IRC_PORT": str(server.port)}
    if options.plain:
        settings["TWITCH_IRC_TLS"] = "false"
    settings |= oauth_settings(oauth)
    print(
        "Settings for .env:\n", *(f"    {name}={text}\n" for name, text in settings.items()), sep=""
    )
    if not options.plain:
        authority = (options.tls_directory / AUTHORITY_FILE).absolute()
        print(f"Environment variable, not for .env:\n    SSL_CERT_FILE={authority}\n")
    sys.stdout.flush()


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
