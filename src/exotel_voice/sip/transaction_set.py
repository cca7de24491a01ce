"""Which live transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3)."""

from __future__ import annotations

from collections.abc import Hashable

from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.ids import MAGIC_COOKIE
from exotel_voice.sip.invite_client import InviteClient
from exotel_voice.sip.invite_server import InviteServer
from exotel_voice.sip.plain_client import PlainClient
from exotel_voice.sip.plain_server import PlainServer
from exotel_voice.sip.wire import Request, Response

__all__ = ["Client", "Key", "Server", "TransactionSet", "request_key", "response_key"]

Client = InviteClient | PlainClient
Server = InviteServer | PlainServer
Key = tuple[str, ...]


class TransactionSet:
    """Live transactions by name, by what matches a message to them, and by connection."""

    __slots__ = ("_by_flow", "_by_tid", "_clients", "_merged", "_servers")

    def __init__(self) -> None:
        self._by_tid: dict[TransactionId, tuple[Key, Client | Server]] = {}
        self._clients: dict[Key, Client] = {}
        self._servers: dict[Key, Server] = {}
        self._merged: dict[Key, TransactionId] = {}
        self._by_flow: dict[Flow, set[TransactionId]] = {}

    def __len__(self) -> int:
        return len(self._by_tid)

    @property
    def server_count(self) -> int:
        """How many server transactions live."""
        return len(self._servers)

    def add_client(self, client: Client, key: Key) -> None:
        """Take in a client transaction, with the `response_key` of its request."""
        self._clients[key] = client
        self._by_tid[client.tid] = (key, client)
        self._by_flow.setdefault(client.flow, set()).add(client.tid)

    def add_server(self, server: Server) -> None:
        """Take in a server transaction."""
        request = server.request
        key = request_key(request, request.method)
        self._servers[key] = server
        self._by_tid[server.tid] = (key, server)
        self._by_flow.setdefault(server.flow, set()).add(server.tid)
        if request.to_tag is None:
            self._merged.setdefault(_merge_key(request), server.tid)

    def remove(self, transaction: Client | Server) -> None:
        """Forget a transaction."""
        tid = transaction.tid
        key, _ = self._by_tid.pop(tid)
        if isinstance(transaction, InviteClient | PlainClient):
            del self._clients[key]
        else:
            del self._servers[key]
            merge_key = _merge_key(transaction.request)
            if self._merged.get(merge_key) == tid:
                del self._merged[merge_key]
        on_flow = self._by_flow[transaction.flow]
        on_flow.discard(tid)
        if not on_flow:
            del self._by_flow[transaction.flow]

    def find(self, tid: Hashable) -> Client | Server | None:
        """Find a transaction by its name."""
        entry = self._by_tid.get(TransactionId(str(tid)))
        return None if entry is None else entry[1]

    def on_flow(self, flow: Flow) -> list[Client | Server]:
        """List the transactions of a connection, the oldest first."""
        tids = sorted(self._by_flow.get(flow, ()), key=int)
        return [self._by_tid[tid][1] for tid in tids]

    def client_for(self, response: Response) -> Client | None:
        """Find whose response this is: by branch and method (RFC 3261 §17.1.3).

        The sent-by value has to be ours too (RFC 3261 §18.1.2), and more than one Via means
        that the response was misrouted (RFC 3261 §8.1.3.3).
        """
        if len(response.vias) > 1:
            return None
        return self._clients.get((response.branch or "", response.sent_by, response.cseq_method))

    def server_for(self, request: Request) -> Server | None:
        """Find the transaction that this request is a copy of (RFC 3261 §17.2.3)."""
        return self._servers.get(request_key(request, request.method))

    def server_for_ack(self, ack: Request) -> InviteServer | None:
        """Find the INVITE that this ACK has the branch of (RFC 3261 §17.2.3)."""
        server = self._servers.get(request_key(ack, "INVITE"))
        if not isinstance(server, InviteServer):
            return None
        # RFC 3261 §17.2.3: by RFC 2543, the To tag of an ACK is that of the response it is for.
        is_named = (ack.branch or "").startswith(MAGIC_COOKIE)
        return server if is_named or ack.to_tag == server.to_tag else None

    def server_to_cancel(self, cancel: Request) -> Server | None:
        """Find the transaction that this CANCEL has the branch of (RFC 3261 §9.2)."""
        key = request_key(cancel, "INVITE")
        server = self._servers.get(key)
        if server is None:
            others = (each for each in self._servers if each[:-1] == key[:-1])
            other = next(others, None)
            server = None if other is None else self._servers[other]
        return server

    def is_merged(self, request: Request) -> bool:
        """Tell whether the same request came before by another path (RFC 3261 §8.2.2.2)."""
        return request.to_tag is None and _merge_key(request) in self._merged


def response_key(request: Request) -> Key:
    """Give what the responses to a request of ours are matched by (RFC 3261 §17.1.3)."""
    return (request.branch or "", request.sent_by, request.method)


def request_key(request: Request, method: str) -> Key:
    """Give what a request is matched by (RFC 3261 §17.2.3).

    Args:
        request: The request.
        method: The method of the transaction: INVITE for an ACK.
    """
    branch = request.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE):
        return (branch, request.sent_by, method)
    # A branch by RFC 2543 does not name the transaction; the whole request does.
    return (
        request.vias[0].text,
        request.uri,
        request.from_tag or "",
        request.call_id,
        str(request.cseq_number),
        method,
    )


def _merge_key(request: Request) -> Key:
    return (request.from_tag or "", request.call_id, str(request.cseq))
