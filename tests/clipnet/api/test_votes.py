from __future__ import annotations

import httpx

from tests.clipnet.api.conftest import Api
from tests.clipnet.api.stories import new_clip


async def test_everybody_has_one_vote(sam: httpx.AsyncClient, cleo: httpx.AsyncClient) -> None:
    path = f"/v1/clips/{(await new_clip(sam))['id']}"
    await sam.put(f"{path}/vote", json={"value": 1})
    await cleo.put(f"{path}/vote", json={"value": 1})

    changed = await cleo.put(f"{path}/vote", json={"value": -1})

    assert changed.json() == {"up": 1, "down": 1, "mine": -1}
    assert (await sam.get(path)).json()["votes"] == {"up": 1, "down": 1, "mine": 1}


async def test_a_vote_is_taken_back(sam: httpx.AsyncClient) -> None:
    path = f"/v1/clips/{(await new_clip(sam))['id']}/vote"
    await sam.put(path, json={"value": 1})

    answers = [await sam.delete(path), await sam.delete(path)]

    assert [answer.json() for answer in answers] == [{"up": 0, "down": 0, "mine": None}] * 2


async def test_a_vote_is_up_or_down(api: Api, sam: httpx.AsyncClient) -> None:
    path = f"/v1/clips/{(await new_clip(sam))['id']}/vote"

    answer = await sam.put(path, json={"value": 5})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
