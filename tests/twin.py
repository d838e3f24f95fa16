"""An asyncio session that is used as a ``wscli.Session`` is, so that one test serves for both."""

import asyncio
import threading

from wscli import aio


class LoopThread:
    """An event loop in a thread of its own; at the end nothing may have gone wrong in it."""

    def __enter__(self):
        self.failures = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: self.failures.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        self.loop.close()
        assert self.failures == []

    def run(self, coroutine):
        """Run a coroutine in the loop, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def connect(self, url, **options):
        """Connect as ``wscli.connect`` does."""

        async def connect():
            return await aio.connect(url, **options)

        return BlockingSession(self.run, self.run(connect()))


class BlockingSession:
    """Hands every call to an ``AsyncSession``."""

    def __init__(self, run, session):
        self._run = run
        self._session = session

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._run(self._session.__aexit__(*exc))

    def __repr__(self):
        return repr(self._session)

    def __getattr__(self, name):
        value = getattr(self._session, name)
        if not asyncio.iscoroutinefunction(value):
            return value
        return lambda *args, **options: self._run(value(*args, **options))

    def __iter__(self):
        messages = aiter(self._session)
        while True:
            try:
                yield self._run(anext(messages))
            except StopAsyncIteration:
                return
