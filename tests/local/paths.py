"""Where things are in the working tree."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
SAM_CONFIG = ROOT / "samconfig.toml"
LOCAL = ROOT / ".local"
SAM = ROOT / ".venv" / "sam" / "bin" / "sam"
BINARIES = ROOT / "target" / "debug"
STANDIN = BINARIES / "drawbridge-standin"
CLI = BINARIES / "drawbridge"
FUNCTIONS = ROOT / "target" / "lambda"


def built(path: Path) -> Path:
    """`path`, or what to type when it is not there."""
    if not path.exists():
        raise FileNotFoundError(f"{path.relative_to(ROOT)} is missing: run `make build` first")
    return path
