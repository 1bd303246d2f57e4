"""The two accounts of the story: who subscribes, and who shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .standin import Standin

Json = dict[str, Any]

CONSUMER = "111122223333"
PROVIDER = "444455556666"
SUBSCRIPTION = Path(__file__).parent / "subscription.yaml"
"""What the consumer subscribes with; it names the VPC and the security group below."""

DOMAIN = "c4217.us-east-1.example.net"
VPC = "vpc-0a1b2c3d4e5f60718"
SECURITY_GROUP = "sg-0a1b2c3d4e5f60718"
NETWORK: Json = {
    "vpcs": [{"id": VPC, "cidr": "10.0.0.0/16", "dns_support": True, "dns_hostnames": True}],
    "subnets": [
        {
            "id": f"subnet-0a1b2c3d4e5f6071{n}",
            "vpc": VPC,
            "az": f"us-east-1{az}",
            "az_id": id_,
            "cidr": cidr,
            "free": free,
        }
        for n, az, id_, cidr, free in (
            (1, "a", "use1-az1", "10.0.1.0/24", 240),
            (2, "b", "use1-az2", "10.0.2.0/24", 198),
            # VPC Lattice does not work in use1-az3, and the last subnet is nearly full: `auto` takes neither.
            (3, "c", "use1-az3", "10.0.3.0/24", 251),
            (4, "d", "use1-az4", "10.0.4.0/28", 9),
        )
    ],
    "security_groups": [
        {
            "id": SECURITY_GROUP,
            "vpc": VPC,
            "ingress": [
                {"from": 10000, "to": 19999, "cidr": "10.0.0.0/16", "protocol": "tcp"},
                {"from": 8070, "to": 8070, "cidr": "10.0.0.0/16", "protocol": "tcp"},
            ],
        }
    ],
}


def group(name: str = "redis-4217", databases: int = 3) -> Json:
    """A GROUP resource configuration as Redis Cloud shares it: one child per database, and the metrics endpoint."""

    def child(label: str, host: str, port: int) -> Json:
        domain = f"{host}.{DOMAIN}"
        return {"name": label, "ports": [str(port)], "dns_target": f"internal-{domain}", "custom_domain": domain}

    children = [child(f"database-{port}", f"redis-{port}", port) for port in range(12000, 12000 + databases)]
    children.append(child("metrics", "metrics", 8070))
    return {"type": "GROUP", "name": name, "group_domain": DOMAIN, "children": children}


def settle_consumer(standin: Standin, region: str) -> None:
    """Gives the consumer a VPC to connect from."""
    standin.seed(CONSUMER, region, **NETWORK)


def share(standin: Standin, name: str = "redis-4217", event: bool = True, **more: Any) -> Json:
    """The provider shares a GROUP with the consumer, and RAM says so (or not: its events may be lost)."""
    return standin.share(PROVIDER, name, [group(name)], principals=[CONSUMER], invitation=True, event=event, **more)
