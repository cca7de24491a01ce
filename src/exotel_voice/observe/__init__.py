"""What a program can see of itself: the log of a client, the trace of a call, both without secrets.

Nothing here does anything before it is asked for. `phone`, `client` and the gateway stand above.
"""

from exotel_voice.observe.lines import LineType, LogLine
from exotel_voice.observe.logs import ClientLogs, LoggerCallback
from exotel_voice.observe.redaction import Redactor, redact_text, shorten_numbers
from exotel_voice.observe.scope import LogScope
from exotel_voice.observe.trace import CallTrace, TraceRecorder
from exotel_voice.observe.traced import TracedMessage

__all__ = [
    "CallTrace",
    "ClientLogs",
    "LineType",
    "LogLine",
    "LogScope",
    "LoggerCallback",
    "Redactor",
    "TraceRecorder",
    "TracedMessage",
    "redact_text",
    "shorten_numbers",
]
