"""What a page of the guide has around its snippets: an account, callbacks, and their memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from exotel_voice.client import ExotelWebClient, GuideCall
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.sandbox import Sandbox, SandboxThread

__all__ = ["Page", "sip_account_info", "wait"]

T = TypeVar("T")

WAIT = 10.0


def sip_account_info(account: SipAccount, **more: object) -> dict[str, object]:
    """Write an account as guide section 5.1 does."""
    return {
        "userName": account.username,
        "authUser": account.username,
        "sipdomain": account.domain,
        "domain": f"{account.host}:{account.port}",
        "displayname": "Alice",
        "secret": account.password,
        "port": str(account.port),
        "security": account.security,
        **more,
    }


class Page:
    """One client with its callbacks; `next_...` wait for what they are told.

    Attributes:
        states: What `RegisterEventCallBack` was told, in order.
        calls: What `CallListenerCallback` was told, in order.
        sessions: What `SessionCallback` was told, in order.
        threads: The threads in which callbacks ran.
    """

    def __init__(self, settings: PhoneSettings | None = None) -> None:
        self.client = ExotelWebClient(media=SilentMedia(), settings=settings)
        self.states: list[str] = []
        self.calls: list[str] = []
        self.sessions: list[str] = []
        self.phones: set[str] = set()
        self.threads: set[threading.Thread] = set()
        self._news: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def init(self, info: Mapping[str, object]) -> bool:
        """Do what guide 5.1 does."""
        return self.client.initWebrtc(
            info, self.RegisterEventCallBack, self.CallListenerCallback, self.SessionCallback
        )

    def RegisterEventCallBack(self, state: str, phone: str) -> None:
        self._note(self.states, state, phone, None)

    def CallListenerCallback(
        self,
        callObj: GuideCall,
        eventType: str,
        phone: str,
    ) -> None:
        self._note(self.calls, eventType, phone, callObj)

    def SessionCallback(self, callState: str, phone: str) -> None:
        self.sessions.append(callState)
        self.phones.add(phone)

    def until(self, name: str) -> Any:
        """Wait until a callback was told this; give the call object that came with it."""
        while True:
            told, call = self._news.get(timeout=WAIT)
            if told == name:
                return call

    def register(self, info: Mapping[str, object]) -> None:
        """Initialise and register."""
        assert self.init(info)
        assert self.client.DoRegister()
        self.until("registered")

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def _note(self, notes: list[str], told: str, phone: str, call: GuideCall | None) -> None:
        notes.append(told)
        self.phones.add(phone)
        self.threads.add(threading.current_thread())
        self._news.put((told, call))


def wait(server: SandboxThread, work: Callable[[Sandbox], Awaitable[T]]) -> T:
    """Wait for something in the sandbox."""
    untyped: Callable[[Sandbox], Any] = work
    result: T = server.run(untyped)
    return result
