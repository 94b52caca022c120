"""Settings from the environment, read once by the entry points and passed down."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from campaigns import home


class Settings(BaseSettings):
    """Every setting that Pagecast reads; the README's table lists them, and a test holds the two equal."""

    model_config = SettingsConfigDict(env_prefix="PAGECAST_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=home.home)
    """State folder: database, uploads, reports, the embedded server."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """Absent: SQLite in the state folder."""
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """Absent: the bundled server, started and adopted by Pagecast."""
    force_embedded: bool = False
    """Use the bundled server with PostgreSQL too: right only where this machine is the only one."""
    storage_url: str | None = None
    """Folder for stored lists; default HOME/storage."""
    secrets_dir: Path | None = None
    """A folder with one file a secret, as container platforms mount them."""
    host: str = "127.0.0.1"
    port: int = 8321
    worker_processes: int = Field(default=2, ge=1, le=64)
    worker_threads: int = Field(default=16, ge=1, le=256)

    @property
    def sqlite_path(self) -> Path:
        """The database file of the embedded default."""
        return self.home / home.DATABASE

    @property
    def shared(self) -> bool:
        """Whether other machines may use the same database."""
        return bool(self.database_url) and not str(self.database_url).startswith("sqlite:")

    @property
    def storage(self) -> Path:
        """The folder that stored lists live in."""
        return Path(self.storage_url) if self.storage_url else self.home / "storage"


class MissingSecretError(KeyError):
    """No place that secrets come from knows this name."""


def secret(reference: str, settings: Settings, environment: Mapping[str, str]) -> SecretStr:
    """Resolve `@{secret:NAME}`: the environment first, then the secrets folder.

    Raises MissingSecretError with the bare name.
    """
    name = reference.removeprefix("@{secret:").removesuffix("}")
    if value := environment.get(name):
        return SecretStr(value)
    if settings.secrets_dir and (file := settings.secrets_dir / name).is_file():
        return SecretStr(file.read_text().strip())
    raise MissingSecretError(name)
