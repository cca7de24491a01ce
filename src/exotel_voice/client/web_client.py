"""`ExotelWebClient`: the integration guide for Python; here sections 5.1 to 5.10."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Final, Self

from exotel_voice.client.device_names import DeviceNames
from exotel_voice.client.diagnostic_names import DiagnosticNames
from exotel_voice.client.guide_call import GuideCall, NoCall
from exotel_voice.client.log_names import LogNames
from exotel_voice.client.readiness_names import ReadinessNames
from exotel_voice.client.reports import RegisterReports
from exotel_voice.diagnostics.session import DiagnosticsSession
from exotel_voice.errors import ConfigError
from exotel_voice.media.base import MediaEngine
from exotel_voice.phone import events
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.details import EndCause
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["ExotelWebClient"]

logger = logging.getLogger("exotel_voice.client")

_NO_ACCOUNT: Final = "call initWebrtc first, with a complete account"

RegisterCallback = Callable[[str, str], object]
CallCallback = Callable[[GuideCall, str, str], object]
SessionStateCallback = Callable[[str, str], object]


class ExotelWebClient(DeviceNames, DiagnosticNames, LogNames, ReadinessNames):
    """One phone with the guide's names. Every method returns at once; results come by callback.

        client = ExotelWebClient()
        client.initWebrtc(sipAccountInfo, RegisterEventCallBack, CallListenerCallback)
        client.DoRegister()

    Callbacks may be plain functions or `async def`. Inside a running event loop they run there;
    otherwise the client has a loop of its own in a background thread, and they run in that. Methods
    may be called from any thread. What a callback raises is logged and harms nothing.

    Args:
        media: Makes the audio of calls; None for the native engine with microphone and speaker.
            Where the machine has no sound card its calls are silent.
        settings: How the phone behaves; None for the usual.
    """

    def __init__(
        self, *, media: MediaEngine | None = None, settings: PhoneSettings | None = None
    ) -> None:
        super().__init__(media=media, settings=settings)
        self._calls: dict[str, GuideCall] = {}
        self._reports: RegisterReports | None = None

    # -- guide 5.1 -------------------------------------------------------------------------------

    def initWebrtc(
        self,
        sipAccountInfo: Mapping[str, object],
        RegisterEventCallBack: RegisterCallback | None = None,
        CallListenerCallback: CallCallback | None = None,
        SessionCallback: SessionStateCallback | None = None,
        enableAutoAudioDeviceChangeHandling: bool = False,
    ) -> bool:
        """Take the account and the callbacks (guide 5.1). Nothing is sent yet.

        A phone that was there before is closed.

        Args:
            sipAccountInfo: The dictionary of guide section 6. Needed: userName, authUser, secret,
                sipdomain, port, security. `domain` is the server as `host:port`; without it the
                server is `sipdomain` at `port`.
            RegisterEventCallBack: Called with the state (`sent_request`, `registered`,
                `unregistered`, `terminated`) and the user name.
            CallListenerCallback: Called with the call, the event (`incoming`, `connected`,
                `callEnded`, `terminated`, `activeSession`) and the user name. `activeSession` says
                that a call goes on over a new connection.
            SessionCallback: Called with `incoming`, `connected` or `callEnded` and the user name.
            enableAutoAudioDeviceChangeHandling: Let calls follow the system's default devices when
                these change. Without it a call stays where it is, unless its device vanishes.

        Returns:
            False, with the key named in the log, when the account cannot be used.
        """
        callbacks = (RegisterEventCallBack, CallListenerCallback, SessionCallback)
        try:
            with self._open_logs().scope.entered():
                account = _read_account(sipAccountInfo)
                _check_callbacks(*callbacks)
                phone = Phone(account, media=self._sound.engine, settings=self._settings)
        except ConfigError as error:
            return self._refuse("initWebrtc", str(error), level=logging.ERROR)
        with self._lock:
            self._open_logs().hide(account.password)
            self._close_phone()
            self._open_host()
            self._follow_default(bool(enableAutoAudioDeviceChangeHandling))
            self._phone = phone
            self._user_name = str(sipAccountInfo["userName"])
            self._calls = {}
            self._listen(phone, *callbacks)
        return True

    # -- guide 5.2, 5.3 --------------------------------------------------------------------------

    def DoRegister(self) -> bool:
        """Register (guide 5.2). `sent_request` follows, then `registered` or `terminated`.

        The phone stays registered over lost connections until `UnRegister`. Does nothing, and
        answers True, when it is registered or about to be.

        Returns:
            False, with the reason in the log, before a successful `initWebrtc`.
        """
        with self._lock:
            phone, host, reports = self._phone, self._host, self._reports
            if phone is None or host is None or reports is None:
                return self._refuse("DoRegister", _NO_ACCOUNT, level=logging.ERROR)

        async def register() -> None:
            if phone.state is PhoneState.UNREGISTERED:
                reports.begin()
                await phone.register()

        return host.spawn(register, what="DoRegister()")

    def UnRegister(self) -> bool:
        """Unregister (guide 5.3). `sent_request` follows, then `unregistered` or `terminated`.

        Calls go on.

        Returns:
            False, with the reason in the log, when the phone is not registered.
        """
        with self._lock:
            phone, host = self._phone, self._host
            if phone is None or host is None:
                return self._refuse("UnRegister", _NO_ACCOUNT, level=logging.ERROR)

        async def unregister() -> None:
            if phone.state is PhoneState.UNREGISTERED:
                logger.warning("UnRegister(): the phone is not registered")
                return
            await phone.unregister()

        return host.spawn(unregister, what="UnRegister()")

    def unregister(self) -> bool:
        """Unregister, in the spelling of guide 5.12."""
        return self.UnRegister()

    # -- guide 5.4 to 5.9 ------------------------------------------------------------------------

    def getCall(self) -> GuideCall | NoCall:
        """Give the current call: the newest that has not ended.

        Without a call the result is false in a condition, and its methods answer False.
        """
        with self._lock:
            for call in reversed(self._calls.values()):
                if call.callState != "ended":
                    return call
        return NoCall()

    def SessionListener(self) -> None:
        """Be there for the guide's sake (guide 5.10).

        In Python there are no tabs: `SessionCallback` is told of this client's calls in any case,
        and two clients are two phones.
        """

    # -- end -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Hang up, unregister and stop the background thread, if there is one.

        Waits for that, less than three seconds, unless called inside the client's event loop; there
        `aclose` can be awaited instead. `initWebrtc` may follow.
        """
        with self._lock:
            phone, self._phone = self._phone, None
            host, self._host = self._host, None
            self._calls = {}
            self._stop_watch()
            diagnostics, self._diagnostics = self._diagnostics, None

        async def finish() -> None:
            try:
                await self._end(phone, diagnostics)
            finally:
                self._close_logs()

        if host is not None:
            host.stop(finish)
        else:
            self._close_logs()

    async def aclose(self) -> None:
        """Hang up and unregister; for a client that lives in the caller's event loop."""
        with self._lock:
            phone, host, diagnostics = self._phone, self._host, self._diagnostics
        if host is not None and host.is_here:
            await self._end(phone, diagnostics)
        self.close()

    async def _end(self, phone: Phone | None, diagnostics: DiagnosticsSession | None) -> None:
        if diagnostics is not None:
            await diagnostics.aclose()
        if phone is not None:
            await phone.aclose()
        self._ringer.stop()
        await self._sound.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- inside ----------------------------------------------------------------------------------

    def _close_phone(self) -> None:
        phone, host = self._phone, self._host
        if phone is not None and host is not None:
            host.spawn(phone.aclose, what="closing the phone that was there before")

    def _listen(
        self,
        phone: Phone,
        on_register: RegisterCallback | None,
        on_call: CallCallback | None,
        on_session: SessionStateCallback | None,
    ) -> None:
        """Turn the phone's events into the guide's callbacks, in the order of their causes."""
        user_name = self._user_name
        self._reports = RegisterReports(phone, on_register, user_name)
        phone.on(events.IncomingCall, lambda event: self._enter(phone, event.call_id))
        self._ringer.attend(phone)
        for kind, name in (
            (events.IncomingCall, "incoming"),
            (events.CallConnected, "connected"),
            (events.CallEnded, "callEnded"),
        ):
            if on_session is not None:
                phone.on(kind, _session_report(on_session, name, user_name))
        if on_call is None:
            return

        def report(event: events.CallEvent) -> object:
            name = _call_event(event)
            call = self._enter(phone, event.call_id)
            if name is None or call is None:
                return None
            return on_call(call, name, user_name)

        phone.on(events.CallEvent, report)
        phone.on(events.CallEnded, lambda event: self._leave(event.call_id))

    def _enter(self, phone: Phone, call_id: str) -> GuideCall | None:
        with self._lock:
            known = self._calls.get(call_id)
            call = phone.find_call(call_id)
            if known is None and call is not None and self._host is not None:
                known = self._calls[call_id] = GuideCall(call, self._host, self._ringer.key)
        return known

    def _leave(self, call_id: str) -> None:
        with self._lock:
            self._calls.pop(call_id, None)


def _read_account(info: Mapping[str, object]) -> SipAccount:
    if not isinstance(info, Mapping):
        raise ConfigError("sipAccountInfo must be a dictionary")
    account = SipAccount.from_guide(info)
    unknown = SipAccount.unknown_guide_keys(info)
    if unknown:
        logger.warning("initWebrtc(): unknown keys are ignored: %s", ", ".join(unknown))
    return account


def _check_callbacks(*callbacks: Callable[..., object] | None) -> None:
    names = ("RegisterEventCallBack", "CallListenerCallback", "SessionCallback")
    for name, callback in zip(names, callbacks, strict=True):
        if callback is not None and not callable(callback):
            raise ConfigError(f"{name} is not a function")


def _session_report(
    callback: SessionStateCallback, name: str, user_name: str
) -> Callable[[events.CallEvent], object]:
    def report(_: events.CallEvent) -> object | Awaitable[object]:
        return callback(name, user_name)

    return report


def _call_event(event: events.CallEvent) -> str | None:
    """Name an event as the guide does; None for what the guide does not tell."""
    match event:
        case events.IncomingCall():
            return "incoming"
        case events.CallConnected():
            return "connected"
        case events.CallReconnected():
            return "activeSession"
        case events.CallEnded(cause=cause):
            is_ours = cause.is_local or cause is EndCause.MEDIA
            return "callEnded" if is_ours else "terminated"
        case _:
            return None
