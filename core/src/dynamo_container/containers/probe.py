# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command that finds out, in a container, whether it is ready."""

from __future__ import annotations

from typing import Final

from dynamo_container.model.values import Readiness

# Runs in the container with its Python. It looks for servers itself: for listening sockets that
# processes of the container hold. So the port and the address do not matter, and on the host's
# network, a server outside of the container does not count. It uses no proxy.
_PROBE: Final = r"""
import glob, json, os, socket, sys

def inodes():
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]

def listeners():
    own = set(inodes())
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            lines = open("/proc/net/" + name).read().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and fields[9] in own:
                digits, _, port = fields[1].partition(":")
                raw = bytes.fromhex(digits)
                raw = b"".join(raw[at:at + 4][::-1] for at in range(0, len(raw), 4))
                host = socket.inet_ntop(family, raw) if any(raw) else "localhost"
                yield host, int(port, 16)

def get(host, port, path):
    try:
        with socket.create_connection((host, port), 2) as server:
            server.settimeout(5)
            server.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = b""
            while (data := server.recv(65536)) and len(answer) < 1000000:
                answer += data
    except OSError as error:
        return 0, str(error)
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    status = int(words[1]) if head.startswith(b"HTTP/") and words[1:] and words[1].isdigit() else 0
    return status, body.decode(errors="replace")

def lists_a_model(body):
    try:
        return bool(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError):
        return False

# A worker whose engine reports no health of its own, such as the mocker, stays "notready".
def has_ready_endpoints(body):
    try:
        states = list(json.loads(body)["endpoints"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(states) and set(states) == {"ready"}

role = sys.argv[1]
seen = []
for host, port in sorted(set(listeners())):
    if role == "worker":
        status, body = get(host, port, "/health")
        ready = status == 200 or has_ready_endpoints(body)
    else:
        status, body = get(host, port, "/v1/models")
        ready = status == 200 and (role == "frontend" or lists_a_model(body))
    if ready:
        sys.exit(0)
    what = {0: "does not speak HTTP", 200: "lists no model"}.get(status, f"answers {status}")
    seen.append(f"port {port} {what}")
hint = " (a worker's system server requires DYN_SYSTEM_PORT)" if role == "worker" else ""
sys.exit(("; ".join(seen) or "no process of the container listens on a port") + hint)
"""


def script() -> str:
    """Return the Python program that looks for servers in a container."""
    return _PROBE


def command(readiness: Readiness) -> tuple[str, ...]:
    """Return the command that exits with status 0 in a container that is ready; otherwise it prints
    why it is not.
    """
    if readiness.serves:
        return ("python", "-I", "-S", "-c", _PROBE, readiness.serves)
    return readiness.command
