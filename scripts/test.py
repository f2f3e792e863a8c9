"""`make test`: machine, style, types and tests, in the order in which a fault is cheapest to find."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
STEPS = (
    ("machine", ["bash", "scripts/machine.sh"]),
    ("style", [str(BIN / "ruff"), "check", "."]),
    ("format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("types", [str(BIN / "mypy")]),
    ("data", [str(BIN / "paidan"), "check"]),
    ("tests", [str(BIN / "python"), "-m", "pytest", "-m", "not proof"]),
)


def main() -> int:
    """Run every step; the first that fails ends the run with its exit code."""
    for name, command in STEPS:
        start = time.perf_counter()
        sys.stdout.write(f"── {name}: {' '.join(command)}\n")
        sys.stdout.flush()
        code = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PAIDAN_HOME": str(ROOT)}).returncode
        sys.stdout.write(f"── {name}: {time.perf_counter() - start:.0f} s\n")
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
