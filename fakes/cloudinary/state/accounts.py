"""Clouds and their keys: who may ask, and where a key may write."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, get_origin

from fakes.cloudinary import errors, signatures
from fakes.cloudinary.state.entries import refuse_unknown
from fakes.cloudinary.state.records import Account, Asset, Cloud
from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.store import Store

STALE_AFTER_S = 3600
STAGING = Account("staging", "111222333444555", "stagingSecret_AbC-123", "staging_clips", is_production=False)
PRODUCTION = Account("prod", "999888777666555", None, "prod_clips", is_production=True)
# The SDKs send these two outside of the signature of tags, context and metadata calls.
TOLERATED_UNSIGNED = ("notification_url", "batch_id")
_CLOUD = re.compile("[A-Za-z0-9_-]{1,128}")
_ACCOUNT_FIELDS = ("cloud", "api_key", "api_secret", "folder")
_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    str | None: "text or null",
    int | None: "a whole number or null",
}
_CHOICES = {"folder_mode": ("dynamic", "fixed"), "signature_algorithm": ("sha1", "sha256")}


class Accounts:
    """The accounts that exist.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, account: Account) -> None:
        """Add or replace a key."""
        row = (account.api_key, account.cloud, account.api_secret, account.folder, account.is_production)
        self._store.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?)", row)

    def set_cloud(self, cloud: Cloud) -> None:
        """Say what holds for all keys of a cloud."""
        settings = asdict(cloud)
        row = (settings.pop("name"), json.dumps(settings))
        self._store.execute("INSERT OR REPLACE INTO clouds VALUES (?, ?)", row)

    def cloud(self, name: str) -> Cloud:
        """What holds for all keys of a cloud; the defaults when nothing else was said."""
        row = self._store.one("SELECT settings FROM clouds WHERE name = ?", (name,))
        if row is None:
            return Cloud(name)
        return cloud_of({"name": name, **json.loads(row["settings"])})

    def all(self) -> list[Account]:
        """All keys, by cloud."""
        return [_account(row) for row in self._store.all("SELECT * FROM accounts ORDER BY cloud, api_key")]

    def secrets(self, cloud: str) -> list[str]:
        """The secrets of all keys of a cloud: each may sign delivery."""
        rows = self._store.all("SELECT api_secret FROM accounts WHERE cloud = ? LIMIT 100", (cloud,))
        return [str(row[0]) for row in rows if row[0] is not None]

    def private_cdn(self) -> str | None:
        """The cloud that delivery paths without a cloud are of, or None."""
        sql = "SELECT name FROM clouds WHERE json_extract(settings, '$.is_private_cdn') ORDER BY name LIMIT 1"
        row = self._store.one(sql)
        return str(row[0]) if row else None

    def has_key(self, api_key: str) -> bool:
        """Whether a key exists, of whichever cloud."""
        return self._one("SELECT * FROM accounts WHERE api_key = ?", api_key) is not None

    def of_cloud(self, cloud: str) -> Account | None:
        """The first key of a cloud, or None when there is no such cloud."""
        return self._one("SELECT * FROM accounts WHERE cloud = ? ORDER BY api_key LIMIT 1", cloud)

    def signed(
        self, cloud: str, params: Mapping[str, str], now_s: float, *, tolerated: tuple[str, ...] = ()
    ) -> Account:
        """Who signed these parameters.

        Args:
            cloud: The cloud in the path.
            params: All parameters as text.
            now_s: The fake's present, for stale signatures.
            tolerated: Parameters that may be outside of the signature.

        Raises:
            ProviderError: Unsigned (400), stale (400), or not by a key of this cloud (401).
        """
        signature = params.get("signature")
        if not signature and not params.get("api_key"):
            self._existing(cloud)
            raise errors.preset_not_found() if params.get("upload_preset") else errors.preset_required()
        if not params.get("api_key"):
            raise errors.missing_parameter("api_key")
        account = self._matching(cloud, params["api_key"], unknown=errors.unknown_key)
        if not signature:
            raise errors.missing_parameter("signature")
        _check_fresh(params.get("timestamp"), now_s)
        secret = account.api_secret
        if secret is None or not signatures.is_signed(params, signature, secret, tolerated=tolerated):
            error = errors.invalid_signature(signature, signatures.string_to_sign(params))
            raise _with_violation(error, account)
        return account

    def with_secret(self, cloud: str, api_key: str, secret: str) -> Account:
        """Who has this key and secret (HTTP Basic).

        Raises:
            ProviderError: Not a key of this cloud, or another secret (401).
        """
        account = self._matching(cloud, api_key, unknown=errors.unknown_admin_key)
        expected = account.api_secret
        if expected is None or not is_same(secret, expected):
            raise _with_violation(errors.secret_mismatch(), account)
        return account

    def with_token(self, cloud: str, token: str) -> Account:
        """Who has this OAuth token.

        Raises:
            ProviderError: There is no such cloud, or the token is not one of its (401).
        """
        account = self._existing(cloud)
        if not any(is_same(token, known) for known in self.cloud(cloud).oauth_tokens):
            raise _with_violation(errors.invalid_token(), account)
        return account

    def _matching(
        self, cloud: str, api_key: str, *, unknown: Callable[[str, str | None], ProviderError]
    ) -> Account:
        account = self._one("SELECT * FROM accounts WHERE api_key = ?", api_key)
        target = self._existing(cloud)
        touched = next((one for one in (target, account) if one and one.is_production), None)
        violation = f"cloudinary: key '{api_key}' was used on cloud '{cloud}'" if touched else None
        if account is None:
            raise unknown(api_key, violation)
        if account.cloud != cloud:
            raise errors.cloud_mismatch(violation=violation)
        return account

    def _existing(self, cloud: str) -> Account:
        found = self.of_cloud(cloud)
        if found is None:
            raise errors.invalid_cloud(cloud)
        return found

    def _one(self, sql: str, value: str) -> Account | None:
        row = self._store.one(sql, (value,))
        return _account(row) if row else None


def _account(row: sqlite3.Row) -> Account:
    return Account(row["cloud"], row["api_key"], row["api_secret"], row["folder"], bool(row["is_production"]))


def check_may_write(account: Account, public_id: str, asset_folder: str | None = None) -> None:
    """Refuse a name outside of the folder that the key is restricted to.

    Args:
        account: Whose key it is.
        public_id: The asset's id, or the path of a folder followed by `/`.
        asset_folder: Where the asset is placed; None when it is not moved.

    Raises:
        ProviderError: Outside (403); recorded as a violation.
    """
    if account.folder is None:
        return
    inside = account.folder + "/"
    is_named_inside = public_id.startswith(inside)
    is_placed_inside = asset_folder is not None and f"{asset_folder}/".startswith(inside)
    if is_named_inside and (asset_folder is None or is_placed_inside):
        return
    if is_placed_inside and "/" not in public_id:
        return
    outside = (asset_folder or "/") if is_named_inside else public_id
    violation = (
        f"cloudinary: key of cloud '{account.cloud}' reached for '{outside}', it is restricted to '{inside}'"
    )
    raise errors.folder_refused(outside, violation)


def check_may_change(
    account: Account, asset: Asset, *, public_id: str | None = None, asset_folder: str | None = None
) -> None:
    """Refuse to change an asset that is outside of the folder that the key is restricted to.

    Args:
        account: Whose key it is.
        asset: As it is now.
        public_id: Its new id, if it gets one.
        asset_folder: Where it is moved, if it is.

    Raises:
        ProviderError: It is outside, or would be (403); recorded as a violation.
    """
    check_may_write(account, asset.public_id, asset.asset_folder)
    placed = asset.asset_folder if asset_folder is None else asset_folder
    check_may_write(account, asset.public_id if public_id is None else public_id, placed)


def _check_fresh(timestamp: str | None, now_s: float) -> None:
    if not timestamp:
        raise errors.missing_parameter("timestamp")
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise errors.invalid_parameter("timestamp", timestamp)
    signed_at = int(timestamp)
    if now_s - signed_at > STALE_AFTER_S:
        raise errors.stale_request(signed_at)


def _with_violation(error: ProviderError, account: Account) -> ProviderError:
    if account.is_production:
        error.violation = f"cloudinary: production key '{account.api_key}' was used"
    return error


def from_seed(document: Mapping[str, object]) -> Account:
    """An account of a seed document: `{"cloud", "api_key", "api_secret", "folder"}`.

    Raises:
        ValueError: A field is unknown, missing or of the wrong kind, or it would replace production's key.
    """
    refuse_unknown("accounts[] has", document, _ACCOUNT_FIELDS)
    for name in ("cloud", "api_key", "api_secret"):
        if not isinstance(document.get(name), str) or not document[name]:
            raise ValueError(f"accounts[].{name} is {document.get(name)!r}; it must be text")
    if not _CLOUD.fullmatch(str(document["cloud"])):
        raise ValueError(
            f"accounts[].cloud is {document['cloud']!r}; it must be letters, digits, hyphens and underscores"
        )
    if PRODUCTION.cloud == document["cloud"] or PRODUCTION.api_key == document["api_key"]:
        raise ValueError(f"accounts[] names cloud '{PRODUCTION.cloud}' or its key, which nobody may have")
    folder = document.get("folder")
    if folder is not None and not isinstance(folder, str):
        raise ValueError(f"accounts[].folder is {folder!r}; it must be text or null")
    return replace(
        STAGING,
        folder=folder,
        cloud=str(document["cloud"]),
        api_key=str(document["api_key"]),
        api_secret=str(document["api_secret"]),
    )


def cloud_of(document: Mapping[str, Any]) -> Cloud:
    """A cloud of a seed document: `name` and the settings that differ from the defaults.

    Raises:
        ValueError: It has no name, or a setting is unknown or of the wrong kind.
    """
    known = {item.name: item for item in fields(Cloud)}
    if not isinstance(document.get("name"), str) or not document["name"]:
        raise ValueError(f"clouds[].name is {document.get('name')!r}; it must be text")
    settings: dict[str, Any] = {}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"clouds[].{name} is not a setting; there are {', '.join(known)}")
        settings[name] = _checked(name, value, known[name].type)
    cloud = Cloud(**settings)
    for name, allowed in _CHOICES.items():
        if getattr(cloud, name) not in allowed:
            raise ValueError(
                f"clouds[].{name} is {getattr(cloud, name)!r}; it is one of {', '.join(allowed)}"
            )
    return cloud


def _checked(name: str, value: Any, kind: Any) -> Any:
    """A setting's value, if it is of the kind that the dataclass says."""
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"clouds[].{name} is {value!r}; it must be a list of text")
        return tuple(value)
    if not isinstance(value, kind) or (kind in (int, int | None) and isinstance(value, bool)):
        raise ValueError(f"clouds[].{name} is {value!r}; it must be {_KINDS[kind]}")
    if isinstance(value, int) and value < 0:
        raise ValueError(f"clouds[].{name} is {value}; it must not be negative")
    return value
