"""Settings: arguments before variables before the file; the network's facts, or a clear word that there are none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.config import Settings
from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.network import Network

FACTS = {
    "chain_id": 20022,
    "rpc_url": "http://127.0.0.1:8545",
    "genesis_hash": "0xAB",
    "validators": ["0xAB"],
    "ledger": "0xAB",
    "registry": "0xCD",
    "clearing": "0xC1",
    "reserves": "0xC2",
    "administration": "0xC3",
    "timelock": "0xC4",
    "anchor": "0xC5",
    "deployed_at": 3,
    "deployer": "0xC6",
    "administration_delay_s": 172_800,
    "reserves_max_age_s": 86_400,
    "roles": {"operator": "0xEF"},
    "tokens": {"EUR": {"token": "0xE1", "exponent": 2, "view": "0xE2"}},
}


def test_arguments_weigh_more_than_variables_and_variables_more_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('port = 1\nclock_skew_s = 7\nhost = "127.0.0.2"\n')
    monkeypatch.setenv("VOSTRO_PORT", "2")
    monkeypatch.setenv("VOSTRO_HOST", "127.0.0.3")
    settings = Settings(data=tmp_path, host="127.0.0.4")
    assert (settings.host, settings.port, settings.clock_skew_s) == ("127.0.0.4", 2, 7)
    assert settings.database == f"sqlite:///{tmp_path}/api/vostro.sqlite"


def test_the_file_is_found_when_the_directory_is_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text("port = 77\n")
    monkeypatch.setenv("VOSTRO_DATA", str(tmp_path))
    assert Settings().port == 77  # type: ignore[call-arg]


def test_no_secret_shows_in_settings(tmp_path: Path) -> None:
    assert "hush" not in repr(Settings(data=tmp_path, rpc_token="hush"))


def test_the_network_is_read_in_lower_case_and_late(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with pytest.raises(Unavailable):
        _ = settings.network
    (tmp_path / "network.json").write_text(json.dumps(FACTS))
    assert (settings.network.ledger, settings.network.tokens["EUR"].token) == ("0xab", "0xe1")
    assert settings.rpc == "http://127.0.0.1:8545"
    assert settings.network.domain().ledger == "0xab"


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps(FACTS | {"tokens": []}), json.dumps(FACTS | {"roles": 1})])
def test_a_damaged_network_file_is_said_to_be_one(text: str) -> None:
    with pytest.raises(IntegrityBroken, match=r"network\.json"):
        Network.from_json(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required"),
        (["web"], "data"),
        (["web", "--data", "x", "--port", "70000"], "port"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_clear_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api", *arguments], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("api/vostro.sqlite", "this is no database" * 300, "the database cannot be used"),
        ("settings.toml", "port = = 1", "settings.toml"),
    ],
)
def test_a_broken_file_is_one_clear_line(file: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / file).write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "api", "web", "--data", tmp_path, "--port", "0"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=60,
    )
    assert done.returncode != 0
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
