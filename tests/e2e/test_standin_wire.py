"""The stand-in speaks the real protocols: boto3 drives it, and every raw answer is held against botocore's models."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from local.paths import STANDIN, built

CONSUMER, PROVIDER, STRANGER = "111122223333", "444455556666", "777788889999"
REGION = "us-east-1"
APP = "drawbridge-test"
NETWORK = {
    "vpcs": [{"id": "vpc-0a", "cidr": "10.0.0.0/16"}, {"id": "vpc-0b", "cidr": "10.1.0.0/16", "dns_hostnames": False}],
    "subnets": [
        {
            "id": "subnet-0a1",
            "vpc": "vpc-0a",
            "az": "us-east-1a",
            "az_id": "use1-az1",
            "cidr": "10.0.1.0/24",
            "free": 200,
        },
        {
            "id": "subnet-0a2",
            "vpc": "vpc-0a",
            "az": "us-east-1b",
            "az_id": "use1-az2",
            "cidr": "10.0.2.0/24",
            "free": 9,
        },
        {"id": "subnet-0a3", "vpc": "vpc-0a", "az": "us-east-1c", "az_id": "use1-az3", "cidr": "10.0.3.0/24"},
        {"id": "subnet-0a4", "vpc": "vpc-0a", "az": "us-east-1a", "az_id": "use1-az1", "cidr": "10.0.4.0/24"},
        {"id": "subnet-0b1", "vpc": "vpc-0b", "az": "us-east-1a", "az_id": "use1-az1", "cidr": "10.1.1.0/24"},
    ],
    "security_groups": [
        {
            "id": "sg-0a",
            "vpc": "vpc-0a",
            "ingress": [
                {"from": 10000, "to": 19999, "cidr": "10.0.0.0/16", "protocol": "tcp"},
                {"protocol": "-1", "group": "sg-0c", "cidr_v6": "::/0", "prefix_list": "pl-0a"},
            ],
        },
        {"id": "sg-0b", "vpc": "vpc-0b"},
    ],
    "service_networks": [{"id": "sn-0123456789abcdef0", "name": "databases"}],
    "route_tables": [{"id": "rtb-0a", "vpc": "vpc-0a", "main": True}],
}
GROUP = {
    "type": "GROUP",
    "name": "redis-4217",
    "group_domain": "c4217.example.net",
    "children": [
        {
            "name": "database-1",
            "ports": ["12000"],
            "dns_target": "internal.example.net",
            "custom_domain": "redis-1.c4217.example.net",
        },
        {
            "name": "metrics",
            "ports": ["8070"],
            "dns_target": "internal.example.net",
            "custom_domain": "elsewhere.example.org",
        },
    ],
}


class Emulator(ThreadingHTTPServer):
    """What stands behind the stand-in: remembers what reached it, and answers what it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Behind)
        self.seen: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}

    def took(self) -> list[dict[str, Any]]:
        """What reached it since the last look."""
        seen = []
        while not self.seen.empty():
            seen.append(self.seen.get())
        return seen


class Behind(BaseHTTPRequestHandler):
    """One request to the emulator."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Remembers the request and answers by its target."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        emulator = cast(Emulator, self.server)
        emulator.seen.put(
            {"operation": operation, "headers": dict(self.headers), "body": json.loads(body), "path": self.path}
        )
        status, answer = emulator.answers.get(operation, (200, {}))
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Standin:
    """A running stand-in, and clients of it."""

    def __init__(self, url: str, emulator: Emulator) -> None:
        self.url, self.emulator = url, emulator

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call under /_standin/."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_standin/{path}", data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def client(
        self, service: str, account: str = CONSUMER, timeout: float = 10, attempts: int = 1, region: str = REGION
    ) -> Any:
        """A client whose every answer is checked."""
        config = Config(
            user_agent_appid=APP, read_timeout=timeout, retries={"total_max_attempts": attempts, "mode": "standard"}
        )
        client = boto3.client(
            service, region, endpoint_url=self.url, aws_access_key_id=account, aws_secret_access_key="x", config=config
        )
        if service in ("ec2", "ram", "vpc-lattice", "service-quotas"):
            client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", check_raw)
        return client

    def set(self, **knobs: Any) -> None:
        """Turns knobs."""
        self.admin("POST", "settings", knobs)

    def share(self, **more: Any) -> Any:
        """The provider shares a group with the consumer."""
        seed = {"owner": PROVIDER, "name": "redis-4217", "principals": [CONSUMER], "resources": [GROUP], "event": False}
        return self.admin("POST", "shares", seed | more)

    def accepted(self, **more: Any) -> Any:
        """The same, without need of an invitation."""
        return self.share(invitation=False, **more)

    def fault(self, service: str, operation: str, kind: str, **more: Any) -> int:
        """Orders a fault."""
        return cast(
            int, self.admin("POST", "faults", {"service": service, "operation": operation, "kind": kind} | more)["id"]
        )

    def calls(self) -> list[Any]:
        """All calls."""
        return cast(list[Any], self.admin("GET", "calls")["calls"])


@pytest.fixture(scope="module")
def running() -> Iterator[Standin]:
    """One process for the whole file, before one emulator."""
    emulator = Emulator()
    threading.Thread(target=emulator.serve_forever, daemon=True).start()
    binary = os.environ.get("STANDIN_BIN") or str(built(STANDIN))
    upstream = f"http://127.0.0.1:{emulator.server_port}"
    process = subprocess.Popen(
        [binary, "--listen", "127.0.0.1:0", "--upstream", upstream], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield Standin(line.split()[-1], emulator)
    finally:
        process.terminate()
        process.wait(10)
        emulator.shutdown()
        emulator.server_close()


@pytest.fixture
def standin(running: Standin) -> Standin:
    """The stand-in as new, with one seeded consumer."""
    running.admin("POST", "reset")
    running.admin("POST", "seed", {"account": CONSUMER, "region": REGION} | NETWORK)
    running.emulator.answers.clear()
    running.emulator.took()
    return running


# --- the raw answer against the model ---


ORDERED = "StrangeException"
"""An error that only a test orders."""


def check_raw(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    """Holds every answer against botocore's model: boto3 drops unknown members in silence."""
    where = operation_model.name
    status, headers, body = response_dict["status_code"], response_dict["headers"], response_dict["body"]
    if operation_model.service_model.metadata["protocol"] == "ec2":
        root = plain(ElementTree.fromstring(body))
        if status >= 300:
            assert [child.tag for child in root] == ["Errors", "RequestID"], where
            assert [child.tag for child in root[0][0]] == ["Code", "Message"], where
            return
        assert root.tag == f"{where}Response" and root[0].tag == "requestId", where
        root.remove(root[0])
        if operation_model.output_shape is None:
            # AWS says so much all the same.
            assert [(child.tag, child.text) for child in root] == [("return", "true")], where
            return
        check_xml(operation_model.output_shape, root, where)
        return
    output = json.loads(body)
    if status < 300:
        assert status == operation_model.http.get("responseCode", 200), where
        check_json(operation_model.output_shape, output, where)
        return
    if operation_model.service_model.metadata["protocol"] == "json":
        assert output["__type"] in {ORDERED, *(shape.name for shape in operation_model.error_shapes)}, where
        return
    name = headers["x-amzn-errortype"]
    shape = next((shape for shape in operation_model.error_shapes if shape.name == name), None)
    if shape is None:
        # Errors that every service has and few operations model.
        common = ("ThrottlingException", "AccessDeniedException", "UnrecognizedClientException", ORDERED)
        assert name in common, f"{where} has no {name}"
        return
    assert status == shape.metadata["error"]["httpStatusCode"], f"{where} {name}"
    check_json(shape, output, f"{where} {name}")


def plain(element: ElementTree.Element) -> ElementTree.Element:
    """The same without namespaces."""
    for each in element.iter():
        each.tag = each.tag.split("}")[-1]
    return element


def check_xml(shape: Shape | None, element: ElementTree.Element, where: str) -> None:
    """No unknown element, lists of `item`, and scalars that are what the model says."""
    if isinstance(shape, StructureShape):
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        tags = [child.tag for child in element]
        assert len(tags) == len(set(tags)), f"{where}: one element twice in {tags}"
        for child in element:
            assert child.tag in known, f"{where} has no {child.tag}, only {sorted(known)}"
            check_xml(known[child.tag], child, f"{where}.{child.tag}")
    elif isinstance(shape, ListShape):
        for child in element:
            assert child.tag == shape.member.serialization.get("name", "member"), f"{where}: {child.tag}"
            check_xml(shape.member, child, f"{where}[]")
    else:
        assert shape is not None and len(element) == 0, where
        text = element.text or ""
        assert text or shape.type_name == "string", where
        forms = {"boolean": r"true|false", "integer": r"-?\d+", "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"}
        assert re.fullmatch(forms.get(shape.type_name, ".*"), text, re.DOTALL), f"{where}: {text}"


TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "long": int, "double": float}


def check_json(shape: Shape | None, value: Any, where: str) -> None:
    """No unknown member, none missing that is required, and values in the form that the model gives."""
    if isinstance(shape, StructureShape):
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, inner in value.items():
            assert name in known, f"{where} has no {name}, only {sorted(known)}"
            check_json(known[name], inner, f"{where}.{name}")
        needed = {name for name in shape.required_members if shape.members[name].serialization.get("location") is None}
        assert needed <= set(value), f"{where} lacks {needed - set(value)}"
    elif isinstance(shape, ListShape):
        for inner in value:
            check_json(shape.member, inner, f"{where}[]")
    elif isinstance(shape, MapShape):
        for inner in value.values():
            check_json(shape.value, inner, f"{where}{{}}")
    else:
        assert shape is not None, where
        if shape.type_name == "timestamp":
            # RAM counts seconds, VPC Lattice writes ISO 8601.
            iso = shape.serialization.get("timestampFormat") == "iso8601"
            assert isinstance(value, str if iso else int | float), f"{where}: {value!r}"
            return
        assert isinstance(value, TYPES[shape.type_name]), f"{where}: {value!r}"
        if shape.type_name == "string":
            enum, pattern = getattr(shape, "enum", []), shape.metadata.get("pattern")
            assert not enum or value in enum, f"{where}: {value} is none of {enum}"
            assert not pattern or re.fullmatch(pattern, value), f"{where}: {value} is not {pattern}"


def refused(call: Callable[[], Any]) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Message"]
    return str(caught.value.response["Error"]["Code"])


def everything(
    client: Any, operation: str, member: str, token: str = "nextToken", **given: Any
) -> tuple[list[Any], int]:
    """All entries of a list, and how many pages it took."""
    entries: list[Any] = []
    pages, more = 0, {}
    while True:
        page = getattr(client, operation)(**given, **more)
        entries += page[member]
        pages += 1
        if not page.get(token):
            return entries, pages
        more = {token: page[token]}


def resource_endpoint(configuration: str, **more: Any) -> dict[str, Any]:
    """What `CreateVpcEndpoint` needs for a Resource endpoint."""
    return {
        "VpcEndpointType": "Resource",
        "VpcId": "vpc-0a",
        "ResourceConfigurationArn": configuration,
        "SubnetIds": ["subnet-0a1", "subnet-0a2"],
        "SecurityGroupIds": ["sg-0a"],
        "PrivateDnsEnabled": True,
        "ClientToken": "conn-1-g1",
        "TagSpecifications": [
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "drawbridge:owner", "Value": "conn-1-g1"}]}
        ],
    } | more


# --- RAM ---


def test_an_invitation_is_seen_looked_into_and_accepted(standin: Standin) -> None:
    made = standin.share()
    ram = standin.client("ram")
    invitations, pages = everything(ram, "get_resource_share_invitations", "resourceShareInvitations")
    assert pages == 2, "an empty page with a token comes first"
    (invitation,) = invitations
    arn = made["invitations"][CONSUMER]
    assert invitation["resourceShareInvitationArn"] == arn
    assert arn.startswith(f"arn:aws:ram:{REGION}:{PROVIDER}:resource-share-invitation/"), "the sender's account"
    assert (invitation["senderAccountId"], invitation["receiverAccountId"]) == (PROVIDER, CONSUMER)
    assert (invitation["resourceShareArn"], invitation["resourceShareName"]) == (made["share"], "redis-4217")
    assert invitation["status"] == "PENDING"
    assert abs((datetime.now(UTC) - invitation["invitationTimestamp"]).total_seconds()) < 60

    (inside,), _ = everything(ram, "list_pending_invitation_resources", "resources", resourceShareInvitationArn=arn)
    assert (inside["arn"], inside["type"]) == (made["resources"][0], "vpc-lattice:ResourceConfiguration")
    assert (inside["resourceShareArn"], inside["status"]) == (made["share"], "AVAILABLE")
    assert everything(ram, "get_resource_shares", "resourceShares", resourceOwner="OTHER-ACCOUNTS")[0] == []

    answer = ram.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="t1")
    assert answer["clientToken"] == "t1"
    assert answer["resourceShareInvitation"]["status"] == "ACCEPTED"
    again = ram.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="t1")
    assert again["resourceShareInvitation"] == answer["resourceShareInvitation"]
    code = refused(lambda: ram.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="t2"))
    assert code == "ResourceShareInvitationAlreadyAcceptedException"
    other = standin.share()["invitations"][CONSUMER]
    code = refused(lambda: ram.accept_resource_share_invitation(resourceShareInvitationArn=other, clientToken="t1"))
    assert code == "IdempotentParameterMismatchException"

    (share,), _ = everything(ram, "get_resource_shares", "resourceShares", resourceOwner="OTHER-ACCOUNTS")
    assert (share["resourceShareArn"], share["owningAccountId"], share["status"]) == (made["share"], PROVIDER, "ACTIVE")
    (resource,), _ = everything(
        ram,
        "list_resources",
        "resources",
        resourceOwner="OTHER-ACCOUNTS",
        resourceType="VPC-Lattice:resourceconfiguration",
    )
    assert resource["arn"] == made["resources"][0]
    assert everything(ram, "list_pending_invitation_resources", "resources", resourceShareInvitationArn=arn)[0] == []


def test_an_invitation_ends_in_four_ways(standin: Standin) -> None:
    ram = standin.client("ram")
    first, second, third = (standin.share()["invitations"][CONSUMER] for _ in range(3))
    assert (
        ram.reject_resource_share_invitation(resourceShareInvitationArn=first)["resourceShareInvitation"]["status"]
        == "REJECTED"
    )
    standin.admin("POST", "invitations", {"arn": second, "status": "EXPIRED"})
    standin.admin("POST", "invitations", {"arn": third, "status": "ACCEPTED"})
    old = standin.share(age_minutes=12 * 60)["invitations"][CONSUMER]
    ends = {
        first: "ResourceShareInvitationAlreadyRejectedException",
        second: "ResourceShareInvitationExpiredException",
        third: "ResourceShareInvitationAlreadyAcceptedException",
        old: "ResourceShareInvitationExpiredException",
    }
    for arn, code in ends.items():
        assert refused(lambda arn=arn: ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)) == code
    for arn in (first, old):
        code = refused(lambda arn=arn: ram.list_pending_invitation_resources(resourceShareInvitationArn=arn))
        assert code == ends[arn]
    young = standin.share(age_minutes=11 * 60 + 55)["invitations"][CONSUMER]
    ram.accept_resource_share_invitation(resourceShareInvitationArn=young)


def test_ram_refuses_what_is_not_there(standin: Standin) -> None:
    made = standin.share()
    ram, stranger = standin.client("ram"), standin.client("ram", STRANGER)
    arn = made["invitations"][CONSUMER]
    assert refused(lambda: stranger.accept_resource_share_invitation(resourceShareInvitationArn=arn)) == (
        "ResourceShareInvitationArnNotFoundException"
    )
    assert everything(stranger, "get_resource_share_invitations", "resourceShareInvitations")[0] == []
    elsewhere = standin.client("ram", region="eu-west-1")
    assert everything(elsewhere, "get_resource_share_invitations", "resourceShareInvitations")[0] == []
    assert (
        refused(lambda: ram.accept_resource_share_invitation(resourceShareInvitationArn="arn:aws:s3:::x"))
        == "MalformedArnException"
    )
    unknown = f"arn:aws:ram:{REGION}:{PROVIDER}:resource-share/0"
    assert refused(lambda: ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[unknown])) == (
        "UnknownResourceException"
    )
    assert refused(lambda: ram.get_resource_shares(resourceOwner="SELF", nextToken="x")) == "InvalidNextTokenException"
    owned, _ = everything(
        standin.client("ram", PROVIDER), "get_resource_shares", "resourceShares", resourceOwner="SELF"
    )
    assert [share["resourceShareArn"] for share in owned] == [made["share"]]


def test_ram_lags_behind_an_acceptance(standin: Standin) -> None:
    standin.set(accept_lag_polls=1, empty_pages=False)
    made = standin.share()
    arn = made["invitations"][CONSUMER]
    ram = standin.client("ram")
    ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)

    def look() -> tuple[str, int]:
        (seen,) = ram.get_resource_share_invitations(resourceShareArns=[made["share"]])["resourceShareInvitations"]
        return seen["status"], len(ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"])

    assert ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == []
    assert look() == ("ACCEPTED", 1)


def test_pages_hold_every_entry_once(standin: Standin) -> None:
    standin.set(page_size=2)
    shares = [standin.accepted()["share"] for _ in range(5)]
    ram = standin.client("ram")
    seen, pages = everything(ram, "get_resource_shares", "resourceShares", resourceOwner="OTHER-ACCOUNTS")
    assert ([share["resourceShareArn"] for share in seen], pages) == (shares, 4)
    paginator = ram.get_paginator("list_resources")
    assert len([r for page in paginator.paginate(resourceOwner="OTHER-ACCOUNTS") for r in page["resources"]]) == 5


def test_a_revoked_share_is_gone_and_a_foreign_type_can_be_shared(standin: Standin) -> None:
    made = standin.accepted(resources=[{"ram_type": "vpc-lattice:Service", "name": "web"}, GROUP])
    ram = standin.client("ram")
    types = {r["type"] for r in everything(ram, "list_resources", "resources", resourceOwner="OTHER-ACCOUNTS")[0]}
    assert types == {"vpc-lattice:Service", "vpc-lattice:ResourceConfiguration"}
    standin.admin("POST", "shares/revoke", {"share": made["share"], "account": CONSUMER})
    assert everything(ram, "list_resources", "resources", resourceOwner="OTHER-ACCOUNTS")[0] == []
    again = standin.admin("POST", "shares/invite", {"share": made["share"], "account": CONSUMER, "event": False})
    ram.accept_resource_share_invitation(resourceShareInvitationArn=again["invitation"])
    assert len(everything(ram, "list_resources", "resources", resourceOwner="OTHER-ACCOUNTS")[0]) == 2


# --- VPC Lattice ---


def test_a_group_and_its_children_are_described_to_those_they_are_shared_with(standin: Standin) -> None:
    made = standin.accepted()
    lattice = standin.client("vpc-lattice")
    group = lattice.get_resource_configuration(resourceConfigurationIdentifier=made["resources"][0])
    assert (group["type"], group["status"], group["groupDomain"]) == ("GROUP", "ACTIVE", "c4217.example.net")
    assert "portRanges" not in group
    children, pages = everything(
        lattice, "list_resource_configurations", "items", resourceConfigurationGroupIdentifier=made["resources"][0]
    )
    assert pages == 2
    assert {child["arn"] for child in children} == set(made["children"][0])
    assert {child["type"] for child in children} == {"CHILD"}
    assert {child["resourceConfigurationGroupId"] for child in children} == {group["id"]}
    child = lattice.get_resource_configuration(resourceConfigurationIdentifier=made["children"][0][0].split("/")[-1])
    assert (child["portRanges"], child["protocol"]) == (["12000"], "TCP")
    assert child["resourceConfigurationDefinition"]["dnsResource"]["domainName"] == "internal.example.net"
    assert child["createdAt"]
    assert child["customDomainName"] == "redis-1.c4217.example.net"

    (later,) = standin.admin(
        "POST", "shares/children", {"group": made["resources"][0], "children": [{"name": "database-2"}]}
    )["children"]
    everyone, _ = everything(lattice, "list_resource_configurations", "items")
    assert later in {each["arn"] for each in everyone}
    assert len(everyone) == 4

    stranger = standin.client("vpc-lattice", STRANGER)
    assert (
        refused(lambda: stranger.get_resource_configuration(resourceConfigurationIdentifier=group["id"]))
        == "AccessDeniedException"
    )
    missing = "rcfg-" + "0" * 17
    assert (
        refused(lambda: lattice.get_resource_configuration(resourceConfigurationIdentifier=missing))
        == "ResourceNotFoundException"
    )
    standin.set(deny_resource_configuration=True, deny_group_listing=True)
    assert (
        refused(lambda: lattice.get_resource_configuration(resourceConfigurationIdentifier=group["id"]))
        == "AccessDeniedException"
    )
    assert refused(lattice.list_resource_configurations) == "AccessDeniedException"


def test_nothing_is_described_before_the_acceptance(standin: Standin) -> None:
    made = standin.share()
    lattice = standin.client("vpc-lattice")
    assert refused(
        lambda: lattice.get_resource_configuration(resourceConfigurationIdentifier=made["resources"][0])
    ) == ("AccessDeniedException")
    assert everything(lattice, "list_resource_configurations", "items")[0] == []


def test_an_association_lives(standin: Standin) -> None:
    made = standin.accepted()
    lattice = standin.client("vpc-lattice")
    network = lattice.get_service_network(serviceNetworkIdentifier="sn-0123456789abcdef0")
    assert network["arn"] == f"arn:aws:vpc-lattice:{REGION}:{CONSUMER}:servicenetwork/sn-0123456789abcdef0"
    assert network["name"] == "databases"
    assert (
        refused(lambda: lattice.get_service_network(serviceNetworkIdentifier="sn-" + "9" * 17))
        == "ResourceNotFoundException"
    )

    wanted = {
        "resourceConfigurationIdentifier": made["resources"][0],
        "serviceNetworkIdentifier": network["id"],
        "privateDnsEnabled": True,
        "clientToken": "conn-1-g1",
        "tags": {"drawbridge:owner": "conn-1-g1"},
    }
    answer = lattice.create_service_network_resource_association(**wanted)
    assert (answer["status"], answer["createdBy"], answer["privateDnsEnabled"]) == (
        "CREATE_IN_PROGRESS",
        CONSUMER,
        True,
    )
    assert lattice.create_service_network_resource_association(**wanted)["id"] == answer["id"], "the same token"
    with pytest.raises(lattice.exceptions.ConflictException) as conflict:
        lattice.create_service_network_resource_association(**wanted | {"clientToken": "another"})
    assert conflict.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert conflict.value.response["resourceId"] == answer["id"]
    other = {"clientToken": "conn-1-g1", "privateDnsEnabled": False}
    assert refused(lambda: lattice.create_service_network_resource_association(**wanted | other)) == "ConflictException"

    def get(identifier: str) -> Any:
        return lattice.get_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=identifier)

    assert get(answer["arn"])["status"] == "CREATE_IN_PROGRESS"
    active = get(answer["id"])
    assert active["status"] == "ACTIVE" and "dnsEntry" not in active, "a group has no address of its own"
    rows, _ = everything(
        lattice,
        "list_service_network_resource_associations",
        "items",
        serviceNetworkIdentifier=network["arn"],
        includeChildren=True,
    )
    assert {row["resourceConfigurationArn"] for row in rows} == {made["resources"][0], *made["children"][0]}
    children = [row for row in rows if row["resourceConfigurationArn"] in made["children"][0]]
    for row in children:
        name = rf"{row['id']}\.{row['resourceConfigurationId']}\.[0-9a-f]{{7}}\.vpc-lattice-rsc\.{REGION}\.on\.aws"
        assert re.fullmatch(name, row["dnsEntry"]["domainName"])
        assert row["dnsEntry"]["hostedZoneId"]
    assert get(children[0]["id"])["resourceConfigurationArn"] == children[0]["resourceConfigurationArn"]
    alone, _ = everything(
        lattice,
        "list_service_network_resource_associations",
        "items",
        resourceConfigurationIdentifier=made["resources"][0],
    )
    assert [row["id"] for row in alone] == [answer["id"]]

    assert lattice.list_tags_for_resource(resourceArn=answer["arn"])["tags"] == {"drawbridge:owner": "conn-1-g1"}
    lattice.tag_resource(resourceArn=answer["arn"], tags={"team": "data"})
    assert lattice.list_tags_for_resource(resourceArn=answer["arn"])["tags"]["team"] == "data"
    lattice.tag_resource(resourceArn=answer["arn"], tags={"a": "1", "b": "2"})
    lattice.untag_resource(resourceArn=answer["arn"], tagKeys=["team", "a", "never"])
    assert lattice.list_tags_for_resource(resourceArn=answer["arn"])["tags"] == {"drawbridge:owner": "conn-1-g1", "b": "2"}
    assert (
        refused(lambda: lattice.list_tags_for_resource(resourceArn=answer["arn"][:-17] + "0" * 17))
        == "ResourceNotFoundException"
    )

    gone = lattice.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=answer["id"])
    assert (gone["id"], gone["status"]) == (answer["id"], "DELETE_IN_PROGRESS")
    assert get(answer["id"])["status"] == "DELETE_IN_PROGRESS"
    assert refused(lambda: get(answer["id"])) == "ResourceNotFoundException"
    assert refused(
        lambda: lattice.delete_service_network_resource_association(
            serviceNetworkResourceAssociationIdentifier=answer["id"]
        )
    ) == ("ResourceNotFoundException")
    (kept,) = standin.admin("GET", "state")["associations"]
    assert (kept["status"], kept["live"]) == ("DELETED", False)
    fresh = lattice.create_service_network_resource_association(**wanted | {"clientToken": "conn-1-g2"})
    assert fresh["id"] != answer["id"]


@pytest.mark.parametrize(
    ("outcome", "status"), [("PARTIAL", "PARTIAL"), ("CREATE_FAILED", "CREATE_FAILED"), ("stuck", "CREATE_IN_PROGRESS")]
)
def test_an_association_can_end_otherwise(standin: Standin, outcome: str, status: str) -> None:
    made = standin.accepted()
    standin.set(association_outcome=outcome, failure_reason="no gateway", association_pending_polls=0)
    lattice = standin.client("vpc-lattice")
    answer = lattice.create_service_network_resource_association(
        resourceConfigurationIdentifier=made["resources"][0], serviceNetworkIdentifier="sn-0123456789abcdef0"
    )
    seen = lattice.get_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=answer["id"])
    assert seen["status"] == status
    assert (seen.get("failureReason") == "no gateway") == (outcome != "stuck")


def test_lattice_refuses_children_strangers_and_too_many(standin: Standin) -> None:
    made = standin.accepted()
    lattice = standin.client("vpc-lattice")

    def create(configuration: str, network: str = "sn-0123456789abcdef0", client: Any = lattice) -> Any:
        return client.create_service_network_resource_association(
            resourceConfigurationIdentifier=configuration, serviceNetworkIdentifier=network
        )

    assert refused(lambda: create(made["children"][0][0])) == "ValidationException"
    assert refused(lambda: create(made["resources"][0], "sn-" + "9" * 17)) == "ResourceNotFoundException"
    assert refused(lambda: create(standin.share()["resources"][0])) == "AccessDeniedException"
    shared = {"id": "sn-" + "1" * 17, "name": "theirs", "owner": PROVIDER}
    standin.admin("POST", "seed", {"account": CONSUMER, "service_networks": [shared]})
    assert refused(lambda: create(made["resources"][0], shared["id"])) == "AccessDeniedException", "both are shared"
    standin.set(resources_per_service_network=0, empty_pages=False)
    assert refused(lambda: create(made["resources"][0])) == "ServiceQuotaExceededException"


# --- EC2 ---


def test_the_network_is_described(standin: Standin) -> None:
    ec2 = standin.client("ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert (vpcs[0]["VpcId"], vpcs[0]["CidrBlock"], vpcs[0]["State"]) == ("vpc-0a", "10.0.0.0/16", "available")
    assert refused(lambda: ec2.describe_vpcs(VpcIds=["vpc-0f"])) == "InvalidVpcID.NotFound"
    hostnames = ec2.describe_vpc_attribute(VpcId="vpc-0b", Attribute="enableDnsHostnames")
    assert hostnames["EnableDnsHostnames"] == {"Value": False}
    support = ec2.describe_vpc_attribute(VpcId="vpc-0b", Attribute="enableDnsSupport")
    assert (support["VpcId"], support["EnableDnsSupport"]) == ("vpc-0b", {"Value": True})
    assert (
        refused(lambda: ec2.describe_vpc_attribute(VpcId="vpc-0f", Attribute="enableDnsSupport"))
        == "InvalidVpcID.NotFound"
    )

    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": ["vpc-0a"]}])["Subnets"]
    assert [subnet["SubnetId"] for subnet in subnets] == ["subnet-0a1", "subnet-0a2", "subnet-0a3", "subnet-0a4"]
    one = ec2.describe_subnets(SubnetIds=["subnet-0a2"])["Subnets"][0]
    assert (one["AvailabilityZone"], one["AvailabilityZoneId"], one["AvailableIpAddressCount"]) == (
        "us-east-1b",
        "use1-az2",
        9,
    )
    assert refused(lambda: ec2.describe_subnets(SubnetIds=["subnet-0f"])) == "InvalidSubnetID.NotFound"
    assert (
        refused(lambda: ec2.describe_subnets(Filters=[{"Name": "colour", "Values": ["red"]}]))
        == "InvalidParameterValue"
    )

    (group,) = ec2.describe_security_groups(GroupIds=["sg-0a"])["SecurityGroups"]
    ports, everyone = group["IpPermissions"]
    assert (ports["IpProtocol"], ports["FromPort"], ports["ToPort"]) == ("tcp", 10000, 19999)
    assert ports["IpRanges"] == [{"CidrIp": "10.0.0.0/16"}]
    assert everyone["IpProtocol"] == "-1"
    assert "FromPort" not in everyone
    assert everyone["UserIdGroupPairs"][0]["GroupId"] == "sg-0c"
    assert everyone["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
    assert everyone["PrefixListIds"] == [{"PrefixListId": "pl-0a"}]
    assert (group["VpcId"], group["OwnerId"]) == ("vpc-0a", CONSUMER)
    assert refused(lambda: ec2.describe_security_groups(GroupIds=["sg-0f"])) == "InvalidGroup.NotFound"

    pages = [page["Subnets"] for page in ec2.get_paginator("describe_subnets").paginate(MaxResults=5)]
    assert (pages[0], sum(map(len, pages))) == ([], 5)
    assert standin.client("ec2", STRANGER).describe_vpcs()["Vpcs"] == []
    assert standin.client("ec2", region="eu-west-1").describe_vpcs()["Vpcs"] == []
    assert refused(lambda: ec2.describe_instances()) == "InvalidAction"
    assert refused(lambda: ec2.describe_vpcs(DryRun=True)) == "DryRunOperation"
    assert refused(lambda: standin.client("ec2", "AKIDEXAMPLE").describe_vpcs()) == "AuthFailure"


def test_an_endpoint_lives(standin: Standin) -> None:
    made = standin.accepted()
    ec2 = standin.client("ec2")
    wanted = resource_endpoint(made["resources"][0])
    answer = ec2.create_vpc_endpoint(**wanted)
    endpoint = answer["VpcEndpoint"]
    assert answer["ClientToken"] == "conn-1-g1"
    assert re.fullmatch(r"vpce-[0-9a-f]{17}", endpoint["VpcEndpointId"])
    assert (endpoint["State"], endpoint["IpAddressType"], endpoint["VpcEndpointType"]) == (
        "Pending",
        "IPV4",
        "Resource",
    )
    assert endpoint["ResourceConfigurationArn"] == made["resources"][0]
    assert endpoint["SubnetIds"] == ["subnet-0a1", "subnet-0a2"]
    assert endpoint["Groups"][0]["GroupId"] == "sg-0a"
    assert endpoint["DnsOptions"]["PrivateDnsPreference"] == "VERIFIED_DOMAINS_ONLY"
    assert endpoint["Tags"] == [{"Key": "drawbridge:owner", "Value": "conn-1-g1"}]
    assert endpoint["OwnerId"] == CONSUMER
    id_ = endpoint["VpcEndpointId"]
    assert ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"] == id_, "the same token"
    other = {"SubnetIds": ["subnet-0a1"]}
    assert refused(lambda: ec2.create_vpc_endpoint(**wanted | other)) == "IdempotentParameterMismatch"
    assert ec2.describe_subnets(SubnetIds=["subnet-0a2"])["Subnets"][0]["AvailableIpAddressCount"] == 8

    def state() -> str:
        return str(ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"][0]["State"])

    assert [state(), state(), state()] == ["Pending", "Available", "Available"]
    second = ec2.create_vpc_endpoint(**wanted | {"ClientToken": "conn-2-g1"})["VpcEndpoint"]["VpcEndpointId"]
    assert second != id_, "another token makes a second endpoint: AWS does not prevent it"
    found, pages = everything(
        ec2,
        "describe_vpc_endpoints",
        "VpcEndpoints",
        "NextToken",
        Filters=[
            {"Name": "tag:drawbridge:owner", "Values": ["conn-1-*"]},
            {"Name": "vpc-id", "Values": ["vpc-0a"]},
            {"Name": "vpc-endpoint-type", "Values": ["Resource"]},
            {"Name": "vpc-endpoint-state", "Values": ["available"]},
            {"Name": "tag-key", "Values": ["drawbridge:owner"]},
            {"Name": "vpc-endpoint-id", "Values": [id_]},
        ],
    )
    assert ([each["VpcEndpointId"] for each in found], pages) == ([id_], 2)

    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[id_, "vpce-0f"])
    (unsuccessful,) = answer["Unsuccessful"]
    assert unsuccessful["ResourceId"] == "vpce-0f"
    assert unsuccessful["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert state() == "Deleting"
    assert refused(state) == "InvalidVpcEndpointId.NotFound"
    assert refused(lambda: standin.client("ec2", STRANGER).describe_vpc_endpoints(VpcEndpointIds=[second])) == (
        "InvalidVpcEndpointId.NotFound"
    )
    (gone, _) = standin.admin("GET", "state")["endpoints"]
    assert (gone["id"], gone["state"], gone["live"]) == (id_, "deleted", False)
    assert [stage["state"] for stage in gone["history"]] == ["pending", "available", "deleting", "deleted"]
    assert ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["State"] == "Deleted", (
        "the token still stands for the old one"
    )
    standin.set(token_after_delete="new")
    assert ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"] not in (id_, second)
    standin.set(deleted_endpoints="listed")
    assert state() == "Deleted"


def test_every_child_of_a_group_has_an_association_with_its_names(standin: Standin) -> None:
    made = standin.accepted()
    ec2 = standin.client("ec2")
    id_ = ec2.create_vpc_endpoint(**resource_endpoint(made["resources"][0]))["VpcEndpoint"]["VpcEndpointId"]

    def rows(**filters: Any) -> dict[str, Any]:
        found, _ = everything(
            ec2,
            "describe_vpc_endpoint_associations",
            "VpcEndpointAssociations",
            "NextToken",
            VpcEndpointIds=[id_],
            **filters,
        )
        return {row["AssociatedResourceArn"]: row for row in found}

    pending = rows()
    assert set(pending) == set(made["children"][0])
    assert {row["AssociatedResourceAccessibility"] for row in pending.values()} == {"Pending"}
    assert not any("DnsEntry" in row for row in pending.values())
    for _ in range(2):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])
    ready = rows()
    database, metrics = (ready[arn] for arn in made["children"][0])
    for row in (database, metrics):
        assert row["AssociatedResourceAccessibility"] == "Accessible"
        assert re.fullmatch(r"vpce-rsc-asc-[0-9a-f]{17}", row["Id"])
        assert row["VpcEndpointId"] == id_
        assert row["ResourceConfigurationGroupArn"] == made["resources"][0]
        child = row["AssociatedResourceArn"].split("/")[-1]
        name = rf"{id_}\.{child}\.[0-9a-f]{{7}}\.vpc-lattice-rsc\.{REGION}\.on\.aws"
        assert re.fullmatch(name, row["DnsEntry"]["DnsName"])
        assert row["DnsEntry"]["HostedZoneId"]
    assert database["PrivateDnsEntry"]["DnsName"] == "redis-1.c4217.example.net"
    assert "PrivateDnsEntry" not in metrics, "its custom domain is not under the group's"
    assert {row["Id"] for row in ready.values()} == {row["Id"] for row in pending.values()}

    group = [{"Name": "resource-configuration-group-arn", "Values": [made["resources"][0]]}]
    assert len(rows(Filters=group)) == 2
    standin.set(accessibility="AVAILABLE")
    (later,) = standin.admin(
        "POST", "shares/children", {"group": made["resources"][0], "children": [{"name": "database-2"}]}
    )["children"]
    words = {arn: row["AssociatedResourceAccessibility"] for arn, row in rows().items()}
    assert (words.pop(later), set(words.values())) == ("PENDING", {"AVAILABLE"})
    assert (
        refused(lambda: ec2.describe_vpc_endpoint_associations(VpcEndpointIds=["vpce-0f"]))
        == "InvalidVpcEndpointId.NotFound"
    )


def test_a_single_configuration_has_one_association_and_a_service_network_endpoint_has_all(standin: Standin) -> None:
    standin.set(endpoint_pending_polls=0, association_pending_polls=0, empty_pages=False)
    single = {"type": "SINGLE", "name": "postgres", "ports": ["5432"], "dns_target": "db.example.net"}
    made = standin.accepted(resources=[single, GROUP])
    ec2, lattice = standin.client("ec2"), standin.client("vpc-lattice")
    one = ec2.create_vpc_endpoint(**resource_endpoint(made["resources"][0]))["VpcEndpoint"]["VpcEndpointId"]
    network = lattice.get_service_network(serviceNetworkIdentifier="sn-0123456789abcdef0")["arn"]
    created = lattice.create_service_network_resource_association(
        resourceConfigurationIdentifier=made["resources"][1], serviceNetworkIdentifier=network
    )
    wanted = resource_endpoint("", VpcEndpointType="ServiceNetwork", ServiceNetworkArn=network, ClientToken="sn")
    del wanted["ResourceConfigurationArn"]
    all_ = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    assert all_["ServiceNetworkArn"] == network
    ec2.describe_vpc_endpoints()
    (row,) = ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[one])["VpcEndpointAssociations"]
    assert row["AssociatedResourceArn"] == made["resources"][0]
    assert "ResourceConfigurationGroupArn" not in row
    rows = ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[all_["VpcEndpointId"]])["VpcEndpointAssociations"]
    assert {row["ServiceNetworkName"] for row in rows} == {"databases"}
    assert len(rows) == 2
    assert all(
        re.match(rf"{all_['VpcEndpointId']}-snra-[0-9a-f]{{17}}\.rcfg-", row["DnsEntry"]["DnsName"]) for row in rows
    )
    assert created["id"] not in rows[0]["DnsEntry"]["DnsName"], "each child has an association of its own"
    same = resource_endpoint(made["resources"][1], ClientToken="both")
    assert refused(lambda: ec2.create_vpc_endpoint(**same)) == "InvalidParameter", "private DNS by both"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VpcId": "vpc-0f"}, "InvalidVpcID.NotFound"),
        ({"SubnetIds": ["subnet-0f"]}, "InvalidSubnetID.NotFound"),
        ({"SubnetIds": []}, "MissingParameter"),
        ({"SubnetIds": ["subnet-0a1", "subnet-0a4"]}, "DuplicateSubnetsInSameZone"),
        ({"SubnetIds": ["subnet-0b1"]}, "InvalidParameter"),
        ({"SubnetIds": ["subnet-0a3"]}, "InvalidParameter"),
        ({"SecurityGroupIds": ["sg-0f"]}, "InvalidSecurityGroupID.NotFound"),
        ({"SecurityGroupIds": ["sg-0b"]}, "InvalidParameter"),
        ({"VpcId": "vpc-0b", "SubnetIds": ["subnet-0b1"], "SecurityGroupIds": ["sg-0b"]}, "InvalidParameter"),
        (
            {"ResourceConfigurationArn": f"arn:aws:vpc-lattice:{REGION}:{PROVIDER}:resourceconfiguration/rcfg-0"},
            "InvalidParameter",
        ),
        ({"DnsOptions": {"PrivateDnsPreference": "SOME"}}, "InvalidParameterValue"),
        ({"PrivateDnsEnabled": False, "DnsOptions": {"PrivateDnsPreference": "ALL_DOMAINS"}}, "InvalidParameter"),
        ({"ClientToken": "x" * 65}, "InvalidParameter"),
        ({"ServiceName": "com.amazonaws.vpce"}, "InvalidParameterCombination"),
        ({"SubnetConfigurations": [{"SubnetId": "subnet-0a1", "Ipv4": "10.0.1.9"}]}, "UnknownParameter"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(standin: Standin, change: dict[str, Any], code: str) -> None:
    made = standin.accepted()
    wanted = resource_endpoint(made["resources"][0]) | change
    assert refused(lambda: standin.client("ec2").create_vpc_endpoint(**wanted)) == code
    assert standin.admin("GET", "state")["endpoints"] == []


def test_an_endpoint_needs_an_accepted_share_a_parent_free_addresses_and_quota(standin: Standin) -> None:
    made, unaccepted = standin.accepted(), standin.share()
    ec2 = standin.client("ec2")
    for arn in (unaccepted["resources"][0], made["children"][0][0]):
        assert refused(lambda arn=arn: ec2.create_vpc_endpoint(**resource_endpoint(arn))) == "InvalidParameter"
    standin.set(addresses_per_endpoint=16)
    wanted = resource_endpoint(made["resources"][0])
    assert refused(lambda: ec2.create_vpc_endpoint(**wanted)) == "InsufficientFreeAddressesInSubnet"
    standin.set(resource_endpoints_per_vpc=0)
    assert (
        refused(lambda: ec2.create_vpc_endpoint(**wanted | {"SubnetIds": ["subnet-0a1"]})) == "VpcEndpointLimitExceeded"
    )
    gateway = {"VpcId": "vpc-0a", "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": ["rtb-0a"]}
    endpoint = ec2.create_vpc_endpoint(**gateway)["VpcEndpoint"]
    assert (endpoint["VpcEndpointType"], endpoint["State"], endpoint["IpAddressType"]) == (
        "Gateway",
        "available",
        "ipv4",
    )


def test_two_at_once_with_one_token_make_one_endpoint(standin: Standin) -> None:
    wanted = resource_endpoint(standin.accepted()["resources"][0])
    ec2 = standin.client("ec2")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"], range(16)))
    assert len(set(made)) == 1 == len(standin.admin("GET", "state")["endpoints"])


@pytest.mark.parametrize("outcome", ["failed", "rejected", "stuck", "deleted"])
def test_an_endpoint_can_end_otherwise(standin: Standin, outcome: str) -> None:
    standin.set(
        endpoint_outcome=outcome, endpoint_pending_polls=0, upper_case_states=False, failure_reason="no gateway"
    )
    made = standin.accepted()
    ec2 = standin.client("ec2")
    created = ec2.create_vpc_endpoint(**resource_endpoint(made["resources"][0]))["VpcEndpoint"]
    assert (created["State"], created["IpAddressType"]) == ("pending", "ipv4")
    ids = [created["VpcEndpointId"]]
    if outcome == "deleted":
        assert refused(lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=ids)) == "InvalidVpcEndpointId.NotFound"
        return
    (seen,) = ec2.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"]
    assert seen["State"] == ("pending" if outcome == "stuck" else outcome)
    if outcome != "stuck":
        assert seen["FailureReason"] == seen["LastError"]["Message"] == "no gateway"
        assert seen["LastError"]["Code"]


def test_describe_can_lag_and_things_can_happen_behind_ones_back(standin: Standin) -> None:
    standin.set(describe_lag_ms=3_600_000)
    made = standin.accepted()
    ec2 = standin.client("ec2")
    id_ = ec2.create_vpc_endpoint(**resource_endpoint(made["resources"][0]))["VpcEndpoint"]["VpcEndpointId"]
    assert refused(lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])) == "InvalidVpcEndpointId.NotFound"
    assert everything(ec2, "describe_vpc_endpoints", "VpcEndpoints", "NextToken")[0] == []
    standin.set(describe_lag_ms=0)
    standin.admin("POST", "endpoints", {"id": id_, "state": "rejected"})
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"][0]["State"] == "Rejected"
    standin.admin("POST", "endpoints", {"id": id_, "state": "deleted"})
    assert refused(lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])) == "InvalidVpcEndpointId.NotFound"


# --- faults ---

CALLS: dict[tuple[str, str], tuple[str, str, dict[str, Any]]] = {
    ("ec2", "DescribeVpcs"): ("ec2", "describe_vpcs", {}),
    ("ram", "GetResourceShares"): ("ram", "get_resource_shares", {"resourceOwner": "SELF"}),
    ("vpc-lattice", "ListResourceConfigurations"): ("vpc-lattice", "list_resource_configurations", {}),
    ("servicequotas", "ListServiceQuotas"): ("service-quotas", "list_service_quotas", {"ServiceCode": "vpc"}),
    ("route53", "ListHostedZonesByVPC"): (
        "route53",
        "list_hosted_zones_by_vpc",
        {"VPCId": "vpc-0a", "VPCRegion": REGION},
    ),
    ("dynamodb", "GetItem"): ("dynamodb", "get_item", {"TableName": "t", "Key": {}}),
    ("states", "StopExecution"): ("stepfunctions", "stop_execution", {"executionArn": "arn:x"}),
    ("events", "PutEvents"): ("events", "put_events", {"Entries": [{"Source": "x"}]}),
}
WORDS = {
    "ec2": ("RequestLimitExceeded", "InternalError", "UnauthorizedOperation"),
    "ram": ("ThrottlingException", "ServerInternalException", "AccessDeniedException"),
    "vpc-lattice": ("ThrottlingException", "InternalServerException", "AccessDeniedException"),
    "servicequotas": ("TooManyRequestsException", "ServiceException", "AccessDeniedException"),
    "route53": ("Throttling", "InternalFailure", "AccessDenied"),
    "dynamodb": ("ThrottlingException", "InternalServerError", "AccessDeniedException"),
    "states": ("ThrottlingException", "InternalFailure", "AccessDeniedException"),
    "events": ("ThrottlingException", "InternalException", "AccessDeniedException"),
}


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_each_service_fails_in_its_own_words(standin: Standin, service: str, operation: str) -> None:
    name, method, given = CALLS[service, operation]
    client = standin.client(name)

    def call() -> Any:
        return getattr(client, method)(**given)

    for kind, code in zip(("throttle", "server_error", "access_denied"), WORDS[service], strict=True):
        standin.fault(service, operation, kind)
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code
        assert kind != "access_denied" or f"{service}:{operation}" in caught.value.response["Error"]["Message"]
    standin.fault(service, operation, "error", code=ORDERED, message="so it is", status=418)
    with pytest.raises(ClientError, match="so it is") as caught:
        call()
    assert caught.value.response["Error"]["Code"] == ORDERED
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418
    assert standin.emulator.took() == [], "none of these reached the emulator"
    assert [call["fault"] for call in standin.calls()] == ["throttle", "server_error", "access_denied", "error"]


def test_a_cut_before_has_no_effect_and_a_cut_after_has_it(standin: Standin) -> None:
    wanted = resource_endpoint(standin.accepted()["resources"][0])
    ec2 = standin.client("ec2")

    def endpoints() -> Any:
        return standin.admin("GET", "state")["endpoints"]

    for kind, there in (("cut_before", 0), ("cut_after", 1)):
        standin.fault("ec2", "CreateVpcEndpoint", kind, caller=APP)
        with pytest.raises(ConnectionClosedError):
            ec2.create_vpc_endpoint(**wanted)
        assert len(endpoints()) == there
    assert ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"] == endpoints()[0]["id"]
    before, after, good = (call for call in standin.calls() if call["operation"] == "CreateVpcEndpoint")
    assert (before["fault"], before["status"]) == ("cut_before", None)
    assert (after["fault"], after["status"]) == ("cut_after", 200)
    assert (good["fault"], good["status"], good["error"]) == (None, 200, None)


def test_an_sdk_that_retries_meets_the_effect_of_its_first_try(standin: Standin) -> None:
    ram = standin.client("ram", attempts=3)
    first, second = (standin.share()["invitations"][CONSUMER] for _ in range(2))
    standin.fault("ram", "AcceptResourceShareInvitation", "cut_after")
    answer = ram.accept_resource_share_invitation(resourceShareInvitationArn=first, clientToken="a")
    assert answer["resourceShareInvitation"]["status"] == "ACCEPTED", "the same token"
    assert [(call["attempt"], call["fault"]) for call in standin.calls()] == [(1, "cut_after"), (2, None)]
    standin.fault("ram", "AcceptResourceShareInvitation", "cut_after")
    code = refused(lambda: ram.accept_resource_share_invitation(resourceShareInvitationArn=second))
    assert code == "ResourceShareInvitationAlreadyAcceptedException", "no SDK makes up RAM's token"


def test_a_timeout_takes_effect_and_holds_the_answer_back(standin: Standin) -> None:
    wanted = resource_endpoint(standin.accepted()["resources"][0])
    standin.fault("ec2", "CreateVpcEndpoint", "timeout")
    with pytest.raises(ReadTimeoutError):
        standin.client("ec2", timeout=0.2).create_vpc_endpoint(**wanted)
    (made,) = standin.admin("GET", "state")["endpoints"]
    standin.fault("ec2", "CreateVpcEndpoint", "timeout", hold_ms=10)
    assert standin.client("ec2").create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"] == made["id"]


def test_a_deletion_can_fail_inside_a_200(standin: Standin) -> None:
    wanted = resource_endpoint(standin.accepted()["resources"][0])
    ec2 = standin.client("ec2")
    id_ = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"]
    standin.fault("ec2", "DeleteVpcEndpoints", "unsuccessful", code="OperationNotPermitted", message="not now")
    (error,) = ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])["Unsuccessful"]
    assert error == {"ResourceId": id_, "Error": {"Code": "OperationNotPermitted", "Message": "not now"}}
    assert standin.admin("GET", "state")["endpoints"][0]["live"]


def test_faults_are_counted_by_caller_and_occurrence_and_withdrawn(standin: Standin) -> None:
    ec2 = standin.client("ec2")
    third = standin.fault("ec2", "DescribeVpcs", "throttle", occurrence=3)
    other = standin.fault("ec2", "DescribeVpcs", "throttle", caller="drawbridge-open", occurrence=0)
    stranger = standin.fault("ec2", "DescribeVpcs", "throttle", account=STRANGER, occurrence=0)
    ec2.describe_vpcs()
    ec2.describe_vpcs()
    assert refused(ec2.describe_vpcs) == "RequestLimitExceeded"
    ec2.describe_vpcs()
    counts = {fault["id"]: (fault["matched"], fault["fired"]) for fault in standin.admin("GET", "faults")["faults"]}
    assert counts == {third: (4, 1), other: (0, 0), stranger: (0, 0)}
    assert refused(standin.client("ec2", STRANGER).describe_vpcs) == "RequestLimitExceeded"
    standin.admin("DELETE", f"faults/{stranger}")
    standin.client("ec2", STRANGER).describe_vpcs()
    standin.admin("DELETE", "faults")
    assert standin.admin("GET", "faults") == {"faults": []}


# --- the proxy ---


def test_other_services_are_passed_on_unchanged(standin: Standin) -> None:
    standin.emulator.answers["GetItem"] = (200, {"Item": {"pk": {"S": "a"}}})
    dynamodb = standin.client("dynamodb")
    assert dynamodb.get_item(TableName="ledger", Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}
    (seen,) = standin.emulator.took()
    assert seen["body"] == {"TableName": "ledger", "Key": {"pk": {"S": "a"}}}
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert f"Credential={CONSUMER}/" in headers["authorization"]
    assert headers["host"] == standin.url.removeprefix("http://")
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert f"app/{APP}" in headers["user-agent"]

    name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
    standin.emulator.answers["PutItem"] = (400, {"__type": name, "message": "no"})
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(TableName="ledger", Item={})
    standin.emulator.answers["StartExecution"] = (200, {"executionArn": "arn:x", "startDate": 1})
    assert standin.client("stepfunctions").start_execution(stateMachineArn="arn:m", name="n")["executionArn"] == "arn:x"
    read, write, start = standin.calls()
    assert (read["service"], read["operation"], read["mutating"], read["status"]) == ("dynamodb", "GetItem", False, 200)
    assert (write["mutating"], write["status"], write["error"]) == (True, 400, "ConditionalCheckFailedException")
    assert (start["service"], start["mutating"], start["caller"], start["account"]) == ("states", True, APP, CONSUMER)
    assert standin.admin("GET", f"calls?since={start['seq']}")["calls"] == [start]


@pytest.mark.parametrize(("kind", "reached"), [("cut_before", 0), ("cut_after", 1)])
def test_a_passed_on_call_is_cut_before_or_after_its_effect(standin: Standin, kind: str, reached: int) -> None:
    standin.fault("dynamodb", "TransactWriteItems", kind)
    dynamodb = standin.client("dynamodb")
    with pytest.raises(ConnectionClosedError):
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": {"pk": {"S": "x" * 100_000}}}}])
    assert len(standin.emulator.took()) == reached
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": {}}}])
    assert len(standin.emulator.took()) == 1


def test_a_passed_on_call_takes_effect_though_nobody_waits_for_it(standin: Standin) -> None:
    standin.fault("events", "PutEvents", "timeout", hold_ms=2000)
    events = standin.client("events", timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        events.put_events(Entries=[{"Source": "x"}])
    assert standin.emulator.seen.get(timeout=5)["operation"] == "PutEvents"


def test_a_new_invitation_is_told_on_the_bus_in_the_consumers_name(standin: Standin) -> None:
    standin.emulator.answers["PutEvents"] = (200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    made = standin.share(event=True)
    assert made["events"] == {CONSUMER: "sent"}
    (told,) = standin.emulator.took()
    (entry,) = told["body"]["Entries"]
    assert (entry["Source"], entry["DetailType"]) == ("local.aws.ram", "Resource Sharing State Change")
    assert json.loads(entry["Detail"]) == {"event": "Resource Share Association", "status": "associated"}
    assert f"Credential={CONSUMER}/" in told["headers"]["authorization"]
    standin.admin("POST", "shares/event", {"share": made["share"], "account": CONSUMER, "times": 5})
    assert len(standin.emulator.took()) == 5
    standin.emulator.answers["PutEvents"] = (500, {})
    assert "500" in standin.share(event=True)["events"][CONSUMER], "a lost event is said, and the share is there"


# --- the whole ---


def test_no_operation_goes_untested() -> None:
    """Each operation that the README names is called by its boto3 name somewhere above or in a file beside this one."""
    here = Path(__file__)
    readme = (here.parents[1] / "standin" / "README.md").read_text(encoding="utf-8")
    tests = "".join(file.read_text(encoding="utf-8") for file in here.parent.glob("test_standin_wire*.py"))
    operations = re.findall(r"^\| `([A-Z]\w+)`", readme, re.MULTILINE)
    assert len(operations) == len(set(operations)) == 42
    names = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in operations]
    assert [name for name in names if f".{name}" not in tests and f'"{name}"' not in tests] == []


def test_the_admin_interface_says_what_is_wrong(standin: Standin) -> None:
    assert standin.admin("GET", "health") == {"ok": True}
    bad = [
        ("settings", {"endpoint_outcom": "stuck"}),
        ("faults", {"service": "lattice", "operation": "TagResource", "kind": "throttle"}),
        ("seed", {"account": CONSUMER, "vpcs": [{"cidr": "10.0.0.0/8"}]}),
        ("endpoints", {"id": "vpce-0f", "state": "available"}),
        ("shares", {"owner": "12", "name": "x", "principals": []}),
    ]
    for path, body in bad:
        with pytest.raises(urllib.error.HTTPError) as caught:
            standin.admin("POST", path, body)
        assert caught.value.code == 400
        assert json.loads(caught.value.read())["error"]
