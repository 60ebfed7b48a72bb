"""Posts: create, read, list those of an account, delete."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.x import errors, wire
from fakes.x.guard import Guard
from fakes.x.routes.bodies import read_json
from fakes.x.state import State
from fakes.x.state.posts import Post

_MOST_IDS = 100


def routes(state: State, guard: Guard) -> list[Route]:
    """Routes below /2/tweets."""

    async def create(request: Request) -> Response:
        author = guard.person(request, "create post", "tweet.read", "tweet.write", "users.read")
        draft = wire.draft(await read_json(request), request.headers.get("idempotency-key"))
        return JSONResponse({"data": wire.new_post_body(state.posts.create(author, draft))}, 201)

    async def get(request: Request) -> Response:
        guard.caller(request, "posts")
        return JSONResponse(found(request, [state.posts.get(request.path_params["id"])], is_list=False))

    async def many(request: Request) -> Response:
        guard.caller(request, "posts")
        ids = [one for one in request.query_params.get("ids", "").split(",") if one]
        if not 1 <= len(ids) <= _MOST_IDS:
            raise errors.invalid("ids must name 1 to 100 posts", "ids")
        posts = [post for post in map(state.posts.find, ids) if post is not None]
        known = {post.id for post in posts}
        missing = [errors.missing_row("tweet", "ids", one) for one in ids if one not in known]
        body = found(request, posts, is_list=True) if posts else {}
        return JSONResponse(body | ({"errors": missing} if missing else {}))

    async def of_user(request: Request) -> Response:
        guard.caller(request, "timeline")
        user = state.users.find(request.path_params["id"])
        if user is None:
            raise errors.not_found("user", "id", request.path_params["id"])
        wanted = wire.page_wanted(request.query_params)
        posts = state.posts.of_user(user, wanted)
        shown = posts[: wanted.most]
        body = found(request, shown, is_list=True) if shown else {}
        return JSONResponse(body | {"meta": wire.page_meta(shown, has_more=len(posts) > wanted.most)})

    async def delete(request: Request) -> Response:
        author = guard.person(request, "delete post", "tweet.read", "tweet.write", "users.read")
        state.posts.delete(author, request.path_params["id"])
        return JSONResponse({"data": {"deleted": True}})

    def found(request: Request, posts: list[Post], *, is_list: bool) -> dict[str, Any]:
        """Posts with what the request wants to know of them."""
        query = request.query_params
        fields = query.get("tweet.fields", query.get("post.fields", "")).split(",")
        expansions = query.get("expansions", "").split(",")
        if "author_id" in expansions:
            fields.append("author_id")
        rows = [wire.post_body(post, state.media.many(post.media_ids), fields) for post in posts]
        body: dict[str, Any] = {"data": rows if is_list else rows[0]}
        if "author_id" in expansions:
            authors = {post.author_id: state.users.get(post.author_id) for post in posts}
            body["includes"] = {"users": [wire.user_body(user) for user in authors.values()]}
        return body

    return [
        Route("/2/tweets", create, methods=["POST"]),
        Route("/2/tweets", many, methods=["GET"]),
        Route("/2/tweets/{id}", get, methods=["GET"]),
        Route("/2/tweets/{id}", delete, methods=["DELETE"]),
        Route("/2/users/{id}/tweets", of_user, methods=["GET"]),
    ]
