"""What each key may do: every operation with every permission."""

import pytest

from fakes.runpod import FAKE
from fakes.runpod.state import NAMESPACE, READ_ONLY_KEY
from fakes.runpod.state.keys import Access, Key
from tests.fakes.runpod.conftest import Account

READS = {"status", "status-sync", "stream", "health", "requests"}
WRITES = {"run", "runsync", "cancel", "retry", "purge-queue"}
OPERATIONS = [
    (row.method, row.path)
    for row in FAKE.coverage
    if row.level != "absent" and row.path.startswith("/v2/{endpoint}/") and "worker_id" not in row.path
]
KEY = "rpa_staging_tested"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("held", ["none", "read", "write"])
async def test_an_operation_needs_its_permission(
    account: Account, held: Access, method: str, path: str
) -> None:
    operation = path.split("/")[3]
    allowed = {"none": set(), "read": READS, "write": READS | WRITES}[held]
    account.state.keys.add(KEY, Key(NAMESPACE, "none", {"staging-clip": held}))
    body = {"input": {"mock_return": 1}} if operation in ("run", "runsync") else None

    answer = await account.client.request(
        method, path.format(endpoint="staging-clip", job_id="j1"), json=body, headers={"Authorization": KEY}
    )

    if operation in allowed:
        assert answer.status_code in (200, 404)
    else:
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})


@pytest.mark.parametrize(
    ("held", "endpoint", "status"),
    [
        (Key(NAMESPACE), "staging-clip", 200),
        (Key(NAMESPACE, "read"), "staging-clip", 200),
        (Key(NAMESPACE, "none"), "staging-clip", 401),
        (Key(NAMESPACE, "none", {"staging-blip": "read"}), "staging-blip", 200),
        (Key(NAMESPACE, "none", {"staging-blip": "write"}), "staging-blip", 200),
        (Key(NAMESPACE, "none", {"staging-blip": "write"}), "staging-clip", 401),
        (Key(NAMESPACE, "write", {"staging-blip": "none"}), "staging-blip", 401),
        (Key(NAMESPACE, is_disabled=True), "staging-clip", 401),
    ],
)
async def test_a_key_holds_for_its_endpoints(account: Account, held: Key, endpoint: str, status: int) -> None:
    account.state.keys.add(KEY, held)

    answer = await account.client.get(f"/v2/{endpoint}/health", headers={"Authorization": f"Bearer {KEY}"})

    assert answer.status_code == status


async def test_a_key_that_is_changed_or_reset_holds_at_once(account: Account) -> None:
    async def status() -> int:
        answer = await account.client.get("/v2/staging-clip/health", headers={"Authorization": KEY})
        return answer.status_code

    before = await status()
    account.state.keys.add(KEY, Key(NAMESPACE))
    added = await status()
    account.state.keys.add(KEY, Key(NAMESPACE, is_disabled=True))
    disabled = await status()
    account.state.keys.add(KEY, Key(NAMESPACE))
    enabled = await status()
    account.app.reset()

    assert (before, added, disabled, enabled, await status()) == (401, 200, 401, 200, 401)


async def test_the_read_only_key_follows_jobs_and_changes_none(account: Account) -> None:
    headers = {"Authorization": f"Bearer {READ_ONLY_KEY}"}
    job = await account.run({"mock_return": 1})

    seen = await account.client.get(f"/v2/staging-clip/status/{job}", headers=headers)
    cancelled = await account.client.post(f"/v2/staging-clip/cancel/{job}", headers=headers)

    assert (seen.status_code, cancelled.status_code) == (200, 401)


async def test_keys_and_secrets_are_in_no_journal(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    secret = "s3cr3t-of-the-bucket-0001"
    body = {"input": {"mock_return": 1}, "s3Config": {"accessId": "id", "accessSecret": secret}}

    with caplog.at_level("DEBUG"):
        for key in (KEY, f"Bearer {KEY}"):
            headers = {"Authorization": key}
            await account.client.post("/v2/staging-clip/run", json=body, headers=headers)
    journal = (await account.client.get("/_fake/requests")).text

    said = journal + "".join(str(record.__dict__) for record in caplog.records)
    assert (KEY in said, secret in said) == (False, False)
    assert "***sted" in journal
