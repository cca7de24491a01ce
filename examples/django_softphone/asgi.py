"""A Django project whose pages have a phone: the gateway beside Django, in one ASGI application.

    pip install exotel-voice django
    uvicorn --app-dir examples/django_softphone asgi:application    # then http://localhost:8000

The SIP account comes from EXOTEL_SIP_USERNAME, EXOTEL_SIP_PASSWORD and so on; `exotel-voice
sandbox` prints a set that works on this machine alone.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from django.conf import settings
from django.core.asgi import get_asgi_application
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from exotel_voice import SipAccount
from exotel_voice.gateway import VoiceGateway

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django = get_asgi_application()
sessions = import_module(settings.SESSION_ENGINE)


def user_of(connection: HTTPConnection) -> str | None:
    key = connection.cookies.get(settings.SESSION_COOKIE_NAME)
    return sessions.SessionStore(key).get("user") if key else None


def account_of(_user: str) -> SipAccount:
    return SipAccount.from_env()  # in a product: the account that belongs to the user


gateway = VoiceGateway(authenticate=user_of, accounts=account_of)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield
    await gateway.aclose()


application = Starlette(
    routes=[Mount("/voice", gateway.app), Mount("/", django)], lifespan=lifespan
)
