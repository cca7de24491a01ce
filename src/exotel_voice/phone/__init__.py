"""The phone: calls over asyncio, on top of the SIP core, a transport and a media engine.

`Phone` and `Call` are what applications hold, `events` is what they hear. The phone keeps its
registration and its calls over any number of connections.
"""

from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallDetails, CallDirection, CallState, EndCause
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.readiness import Readiness, ReadyStatus
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings

__all__ = [
    "Call",
    "CallDetails",
    "CallDirection",
    "CallState",
    "EndCause",
    "Phone",
    "PhoneSettings",
    "PhoneState",
    "Readiness",
    "ReadyStatus",
    "SipAccount",
]
