from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from slack_sdk import WebClient
from websockets.sync.client import connect

from bot.practice import PracticeWorkspace
from tests.practice.conftest import MANIFEST


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate to try TLS with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([openssl, *made, *subject], check=True, capture_output=True)
    return certificate, key


def test_calls_and_sockets_work_over_tls(certificate: tuple[Path, Path]) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    with PracticeWorkspace(MANIFEST, tls=server) as workspace:
        noor = workspace.person("Noor Haddad")
        client = WebClient(workspace.bot_token, base_url=workspace.api_url, ssl=trust)
        client.chat_postMessage(channel=noor.id, text="Hi")
        assert [message.text for message in noor.sees()] == ["Hi"]
        assert workspace.api_url.startswith("https://")
        with connect(workspace.sockets.ticket(), ssl=trust) as socket:
            assert '"hello"' in str(socket.recv())
