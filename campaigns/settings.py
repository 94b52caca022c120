"""Settings from the environment, read once by the entry points and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from campaigns import home


class Settings(BaseSettings):
    """Every setting that Pagecast reads; the README's table lists them, and a test holds the two equal."""

    model_config = SettingsConfigDict(
        env_prefix="PAGECAST_", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    home: Path = Field(default_factory=home.home)
    """State folder: database, uploads, reports, the embedded server."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """The database; absent: SQLite in the state folder."""
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """The Redis server; absent: the bundled one, started and adopted by Pagecast."""
    force_embedded: bool = False
    """Use the bundled server with PostgreSQL too: right only where this machine is the only one."""
    storage_url: str | None = None
    """Folder for stored lists; default HOME/storage."""
    secrets_dir: Path | None = None
    """A folder with one file a secret, as container platforms mount them."""
    host: str = "127.0.0.1"
    """Where the web process listens."""
    port: int = 8321
    """Its port."""
    public_url: str | None = None
    """How people reach the dashboard, where a proxy stands before it; absent: by host and port."""
    secret_key: SecretStr | None = None
    """Signs the dashboard's sessions; absent: a random key that is kept with the state."""
    worker_processes: int = Field(default=2, ge=1, le=64)
    """Worker processes under `up` and `run`."""
    worker_threads: int = Field(default=16, ge=1, le=256)
    """Bells that one worker process answers at the same moment."""
    meta_app_secret: SecretStr | None = None
    """Signs Meta's webhooks; several by commas."""
    meta_verify_token: SecretStr | None = None
    """The word that Meta's handshake must know."""
    orbit_webhook_secret: SecretStr | None = None
    """Signs Orbit's webhooks; several by commas."""
    orbit_webhook_scheme: Literal["timestamped", "bare", "standard"] = "timestamped"
    """How Orbit signs its webhooks."""
    private_receivers: bool = False
    """Let webhook notices go to this machine and to private networks, and lists be fetched from there."""
    keep_bodies_days: int = Field(default=30, ge=1)
    """How many days applied webhook bodies, and counts of refused ones, are kept."""
    keep_texts_days: int = Field(default=90, ge=1)
    """How many days what people wrote and answered is kept."""
    keep_lists_days: int | None = Field(default=None, ge=1)
    """How many days after a campaign's end its list's cells and variables are kept; absent: for good."""

    @property
    def sqlite_path(self) -> Path:
        """The database file of the embedded default."""
        return self.home / home.DATABASE

    @property
    def shared(self) -> bool:
        """Whether other machines may use the same database."""
        return bool(self.database_url) and not str(self.database_url).startswith("sqlite:")

    @property
    def url(self) -> str:
        """Where people open the dashboard, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://{host}:{self.port}"

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


@dataclass(frozen=True, slots=True)
class Keys:
    """What checks a platform's signatures: any one of `values` may have signed.

    `missing` are the bare names that no place knows.
    """

    values: tuple[SecretStr, ...]
    missing: tuple[str, ...] = ()


def keys(setting: SecretStr | None, settings: Settings, environment: Mapping[str, str]) -> Keys:
    """Read a setting of several secrets, each as it is or as `@{secret:NAME}`; what a name holds may be several too.

    A blank one is none: anybody could sign with it.
    """
    values: list[str] = []
    missing: list[str] = []
    for part in _parts(setting):
        try:
            values += _parts(_resolved(part, settings, environment))
        except MissingSecretError as error:
            missing.append(error.args[0])
    return Keys(tuple(map(SecretStr, values)), tuple(missing))


def key(setting: SecretStr | None, settings: Settings, environment: Mapping[str, str]) -> SecretStr | None:
    """Read a setting of one secret; None where it is not set, is blank, or names what no place knows."""
    try:
        value = _resolved(setting.get_secret_value().strip(), settings, environment) if setting else SecretStr("")
    except MissingSecretError:
        return None
    return value if value.get_secret_value() else None


def _parts(setting: SecretStr | None) -> list[str]:
    parts = setting.get_secret_value().split(",") if setting else []
    return [part.strip() for part in parts if part.strip()]


def _resolved(word: str, settings: Settings, environment: Mapping[str, str]) -> SecretStr:
    return secret(word, settings, environment) if word.startswith("@{secret:") else SecretStr(word)
