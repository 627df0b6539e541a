"""The event loop: uvloop's where it is installed (the extra ``speed``), and else Python's own."""

try:
    from uvloop import run
except ImportError:
    from asyncio import run  # type: ignore[assignment]  # alike but for a loop factory that nobody passes

__all__ = ["run"]
