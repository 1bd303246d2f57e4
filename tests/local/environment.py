"""The environment in which everything local runs: no profile, credential or proxy of the person's own can leak in."""

from __future__ import annotations

import os

# The secret is not one: the local cloud takes the access key id as the account and looks at nothing else.
SECRET = "local"


def clean() -> dict[str, str]:
    """This process's environment without anything of AWS or of a Python environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAM_CLI_")) and k != "PYTHONPATH"}
    local = "127.0.0.1,localhost"
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": local,
        "no_proxy": local,
    }


def of_account(account: str, region: str, endpoint: str) -> dict[str, str]:
    """An environment in which an AWS client of `account` talks to `endpoint`."""
    return clean() | {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
    }
