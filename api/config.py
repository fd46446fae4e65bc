"""The settings of the API's three programs, and the public facts of the network they serve.

Settings come from, in this order of weight: arguments of the command line, ``VOSTRO_*`` variables, ``settings.toml`` in
the data directory. They are made once, in ``api/__main__.py``, and passed in.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from wallet.domain.errors import Unavailable
from wallet.network import Network

SETTINGS_FILE: Final = "settings.toml"


class Settings(BaseSettings):
    """Everything that can be set, with the unit in the name."""

    model_config = SettingsConfigDict(env_prefix="VOSTRO_", extra="ignore", frozen=True)

    data: Path = Field(description="The data directory of `vostro up`; everything below defaults to a place in it.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; empty: DIR/api/vostro.sqlite.")
    network_file: Path | None = Field(None, description="Public facts of the network; empty: DIR/network.json.")
    signer_socket: Path | None = Field(None, description="The signer's Unix socket; empty: DIR/run/signer.sock.")
    rpc_url: str | None = Field(None, description="JSON-RPC of the node; empty: the one in network.json.")
    rpc_token: str | None = Field(None, description="Access token of the node; empty: none.", repr=False)
    host: str = Field("127.0.0.1", description="Where the web process listens.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the web process; 0: any free one.")
    payment_validity_s: int = Field(
        86_400, gt=0, description="A payment not settled this long after its acceptance expires."
    )
    clock_skew_s: int = Field(120, ge=0, description="How far the chain's clock may be behind ours.")
    body_bytes_max: int = Field(64 * 1024, gt=0, description="Largest request body, payment files apart.")
    file_bytes_max: int = Field(20 * 1024 * 1024, gt=0, description="Largest payment file.")
    statement_entries_max: int = Field(100_000, gt=0, description="Most entries of one statement.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before variables before the file; no other source."""
        given: dict[str, Any] = {**env_settings(), **init_settings()}
        file = Path(given["data"]) / SETTINGS_FILE if "data" in given else None
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite:///{self.data / 'api' / 'vostro.sqlite'}"

    @property
    def signer(self) -> Path:
        """The signer's Unix socket."""
        return self.signer_socket or self.data / "run" / "signer.sock"

    @property
    def doorbell(self) -> Path:
        """The dispatcher's doorbell."""
        return self.data / "run" / "dispatch.sock"

    @property
    def tokens(self) -> Path:
        """Directory of the access tokens made on the first start."""
        return self.data / "api" / "tokens"

    @cached_property
    def network(self) -> Network:
        """The network's public facts; Unavailable until the deployment has written them."""
        file = self.network_file or self.data / "network.json"
        try:
            return Network.from_json(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Unavailable("the network is not deployed yet: there is no network.json") from None

    @property
    def rpc(self) -> str:
        """URL of the node's JSON-RPC."""
        return self.rpc_url or self.network.rpc_url
