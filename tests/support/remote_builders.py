# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A BuildKit on another machine, as builders of the driver `remote` reach it: TCP with mutual TLS.

The BuildKit is that of a Docker Engine, which speaks its protocol after an upgrade of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


@dataclass(frozen=True)
class Remote:
    """A BuildKit that listens.

    Attributes:
        address: where, as `docker buildx create` takes it.
        options: driver options with the certificates that a client needs.
        stranger: the same, with a client's certificate of another authority.
    """

    address: str
    options: tuple[str, ...]
    stranger: tuple[str, ...]


@contextmanager
def remote(socket: Path, folder: Path) -> Iterator[Remote]:
    """Offer the BuildKit of an engine at a port of this machine.

    Args:
        socket: of the engine.
        folder: where certificates are written.
    """
    authority, other = trustme.CA(), trustme.CA()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        starting = _listen(socket, _server_context(authority))
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        port = server.sockets[0].getsockname()[1]
        yield Remote(
            f"tcp://127.0.0.1:{port}",
            _driver_options(folder / "client", authority, authority),
            _driver_options(folder / "stranger", authority, other),
        )
        loop.call_soon_threadsafe(server.close)
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


def _driver_options(folder: Path, server: trustme.CA, client: trustme.CA) -> tuple[str, ...]:
    """Write a client's certificates, and return the options that name them."""
    folder.mkdir()
    certificate = client.issue_cert("client")
    server.cert_pem.write_to_path(folder / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    names = {"cacert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
    return tuple(f"--driver-opt={option}={folder / name}" for option, name in names.items())


async def _listen(socket: Path, context: ssl.SSLContext) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _forward(socket, reader, writer)

    return await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)


async def _forward(
    socket: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    engine_reader, engine_writer = await asyncio.open_unix_connection(str(socket))
    engine_writer.write(_UPGRADE)
    head = await engine_reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head.partition(b"\r\n")[0], head
    await asyncio.gather(_copy(reader, engine_writer), _copy(engine_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
