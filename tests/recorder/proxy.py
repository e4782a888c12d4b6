"""A link between two services that can be made slow: a TCP proxy, as ``python proxy.py --listen P --to P``.

SIGUSR1 makes it slow, SIGUSR2 quick again. What crosses it is not looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal


class Link:
    """Passes bytes on; when slow, every piece of an answer is held back for a while of its own."""

    def __init__(self, to: int, delay: float, seed: int) -> None:
        self._to, self._delay, self._chance = to, delay, random.Random(seed)
        self.slow = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass(reader, onward, False), self._pass(there, writer, True))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if self.slow and answer:
                    await asyncio.sleep(self._delay * self._chance.lognormvariate(0.0, 0.35))
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one side hung up
        finally:
            writer.close()


async def run(listen: int, link: Link) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, setattr, link, "slow", True)
    loop.add_signal_handler(signal.SIGUSR2, setattr, link, "slow", False)
    server = await asyncio.start_server(link.serve, "127.0.0.1", listen)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--delay", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.listen, Link(arguments.to, arguments.delay, arguments.seed)))
