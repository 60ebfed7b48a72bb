"""Search URLs: `GET /<cloud>/search/<signature>/<seconds to live>/<query>[/<cursor>]`, open to everybody.

A path without a cloud is that of a private CDN.

Source: cloudinary.com/documentation/cacheable_search_urls, and `Search.to_url` of the official Python SDK.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary import errors, forms
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.signatures import is_search_signed
from fakes.cloudinary.state import STAGING, Account
from fakes.kit.errors import ProviderError

_HEADERS = {"Access-Control-Allow-Origin": "*", "Timing-Allow-Origin": "*"}


class SearchUrls:
    """Answers searches that somebody with the secret has signed."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows."""
        return [
            Route(f"{cloud}/search/{{signature}}/{{ttl}}/{{query}}{cursor}", self.search, methods=["GET"])
            for cloud in ("/{cloud}", "")
            for cursor in ("/{next_cursor}", "")
        ]

    async def search(self, request: Request) -> Response:
        """Find assets by the query in the path."""
        try:
            return self._found(request)
        except ProviderError as error:
            error.code = errors.DELIVERY
            error.headers.update(_HEADERS, **{"Cache-Control": "private, no-transform, max-age=0"})
            raise

    def _found(self, request: Request) -> Response:
        params = request.path_params
        ttl, query = params["ttl"], params["query"]
        accounts = self._service.state.accounts
        cloud = params.get("cloud") or accounts.private_cdn() or STAGING.cloud
        account = self._signer(cloud, params["signature"], f"{ttl}{query}", request.url.path)
        form = forms.from_base64(query)
        if cursor := params.get("next_cursor"):
            form.params["next_cursor"] = cursor
        age = int(ttl) if ttl.isdecimal() and len(ttl) < 10 else 0
        headers = {**_HEADERS, "Cache-Control": f"public, max-age={age}"}
        return JSONResponse(self._service.found_assets(account, form), headers=headers)

    def _signer(self, cloud: str, signature: str, text: str, path: str) -> Account:
        """The key of the cloud whose secret has signed the text.

        Raises:
            ProviderError: There is no such cloud, or none of its keys (401).
        """
        accounts = [one for one in self._service.state.accounts.all() if one.cloud == cloud]
        if not accounts:
            raise errors.delivery_cloud_unknown(cloud)
        if accounts[0].is_production:
            raise errors.delivery_denied(
                violation=f"cloudinary: a search of production was asked for: '{path}'"
            )
        for account in accounts:
            if account.api_secret and is_search_signed(text, signature, account.api_secret):
                return account
        raise errors.delivery_denied()
