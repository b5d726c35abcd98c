"""
Tests of run_async() that the project plan requires.
"""

import asyncio

import pytest

from workerctl.runtime.async_helpers import (
    cleanup_event_loop,
    get_or_create_event_loop,
    run_async,
)


class TestRunAsync:
    """
    The tests of section 5.1 of the plan.
    """

    def test_basic_coroutine(self) -> None:
        """
        The call returns the result of the coroutine.
        """

        async def simple() -> int:
            return 42

        assert run_async(simple()) == 42

    def test_event_loop_reuse(self) -> None:
        """
        Two calls return the same loop.
        """
        assert get_or_create_event_loop() is get_or_create_event_loop()

    def test_cleanup(self) -> None:
        """
        After the clean-up, there is a new loop.
        """
        loop = get_or_create_event_loop()
        cleanup_event_loop()

        assert get_or_create_event_loop() is not loop

    def test_exception_propagation(self) -> None:
        """
        The call raises the exception of the coroutine.
        """

        async def failing() -> None:
            raise ValueError("test error")

        with pytest.raises(ValueError, match="test error"):
            run_async(failing())

    def test_timeout_handling(self) -> None:
        """
        The loop can be used without `run_async`, with asyncio's own timeouts.
        """

        async def slow() -> None:
            await asyncio.sleep(10)

        with pytest.raises(asyncio.TimeoutError):
            get_or_create_event_loop().run_until_complete(asyncio.wait_for(slow(), timeout=0.1))
