"""Answer every call and play back what the caller says, until Ctrl-C.

Settings come from EXOTEL_SIP_USERNAME, EXOTEL_SIP_PASSWORD, EXOTEL_SIP_DOMAIN and so on;
`exotel-voice sandbox` prints a set that works on this machine alone.
"""

import asyncio

from exotel_voice import Call, ExotelVoiceError, Phone, SipAccount


async def echo(call: Call) -> None:
    print(f"answering {call.details.remote_id}")
    try:
        await call.answer()
        async for frame in call.audio_in():
            await call.audio_out.write(frame)
    except ExotelVoiceError as error:
        print(f"call lost: {error}")
    print(f"ended after {call.details.call_duration:.1f} s: {call.details.call_end_reason}")


async def main() -> None:
    account = SipAccount.from_env()
    async with Phone(account) as phone, asyncio.TaskGroup() as calls:
        print(f"registered as {account.username}; call me, or end with Ctrl-C")
        async for call in phone.incoming():
            calls.create_task(echo(call))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
