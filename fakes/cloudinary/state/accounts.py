"""Clouds and their keys: who may ask, and where a key may write."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace

from fakes.cloudinary import errors, signatures
from fakes.cloudinary.state.records import Account, Cloud
from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.store import Store

STALE_AFTER_S = 3600
STAGING = Account("staging", "111222333444555", "stagingSecret_AbC-123", "staging_clips", is_production=False)
PRODUCTION = Account("prod", "999888777666555", None, "prod_clips", is_production=True)
# The SDKs send these two outside of the signature of tags, context and metadata calls.
TOLERATED_UNSIGNED = ("notification_url", "batch_id")


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
        settings = {item.name: getattr(cloud, item.name) for item in fields(Cloud) if item.name != "name"}
        row = (cloud.name, json.dumps(settings))
        self._store.execute("INSERT OR REPLACE INTO clouds VALUES (?, ?)", row)

    def cloud(self, name: str) -> Cloud:
        """What holds for all keys of a cloud; the defaults when nothing else was said."""
        row = self._store.one("SELECT settings FROM clouds WHERE name = ?", (name,))
        if row is None:
            return Cloud(name)
        settings = json.loads(row["settings"])
        return Cloud(name, **{**settings, "oauth_tokens": tuple(settings["oauth_tokens"])})

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
        account = self._matching(cloud, params["api_key"])
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
        account = self._matching(cloud, api_key)
        expected = account.api_secret
        if expected is None or not is_same(secret, expected):
            raise _with_violation(errors.secret_mismatch(), account)
        return account

    def _matching(self, cloud: str, api_key: str) -> Account:
        account = self._one("SELECT * FROM accounts WHERE api_key = ?", api_key)
        target = self._existing(cloud)
        touched = next((one for one in (target, account) if one and one.is_production), None)
        violation = f"cloudinary: key '{api_key}' was used on cloud '{cloud}'" if touched else None
        if account is None:
            raise errors.unknown_key(api_key, violation=violation)
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
        if row is None:
            return None
        return Account(
            row["cloud"], row["api_key"], row["api_secret"], row["folder"], bool(row["is_production"])
        )


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
    if is_named_inside and (not asset_folder or is_placed_inside):
        return
    if is_placed_inside and "/" not in public_id:
        return
    outside = asset_folder if is_named_inside and asset_folder else public_id
    violation = (
        f"cloudinary: key of cloud '{account.cloud}' reached for '{outside}', it is restricted to '{inside}'"
    )
    raise errors.folder_refused(outside, violation)


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
        ValueError: A field is missing or of the wrong kind.
    """
    for name in ("cloud", "api_key", "api_secret"):
        if not isinstance(document.get(name), str):
            raise ValueError(f"accounts[].{name} is {document.get(name)!r}; it must be text")
    folder = document.get("folder")
    if folder is not None and not isinstance(folder, str):
        raise ValueError(f"accounts[].folder is {folder!r}; it must be text or null")
    base = replace(STAGING, folder=folder)
    return replace(
        base,
        cloud=str(document["cloud"]),
        api_key=str(document["api_key"]),
        api_secret=str(document["api_secret"]),
    )
