"""A place for endpoints that are asked for without a share."""

from __future__ import annotations

import uuid
from typing import Any

from routes import NETWORKER
from story import Json, Story

SERVICE_ID = "vpce-svc-0a1b2c3d4e5f60718"
SERVICE = f"com.amazonaws.vpce.us-east-1.{SERVICE_ID}"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


class Place:
    """A VPC of a test's own, with a subnet in each of three zones, a security group and two route tables, and a provider's
    endpoint service that the account may use.

    What is asked for without a share is known by its service and its VPC, and an execution's name is used once for ever: two
    tests that ask for the same in the same VPC would be one connection, whose run is over.
    """

    def __init__(self, story: Story, **service: Any) -> None:
        own = uuid.uuid4().hex[:16]
        self.story = story
        self.vpc, self.group, self.main, self.other = f"vpc-{own}", f"sg-{own}", f"rtb-0{own}", f"rtb-1{own}"
        self.subnets = [f"subnet-{at}{own}" for at in range(3)]
        zones = zip(self.subnets, "abc", (1, 2, 4), strict=True)
        story.standin.seed(
            story.account,
            story.cloud.region,
            vpcs=[{"id": self.vpc, "cidr": "10.1.0.0/16", "dns_support": True, "dns_hostnames": True}],
            subnets=[
                {"id": id_, "vpc": self.vpc, "az": f"us-east-1{letter}", "az_id": f"use1-az{at}", "free": 200} for id_, letter, at in zones
            ],
            security_groups=[{"id": self.group, "vpc": self.vpc, "ingress": [{"from": 12000, "to": 12000, "cidr": "10.1.0.0/16"}]}],
            route_tables=[
                {"id": self.main, "vpc": self.vpc, "main": True},
                {"id": self.other, "vpc": self.vpc, "subnets": [self.subnets[1]]},
            ],
            endpoint_services=[{"id": SERVICE_ID, "owner": NETWORKER, **service}],
        )

    def interface(self, **more: Any) -> Json:
        """Asks for an interface endpoint to the provider's service."""
        return {"interface": SERVICE, "vpc": self.vpc, "security_groups": [self.group], **more}

    def subscribe(self, *endpoints: Json, name: str = "asking", **more: Any) -> None:
        """Subscribes with the real command to endpoints, and to nothing that is shared."""
        more = {"profile": "generic", "ports": {SERVICE: 12000}, **more}
        self.story.subscribe(name, endpoints=list(endpoints), senders=(), targets=(), **more)

    def gateway(self, **more: Any) -> Json:
        """Asks for a gateway endpoint in every route table."""
        return {"gateway": "s3", "vpc": self.vpc, **({} if "subnets" in more else {"route_tables": "all"}), **more}
