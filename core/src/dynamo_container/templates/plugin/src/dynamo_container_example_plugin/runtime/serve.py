# SPDX-License-Identifier: Apache-2.0
"""example-plugin behind Dynamo's HTTP service, which speaks OpenAI's chat completions.

Replace `generate` by an engine. Now it repeats the words of the question, one by one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from dynamo.llm import HttpAsyncEngine, HttpService
from dynamo.runtime import DistributedRuntime

MODEL = "example-plugin"


async def generate(request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of an answer, each a `chat.completion.chunk`."""
    chunk = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": request["model"],
    }
    for word in request["messages"][-1]["content"].split():
        delta = {"role": "assistant", "content": f"{word} "}
        yield {**chunk, "choices": [{"index": 0, "delta": delta}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


async def main() -> None:
    """Serve until the container is stopped."""
    loop = asyncio.get_running_loop()
    runtime = DistributedRuntime(loop, "mem", "tcp")
    service = HttpService(port=int(os.environ.get("DYN_HTTP_PORT", "8000")))
    service.add_chat_completions_model(MODEL, "0", HttpAsyncEngine(generate, loop))
    service.enable_endpoint("chat", True)
    loop.add_signal_handler(signal.SIGTERM, service.shutdown)
    await service.run(runtime)
    runtime.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
