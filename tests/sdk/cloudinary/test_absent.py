"""What the fake has not, as Cloudinary's Python SDK tells it."""

from __future__ import annotations

import cloudinary.provisioning
import pytest


@pytest.mark.usefixtures("fakes")
def test_provisioning_is_absent_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = cloudinary.config().upload_prefix
    monkeypatch.setenv("CLOUDINARY_ACCOUNT_URL", "account://key:secret@account")
    cloudinary.provisioning.reset_config()

    with pytest.raises(Exception, match="501 - fake 'cloudinary' does not cover GET /v1_1/provisioning/"):
        cloudinary.provisioning.users(upload_prefix=prefix)
