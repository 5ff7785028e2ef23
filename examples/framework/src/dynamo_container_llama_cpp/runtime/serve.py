# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""llama.cpp behind Dynamo's HTTP service, which speaks OpenAI's chat completions.

LLAMA_CPP_MODEL is the path of the model's file, whose name is the model's name.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias

import xllamacpp
from dynamo.llm import HttpAsyncEngine, HttpError, HttpService
from dynamo.runtime import DistributedRuntime

Chunk: TypeAlias = dict[str, Any]


class Engine:
    """llama.cpp's own server, called directly instead of through its sockets."""

    def __init__(self, model: Path) -> None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(model)
        parameters.model_alias = {model.stem}
        if threads := os.environ.get("LLAMA_CPP_THREADS"):
            parameters.cpuparams.n_threads = int(threads)
        self._server = xllamacpp.Server(parameters)

    async def generate(self, request: Chunk) -> AsyncIterator[Chunk]:
        """Yield the chunks of an answer, which llama.cpp generates in another thread."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
        cancelled = threading.Event()

        def receive(chunk: Chunk) -> bool:
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            return cancelled.is_set()

        def answer() -> None:
            try:
                self._server.handle_chat_completions({**request, "stream": True}, receive)
            finally:
                loop.call_soon_threadsafe(chunks.put_nowait, None)

        work = loop.run_in_executor(None, answer)
        try:
            while (chunk := await chunks.get()) is not None:
                if error := chunk.get("error"):
                    raise HttpError(error["code"], error["message"])
                yield chunk
            await work
        except RuntimeError as error:
            # llama.cpp cannot serve this request, for example an image for a model of text only.
            raise HttpError(HTTPStatus.BAD_REQUEST, str(error)) from error
        finally:
            # If the client has disconnected, llama.cpp stops at its next token.
            cancelled.set()


async def main() -> None:
    """Serve until the container is stopped."""
    model = Path(os.environ.get("LLAMA_CPP_MODEL") or "no-model")
    if not model.is_file():
        sys.exit(
            "no model is given; run: dynamo-container run llama-cpp --gguf /path/to/model.gguf"
        )
    loop = asyncio.get_running_loop()
    runtime = DistributedRuntime(loop, "mem", "tcp")
    service = HttpService(port=int(os.environ.get("DYN_HTTP_PORT", "8000")))
    engine = HttpAsyncEngine(Engine(model).generate, loop)
    service.add_chat_completions_model(model.stem, "0", engine)
    service.enable_endpoint("chat", True)
    loop.add_signal_handler(signal.SIGTERM, service.shutdown)
    await service.run(runtime)
    runtime.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
