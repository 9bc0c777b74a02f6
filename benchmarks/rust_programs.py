"""The Rust programs that the benchmarks measure this service beside, with what they need."""

from __future__ import annotations

from pathlib import Path

from tests.toolchains import require_toolchain, run_toolchain

FOLDER = Path(__file__).parent / "rust"

_BUILD_WITHIN_S = 300


def rust_program(name: str, *arguments: str) -> list[str]:
    """Return the command that runs *name* of benchmarks/rust, built. Raises NoToolchainError."""
    require_toolchain("a Rust program", "cargo")
    command = ["cargo", "build", "--release", "--quiet"]
    run_toolchain(command, within_s=_BUILD_WITHIN_S, folder=FOLDER)
    return [str(FOLDER / "target" / "release" / name), *arguments]
