"""The Rust programs that the benchmarks compare this service with. Builds them."""

from __future__ import annotations

from pathlib import Path

from tests.toolchains import require_toolchain, run_toolchain

FOLDER = Path(__file__).parent / "rust"

_BUILD_WITHIN_S = 300


def rust_program(name: str, *arguments: str) -> list[str]:
    """Build benchmarks/rust; return the command that runs *name*. Raises NoToolchainError."""
    require_toolchain("a Rust program", "cargo")
    command = ["cargo", "build", "--release", "--quiet"]
    run_toolchain(command, within_s=_BUILD_WITHIN_S, folder=FOLDER)
    return [str(FOLDER / "target" / "release" / name), *arguments]
