"""Where a call goes: to an account, to a simulated party, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Uri

__all__ = ["AccountTarget", "Nobody", "PartyTarget", "Router", "Target"]

_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s().-]")

NUMBER_PARTY: Final = "echo"
"""Who answers a phone number for which nothing else is said."""


@dataclass(frozen=True, slots=True)
class AccountTarget:
    """An account; its registered phones ring."""

    username: str


@dataclass(frozen=True, slots=True)
class PartyTarget:
    """A simulated party."""

    address: str
    """What was dialled."""
    name: str
    """Name of the party, such as `hangup`."""
    parameter: str
    """What followed the name's dash, such as the `2` of `hangup-2`; may be empty."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody has this address: 404."""

    address: str


Target = AccountTarget | PartyTarget | Nobody


class Router:
    """Finds the target of an address.

    Args:
        is_account: Tells whether an account of that name exists.
        parties: Gives the parties by their names.
        phone_numbers: Phone number to party address, for numbers with a part to play.
    """

    def __init__(
        self,
        *,
        is_account: Callable[[str], bool],
        parties: Callable[[], Mapping[str, object]],
        phone_numbers: Mapping[str, str],
    ) -> None:
        self._is_account = is_account
        self._parties = parties
        self._numbers = {_digits(number): party for number, party in phone_numbers.items()}

    def find(self, address: str) -> Target:
        """Find who is meant by a user name, a phone number, a party or a SIP or tel URI.

        An account goes before a party of the same name. The host of a URI does not matter: the
        sandbox is the only domain there is.
        """
        user = _user_part(address)
        if self._is_account(user):
            return AccountTarget(user)
        party = self._party(user, address=user)
        if party is not None:
            return party
        number = _digits(user)
        if _NUMBER.fullmatch(number):
            played_by = self._numbers.get(number, NUMBER_PARTY)
            return self._party(played_by, address=user) or Nobody(user)
        return Nobody(user)

    def find_party(self, text: str) -> PartyTarget | None:
        """Find a party by its name and parameter; None if there is none."""
        return self._party(text, address=text)

    def _party(self, text: str, *, address: str) -> PartyTarget | None:
        parties = self._parties()
        name = text
        while True:
            if name.lower() in parties:
                return PartyTarget(address, name.lower(), text[len(name) + 1 :])
            name, dash, _rest = name.rpartition("-")
            if not dash:
                return None


def _user_part(address: str) -> str:
    address = address.strip().removeprefix("<").removesuffix(">")
    if address.partition(":")[0].lower() in ("sip", "sips", "tel"):
        try:
            return Uri.parse(address).user or ""
        except MalformedMessage:
            return ""
    return address.partition("@")[0]


def _digits(number: str) -> str:
    return _SEPARATORS.sub("", number)
