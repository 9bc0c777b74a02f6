"""
The login that auth keeps: in the token store, or in memory while it cannot be stored.

A renewal may spend the stored refresh token, so the new one must not be lost.

1. Before Twitch is asked, the store is written once more as it is. If that fails, Twitch is not
   asked, and nothing is spent.
2. A renewed login that cannot be stored nevertheless stays in memory. It is used and renewed from
   there, and stored as soon as that is possible. Readers have the old token until then.
3. A login that a person has made meanwhile replaces it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from common.command_line import command
from common.token_store import (
    LockedTokenStore,
    NotATokenStoreError,
    StoredToken,
    TokenStoreError,
    locked_token_store,
    read_token,
)

logger = logging.getLogger(__name__)


class KeptLogin:
    """The login in the store at *path*, or a newer one in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: The renewed login while it is not stored, and the stored one that it replaces.
        self._unsaved: StoredToken | None = None
        self._replaces: StoredToken | None = None
        #: Why it could not be stored, as it was logged.
        self._problem = ""

    def read(self) -> StoredToken | None:
        """Return the login to use, or None if there is none. Raises TokenStoreError."""
        self._save_unsaved()
        if self._unsaved:
            return self._unsaved
        try:
            return read_token(self._path)
        except NotATokenStoreError as damaged:
            return self._restored(damaged)

    def renew(
        self, token: StoredToken, ask: Callable[[StoredToken], StoredToken]
    ) -> StoredToken | None:
        """
        Return what *ask* returns for *token*, after storing it or keeping it in memory.

        Returns None, without asking, if another login is in the store by now. Raises
        TokenStoreError, without asking, if the store cannot be written, and the errors of *ask*.
        """
        if token is self._unsaved:
            # Only this process has it, so neither the lock nor the store is needed.
            renewed = self._unsaved = ask(token)
            self._save_unsaved()
            return renewed
        with locked_token_store(self._path) as store:
            # Another process may have renewed it, or a person may have logged in.
            if store.read() != token:
                return None
            store.check_writable()
            renewed = self._unsaved = ask(token)
            self._replaces = token
            self._save(store)
        return renewed

    def stop(self) -> bool:
        """Store the login in memory, if there is one; return whether nothing is lost."""
        self._save_unsaved()
        if self._unsaved:
            logger.error(
                "the renewed login of %s is lost, because it cannot be stored (%s): if auth cannot"
                " renew the stored one after a restart, run `%s`",
                self._unsaved.login,
                self._problem,
                command("auth", "login"),
            )
        return not self._unsaved

    def _restored(self, damaged: NotATokenStoreError) -> StoredToken | None:
        """Return the login once no process writes it in place, or from its copy."""
        try:
            with locked_token_store(self._path) as store:
                return store.restore()
        except TokenStoreError:
            raise damaged from None

    def _save_unsaved(self) -> None:
        if self._unsaved:
            try:
                with locked_token_store(self._path) as store:
                    self._save(store)
            except TokenStoreError as error:
                self._log_problem(self._unsaved, error)

    def _save(self, store: LockedTokenStore) -> None:
        """Store the login in memory, unless a person has stored or removed one meanwhile."""
        unsaved = self._unsaved
        assert unsaved is not None
        try:
            if self._is_due(store):
                store.write(unsaved)
        except TokenStoreError as error:
            self._log_problem(unsaved, error)
            return
        self._unsaved = self._replaces = None
        if self._problem:
            self._problem = ""
            logger.info("the token store can be written again")

    def _is_due(self, store: LockedTokenStore) -> bool:
        try:
            return store.read() == self._replaces
        except NotATokenStoreError:
            return True  # a write in place has failed halfway

    def _log_problem(self, unsaved: StoredToken, error: TokenStoreError) -> None:
        if self._problem != str(error):
            self._problem = str(error)
            logger.error(
                "the renewed login of %s is in memory only, and would be lost if auth ended: %s;"
                " auth tries to store it every second, and readers have the old token until then",
                unsaved.login,
                error,
            )
