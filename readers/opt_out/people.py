"""Whom a reader withholds: who is listed, and what else has turned out to be theirs."""

from __future__ import annotations

import re

from readers.opt_out.file import OptOutList

_WORD = re.compile(r"\w+")


class People:
    """
    The people of a list.

    Somebody may be listed by id only, and Twitch may send the login only, or the other way round.
    So whenever both come together, the other one is remembered, in memory, once for each entry.
    """

    def __init__(self) -> None:
        self._listed = OptOutList()
        #: By entry of the list: the id, and the names in lower case.
        self._known: dict[str, tuple[str, str, str]] = {}
        self._ids: set[str] = set()
        self._names: set[str] = set()
        #: Those of the names that are not one word: names as shown may have blanks in them.
        self._odd_names: set[str] = set()

    def __bool__(self) -> bool:
        return self._listed.people > 0

    def take(self, listed: OptOutList) -> None:
        """Withhold whom *listed* lists from now on, and forget what is known of all others."""
        self._listed = listed
        known = self._known
        self._known, self._ids, self._names, self._odd_names = {}, set(), set(), set()
        for entry, person in known.items():
            if entry in listed.ids or entry in listed.logins:
                self._remember(entry, *person)

    def has_id(self, user_id: str) -> bool:
        """Return whether *user_id* is of somebody who has opted out."""
        return user_id in self._listed.ids or user_id in self._ids

    def has_name(self, name: str) -> bool:
        """Return whether *name*, a login or a name as shown, is of somebody who has opted out."""
        lower = name.lower()
        return lower in self._listed.logins or lower in self._names

    def has(self, user_id: str, login: str, name: str = "") -> bool:
        """
        Return whether the user with these has opted out. Any may be empty.

        If so, remember what was not known of them.
        """
        is_listed = self.has_id(user_id) or self.has_name(login) or (name and self.has_name(name))
        if not is_listed:
            return False
        self._learn(user_id, login.lower(), name.lower())
        return True

    def is_in(self, text: str) -> bool:
        """Return whether *text* is the id, or has the name, of somebody who has opted out."""
        if self.has_id(text) or self.has_name(text.strip()):
            return True
        if any(map(self.has_name, _WORD.findall(text))):
            return True
        lower = text.lower()
        return any(name in lower for name in self._odd_names)

    def has_id_in(self, text: str) -> bool:
        """Return whether *text*, which is not for people, has the id of one who has opted out."""
        return any(map(self.has_id, _WORD.findall(text)))

    def mentioned_in(self, text: str) -> str:
        """Return whose name *text* begins with after an `@`, "" if it is nobody's of them."""
        if not text.startswith("@"):
            return ""
        first = _WORD.match(text, 1)
        if first and self.has_name(first[0]):
            return first[0]
        lower = text.lower()
        found = [name for name in self._odd_names if lower.startswith(name, 1)]
        return max(found, key=len, default="")

    def _learn(self, user_id: str, login: str, name: str) -> None:
        ids, logins = self._listed.ids, self._listed.logins
        # A login of digits only may be another person's id.
        for entry, entries in ((user_id, ids), (login, logins), (name, logins)):
            if entry in entries:
                known = self._known.get(entry, ("", "", ""))
                mine = (user_id or known[0], login or known[1], name or known[2])
                if mine != known:
                    self._ids.discard(known[0])
                    self._names.difference_update(known[1:])
                    self._odd_names.difference_update(known[1:])
                    self._remember(entry, *mine)

    def _remember(self, entry: str, user_id: str, login: str, name: str) -> None:
        self._known[entry] = user_id, login, name
        self._ids.update(filter(None, (user_id,)))
        names = {login, name} - {""}
        self._names |= names
        self._odd_names |= {name for name in names if not _WORD.fullmatch(name)}
