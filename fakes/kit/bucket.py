"""Names a bucket of an S3 server by one address: `s3://KEY:SECRET@HOST:PORT/BUCKET[/PREFIX][?tls=1&region=...]`."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_OPTIONS = {"tls", "region"}
_FORM = "write s3://KEY:SECRET@HOST:PORT/BUCKET, with ?tls=1 or ?region=NAME if need be"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is, and who may write to it.

    Attributes:
        endpoint: `host:port`.
        prefix: Begins the name of each object; ends with `/` unless it is empty.
    """

    endpoint: str
    name: str
    prefix: str
    access_key: str
    secret_key: str = field(repr=False)
    is_tls: bool = False
    region: str = "us-east-1"


def parse(url: str) -> Bucket:
    """Read an address.

    Raises:
        ValueError: It is not of this form; the text says what to write and shows no secret.
    """
    parts = _split(url)
    name, _, prefix = parts.path.strip("/").partition("/")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    is_whole = parts.hostname and _NAME.fullmatch(name) and parts.username and parts.password
    if parts.scheme != "s3" or not is_whole or not options.keys() <= _OPTIONS:
        raise ValueError(_FORM)
    return Bucket(
        endpoint=parts.netloc.rpartition("@")[2],
        name=name,
        prefix=f"{prefix}/" if prefix else "",
        access_key=unquote(parts.username or ""),
        secret_key=unquote(parts.password or ""),
        is_tls=options.get("tls", "0") in ("1", "true"),
        region=options.get("region", "us-east-1"),
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number that is no port is only found by looking
    except ValueError:
        raise ValueError(_FORM) from None  # what Python says of it may show the secret
    return parts
