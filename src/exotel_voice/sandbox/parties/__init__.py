"""The simulated parties that answer calls, and that `place_call` lets call.

A name may be followed by a dash and a number: `hangup-2`, `late-3`, `tone-1000`, `ivr-4`.
"""

from __future__ import annotations

from exotel_voice.sandbox.parties.acting import Holds, Transfers
from exotel_voice.sandbox.parties.ivr import Ivr
from exotel_voice.sandbox.parties.party import Party, PartyKind
from exotel_voice.sandbox.parties.plain import Echo, HangsUp, Late, Refuses, RingsOnly, Tone

__all__ = ["Party", "PartyKind", "built_in_parties"]

BUSY_HERE, DECLINE = 486, 603


def built_in_parties() -> dict[str, PartyKind]:
    """Give the parties of every sandbox by their names."""
    return {
        "echo": PartyKind(make=lambda _text: Echo(), does="says what it hears", example="echo"),
        "tone": PartyKind(
            make=Tone, does="sends a pure tone; 440 Hz for tone", example="tone-1000"
        ),
        "ivr": PartyKind(
            make=Ivr, does="asks for digits by tone and confirms each", example="ivr-4"
        ),
        "busy": PartyKind(
            make=lambda _text: Refuses(BUSY_HERE), does="is busy (486)", example="busy"
        ),
        "decline": PartyKind(
            make=lambda _text: Refuses(DECLINE),
            does="does not want the call (603)",
            example="decline",
        ),
        "no-answer": PartyKind(
            make=lambda _text: RingsOnly(), does="rings and is not answered", example="no-answer"
        ),
        "late": PartyKind(
            make=Late, does="answers after so many seconds, then is an echo", example="late-3"
        ),
        "hangup": PartyKind(
            make=HangsUp, does="hangs up after so many seconds", example="hangup-2"
        ),
        "hold": PartyKind(
            make=Holds, does="holds and resumes every so many seconds", example="hold-2"
        ),
        "transfer": PartyKind(
            make=Transfers,
            does="transfers the phone to another party (REFER)",
            example="transfer-ivr",
        ),
    }
