"""The public names: they are there, they are spelled as documented, and each says what it does."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import exotel_voice

SOURCE = Path(exotel_voice.__file__).parent

NAMES = {
    "AudioFile", "AudioRecorder", "Call", "ExotelVoiceError", "ExotelWebClient", "Microphone",
    "NativeMedia", "PcmStream", "Phone", "Silence", "SipAccount", "Speaker",
}  # fmt: skip

MEMBERS = {
    "SipAccount": """username password domain host port auth_username display_name security endpoint
        from_env from_guide""",
    "Phone": "register unregister aclose incoming dial calls state events on check_ready",
    "Call": """answer reject hang_up hold resume mute unmute send_dtmf transfer transfer_to events
        audio_in audio_out stats details state is_muted is_on_hold is_remote_on_hold""",
    "ExotelVoiceError": "code default_hint",
    "ExotelWebClient": """initWebrtc DoRegister UnRegister unregister getCall SessionListener
        initDiagnostics closeDiagnostics startSpeakerDiagnosticsTest stopSpeakerDiagnosticsTest
        startMicDiagnosticsTest stopMicDiagnosticsTest startNetworkDiagnostics
        stopNetworkDiagnostics checkClientStatus registerAudioDeviceChangeCallback
        changeAudioInputDevice changeAudioOutputDevice registerLoggerCallback setPreferredCodec
        downloadLogs setEnableConsoleLogging setAudioOutputVolume getAudioOutputVolume
        setCallAudioOutputVolume getCallAudioOutputVolume setNoiseSuppression""",
}

SIGNATURES: dict[tuple[str, str], dict[str, object]] = {
    ("Phone", "dial"): {"target": None, "headers": None},
    ("Call", "answer"): {"headers": None},
    ("Call", "reject"): {"status": 486, "reason": None},
    ("Call", "send_dtmf"): {"digits": None, "method": "info"},
    ("Call", "transfer"): {"target": None},
    ("ExotelWebClient", "initWebrtc"): {
        "sipAccountInfo": None,
        "RegisterEventCallBack": None,
        "CallListenerCallback": None,
        "SessionCallback": None,
        "enableAutoAudioDeviceChangeHandling": False,
    },
    ("ExotelWebClient", "registerAudioDeviceChangeCallback"): {
        "onInput": None,
        "onOutput": None,
        "onDeviceChange": None,
    },
    ("ExotelWebClient", "changeAudioInputDevice"): {
        "deviceId": None,
        "onSuccess": None,
        "onError": None,
        "forceDeviceChange": False,
    },
    ("ExotelWebClient", "stopMicDiagnosticsTest"): {"response": None},
    ("ExotelWebClient", "stopSpeakerDiagnosticsTest"): {"response": None},
}

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)

PHONE_STATES = "unregistered registering registered closed"
CALL_STATES = "incoming dialing ringing active held reconnecting ended"


MODULES = [
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if path.stem != "__main__"
]


def _public(name: str) -> object:
    return getattr(exotel_voice, name)


def test_the_package_exports_every_documented_name() -> None:
    assert NAMES - set(exotel_voice.__all__) == set()


def test_every_error_is_exported_by_the_package() -> None:
    errors = importlib.import_module("exotel_voice.errors")
    assert set(errors.__all__) - set(exotel_voice.__all__) == set()


def test_every_exported_name_exists_once() -> None:
    assert len(set(exotel_voice.__all__)) == len(exotel_voice.__all__)
    missing = [name for name in exotel_voice.__all__ if not hasattr(exotel_voice, name)]
    assert missing == []


@pytest.mark.parametrize("owner", sorted(MEMBERS))
def test_a_class_has_every_documented_member(owner: str) -> None:
    cls = _public(owner)
    fields = getattr(cls, "__dataclass_fields__", {})
    wanted = MEMBERS[owner].split()
    assert [name for name in wanted if not hasattr(cls, name) and name not in fields] == []


@pytest.mark.parametrize(("owner", "method"), sorted(SIGNATURES))
def test_a_method_takes_the_documented_arguments(owner: str, method: str) -> None:
    signature = inspect.signature(getattr(_public(owner), method))
    for name, default in SIGNATURES[owner, method].items():
        parameter = signature.parameters[name]
        if default is not None:
            assert parameter.default == default


def test_states_have_the_documented_names() -> None:
    phone = importlib.import_module("exotel_voice.phone")
    assert " ".join(phone.PhoneState) == PHONE_STATES
    assert " ".join(phone.CallState) == CALL_STATES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_and_its_all_is_true(module: str) -> None:
    loaded = importlib.import_module(module)
    exported = getattr(loaded, "__all__", [])
    assert [name for name in exported if not hasattr(loaded, name)] == []


def _undocumented(tree: ast.Module, exported: set[str]) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in exported:
            yield from _undocumented_class(node)
        if isinstance(node, _FUNCTION) and node.name in exported and not ast.get_docstring(node):
            yield node.name


def _undocumented_class(node: ast.ClassDef) -> Iterator[str]:
    if not ast.get_docstring(node):
        yield node.name
    for member in node.body:
        if not isinstance(member, _FUNCTION):
            continue
        decorators = {ast.unparse(decorator) for decorator in member.decorator_list}
        is_known = member.name.startswith("_") or "overload" in decorators
        if not is_known and not ast.get_docstring(member):
            yield f"{node.name}.{member.name}"


def _exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            return set(ast.literal_eval(node.value)) if isinstance(node, ast.Assign) else set()
    return set()


def test_every_public_name_says_what_it_does() -> None:
    silent = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(SOURCE).as_posix()
        silent += [f"{name} {one}" for one in _undocumented(tree, _exported(tree))]
    assert silent == []


@pytest.mark.parametrize("name", ["Phone", "Call"])
def test_a_method_that_raises_says_so(name: str) -> None:
    cls = _public(name)
    source = inspect.getsource(cls) if inspect.isclass(cls) else ""
    tree = ast.parse(source)
    silent = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, _FUNCTION)
        and not node.name.startswith("_")
        and any(isinstance(one, ast.Raise) and one.exc for one in ast.walk(node))
        and "Raises:" not in (ast.get_docstring(node) or "")
    ]
    assert silent == []


def test_the_version_is_the_one_of_the_distribution() -> None:
    metadata = importlib.import_module("importlib.metadata")
    assert exotel_voice.__version__ == metadata.version("exotel-voice")
