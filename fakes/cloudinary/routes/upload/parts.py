"""Files that arrive in several requests."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import LIMIT_BYTES, Intake
from fakes.cloudinary.state import Account, Key, Session, check_may_write, parse_range
from fakes.cloudinary.state.sessions import join
from fakes.cloudinary.wire import UploadOptions
from fakes.kit.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Part:
    """What came with a part: its sender, its options and its headers."""

    account: Account
    resource_type: str
    options: UploadOptions
    upload_id: str
    content_range: str


class Parts:
    """Puts files together."""

    def __init__(self, service: Service) -> None:
        self._state = service.state
        self._blobs = service.blobs
        self._intake = Intake(service)
        self._answers = Answers(service)
        self._joining: dict[int, asyncio.Task[dict[str, Any]]] = {}

    async def take(self, sent: Part, form: Form) -> dict[str, Any]:
        """Take a part; the one that completes the file answers with the asset, also when it is sent again."""
        incoming = form.file
        assert incoming is not None
        incoming.finish()
        part = parse_range(sent.content_range, incoming.size_bytes)
        cloud, sessions = sent.account.cloud, self._state.sessions
        session = sessions.find(cloud, sent.upload_id)
        if session is not None and session.asset_id is not None:
            asset = self._state.assets.by_id(cloud, session.asset_id)
            return self._answers.of_asset(sent.account, asset) | {"done": True}
        if session is None:
            session = self._open(sent, form)
        limit_bytes = LIMIT_BYTES.get(sent.resource_type, wire.VIDEO_LIMIT_BYTES)
        sessions.add(session, part, incoming, limit_bytes)

        session = sessions.find(cloud, sent.upload_id) or session
        if not session.is_whole:
            return wire.partial_body(session.received_bytes, session.name.public_id, sent.resource_type)
        task = self._joining.get(session.id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._join(sent, session, form.filename))
            self._joining[session.id] = task
        return await asyncio.shield(task)

    def _open(self, sent: Part, form: Form) -> Session:
        kind = "image" if sent.resource_type == "auto" else sent.resource_type
        key = Key(sent.account.cloud, kind, sent.options.type, "")
        name = self._intake.name(key, sent.options, form.filename)
        check_may_write(sent.account, name.public_id, name.asset_folder)
        return self._state.sessions.open(sent.account.cloud, sent.upload_id, name)

    async def _join(self, sent: Part, session: Session, filename: str | None) -> dict[str, Any]:
        sessions = self._state.sessions
        whole = self._blobs.incoming()
        try:
            await asyncio.to_thread(join, sessions.parts(session.id), whole)
            outcome = await self._intake.store(
                sent.account, sent.resource_type, sent.options, (whole, filename), session.name
            )
            sessions.finish(session.id, outcome.asset.asset_id)
        except ProviderError as error:
            if error.status < 500:
                sessions.forget(session.id)
            raise
        finally:
            del self._joining[session.id]
            whole.drop()
        return await self._answers.of_upload(sent.account, sent.options, outcome) | {"done": True}
