"""Serves the fakes that FAKES_PORTS names until it is told to stop: `python -m fakes`."""

import asyncio
import logging
import os
import sys
import time
from dataclasses import replace

from fakes import logs
from fakes.kit.app import FakeApp
from fakes.kit.clock import SettableClock
from fakes.kit.server import listen, serve, stop_on_signals
from fakes.realhosts import CertificateUnusable, Listeners, fake_of_host, prepare
from fakes.settings import BadSetting, ServerSettings, load

log = logging.getLogger("fakes")


async def run(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    sockets = {name: listen(settings.host, port) for name, port in settings.ports.items()}
    bound = {name: sock.getsockname()[1] for name, sock in sockets.items()}
    by_name = _by_name(settings)
    known = {name: f"{settings.public_host}:{settings.public_ports.get(name, bound[name])}" for name in bound}
    here = {address: name for name, address in known.items()} | (fake_of_host(bound) if by_name else {})
    found = replace(
        settings.fakes,
        public_urls={name: f"http://{address}" for name, address in known.items()},
        inside={address: f"http://127.0.0.1:{bound[name]}" for address, name in here.items()},
    )
    clock = SettableClock()
    apps = {name: FakeApp(name, found, clock) for name in sockets}
    log.info("fakes ready", extra={"ports": bound})
    by_port = serve({sockets[name]: app for name, app in apps.items()}, stop)
    try:
        await asyncio.gather(by_port, *([by_name.serve(apps, stop)] if by_name else []))
    finally:
        for app in apps.values():
            await app.close()


def _by_name(settings: ServerSettings) -> Listeners | None:
    if settings.tls is None:
        return None
    return prepare(settings.host, settings.tls, fake_of_host(settings.ports), time.time())


def main() -> int:
    """Exit code 0 after a stop on command, 2 for a bad setting, 1 when a port is taken."""
    logs.start()
    try:
        settings = load(os.environ)
    except BadSetting as error:
        log.error("bad setting", extra={"error": str(error)})
        return 2
    try:
        asyncio.run(run(settings))
    except CertificateUnusable as error:
        log.error("no certificate", extra={"error": str(error)})
        return 2
    except OSError as error:
        log.error("cannot listen", extra={"error": str(error), "ports": dict(settings.ports)})
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take time
