"""A phone in the pages of a FastAPI application.

    pip install exotel-voice fastapi
    uvicorn --app-dir examples fastapi_softphone:app       # then open http://localhost:8000

The SIP account comes from EXOTEL_SIP_USERNAME, EXOTEL_SIP_PASSWORD and so on; `exotel-voice
sandbox` prints a set that works on this machine alone.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.requests import HTTPConnection

from exotel_voice import SipAccount, events
from exotel_voice.gateway import Notice, VoiceGateway

users: dict[str, str] = {}  # session cookie -> user; your login has its own


def user_of(connection: HTTPConnection) -> str | None:
    return users.get(connection.cookies.get("session", ""))


def account_of(_user: str) -> SipAccount:
    return SipAccount.from_env()  # in a product: the account that belongs to the user


def log_call(notice: Notice[events.IncomingCall]) -> None:
    print(f"{notice.event.remote_id} calls {notice.identity}", flush=True)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await gateway.aclose()


gateway = VoiceGateway(authenticate=user_of, accounts=account_of)
gateway.on(events.IncomingCall, log_call)
app = FastAPI(lifespan=lifespan)
app.mount("/voice", gateway.app)


@app.get("/")
def page() -> FileResponse:
    session = secrets.token_urlsafe()
    users[session] = "alice"  # whoever has logged in
    response = FileResponse(Path(__file__).with_name("plain_guide_page.html"))
    response.set_cookie("session", session, httponly=True, samesite="strict")
    return response
