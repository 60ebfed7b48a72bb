"""Files that arrive in several requests."""

import asyncio
from dataclasses import replace
from typing import Any

from fakes.cloudinary import wire
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import LIMIT_BYTES, Intake
from fakes.cloudinary.routes.upload.submission import Submission
from fakes.cloudinary.state import Key, Session, check_may_write, parse_range
from fakes.cloudinary.state.sessions import join
from fakes.kit.errors import ProviderError


class Parts:
    """Puts files together."""

    def __init__(self, service: Service) -> None:
        self._state = service.state
        self._blobs = service.blobs
        self._notices = service.notices
        self._intake = Intake(service)
        self._answers = Answers(service)
        self._joining: dict[int, asyncio.Task[dict[str, Any]]] = {}

    async def take(self, asked: Submission, upload_id: str, content_range: str) -> dict[str, Any]:
        """Take a part; the one that completes the file answers with the asset, also when it is sent again."""
        incoming = asked.form.file
        assert incoming is not None
        incoming.finish()
        part = parse_range(content_range, incoming.size_bytes)
        cloud, sessions = asked.account.cloud, self._state.sessions
        session = sessions.find(cloud, upload_id)
        if session is not None and session.asset_id is not None:
            asset = self._state.assets.by_id(cloud, session.asset_id)
            return self._answers.of_asset(asked.account, asset, is_signed=asked.is_signed) | {"done": True}
        if session is None:
            session = self._open(asked, upload_id)
        limit_bytes = LIMIT_BYTES.get(asked.resource_type, wire.VIDEO_LIMIT_BYTES)
        sessions.add(session, part, incoming, limit_bytes)

        session = sessions.find(cloud, upload_id) or session
        if not session.is_whole:
            return wire.partial_body(session.received_bytes, session.name.public_id, asked.resource_type)
        if asked.options.is_async:
            return self._begin(asked, session)
        return await asyncio.shield(self._task(asked, session))

    def _begin(self, asked: Submission, session: Session) -> dict[str, Any]:
        """Answer with what will be done, and do it then."""
        hooks, batch_id = self._notices.batched(asked.options.hooks)
        if session.id not in self._joining:
            asked.options = replace(asked.options, hooks=hooks)
            self._state.background.start(self._work(asked, session))
        key = Key(asked.account.cloud, asked.likely_type, asked.options.type, session.name.public_id)
        return wire.pending_body(key, batch_id) | {"done": True}

    async def _work(self, asked: Submission, session: Session) -> None:
        try:
            await self._task(asked, session)
        except ProviderError as error:
            self._notices.tell_error(asked.account, error, session.name.public_id, asked.options.hooks)

    def _task(self, asked: Submission, session: Session) -> asyncio.Task[dict[str, Any]]:
        """What puts the parts together, once for all who send the last one."""
        task = self._joining.get(session.id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._join(asked, session))
            self._joining[session.id] = task
        return task

    def _open(self, asked: Submission, upload_id: str) -> Session:
        key = Key(asked.account.cloud, asked.likely_type, asked.options.type, "")
        name = self._intake.name(key, asked.options, asked.form.filename)
        check_may_write(asked.account, name.public_id, name.asset_folder)
        return self._state.sessions.open(asked.account.cloud, upload_id, name)

    async def _join(self, asked: Submission, session: Session) -> dict[str, Any]:
        sessions, asked.name = self._state.sessions, session.name
        whole = self._blobs.incoming()
        try:
            await asyncio.to_thread(join, sessions.parts(session.id), whole)
            outcome = await self._intake.store(asked, whole, asked.form.filename)
            sessions.finish(session.id, outcome.asset.asset_id)
        except ProviderError as error:
            if error.status < 500:
                sessions.forget(session.id)
            raise
        finally:
            del self._joining[session.id]
            whole.drop()
        return await self._answers.of_upload(asked, outcome) | {"done": True}
