"""For every task and every fault that it can raise: connected, or nothing left and a reason.

The cases come from the table of calls that the contract tests hold against the template (tests/tests/permissions.json), so a
call that is added there is broken here. They run in accounts of their own, several at a time; waits are 1/50 of AWS's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from lanes import Case, lanes
from local import LocalCloud, wait_for
from local.paths import ROOT
from routes import begin, travel
from story import TO_NETWORK, TO_VPC, TRIES, Json, Shared, Story

TABLE = json.loads((ROOT / "tests/tests/permissions.json").read_text())
STATES = {"vet": "Vet", "accept": "Accept", "open": "Open", "guard": "Guard", "observe": "Observe", "close": "Close"}

# The fault of each kind of trouble that does not pass by itself.
LASTING = {"throttle": "Throttled", "server_error": "ServiceUnavailable", "access_denied": "AccessDenied"}
# AWS's guide contradicts itself on who may read these: a denial costs only what they would have told.
TOLERATED = {"vpc-lattice:GetResourceConfiguration", "vpc-lattice:ListResourceConfigurations"}

# Looks that only foresee what AWS refuses itself: whatever goes wrong with them is told (test_names.py) and stops nothing.
FORESEEING = {"route53:ListHostedZonesByVPC"}

# Made on no way that a share takes: broken in test_kinds.py, in test_names.py where two private names are, in test_hold.py
# where somebody is waited for, and in test_grace.py where what is shared again is kept.
WITHOUT_A_SHARE = {
    ("accept", "states:SendTaskSuccess"),
    ("close", "ec2:DeleteVpcEndpointConnectionNotifications"),
    ("close", "ec2:DescribeVpcEndpointConnectionNotifications"),
    ("intake", "states:SendTaskSuccess"),
    ("open", "ec2:DescribeRouteTables"),
    ("open", "ec2:DescribeVpcEndpointAssociations"),
    ("open", "ec2:DescribeVpcEndpointServices"),
    ("observe", "ec2:DescribeRouteTables"),
}

# Which way a share takes until the call is made, where it is not the plain one: an invitation, a VPC.
ROUTES = {
    ("vet", "ram:GetResourceShares"): "organization",
    ("vet", "ram:ListResources"): "organization",
    ("accept", "ram:RejectResourceShareInvitation"): "unwanted",
    ("open", "vpc-lattice:CreateServiceNetworkResourceAssociation"): "network",
    ("open", "vpc-lattice:GetServiceNetwork"): "network",
    ("open", "vpc-lattice:ListServiceNetworkResourceAssociations"): "network",
    ("open", "vpc-lattice:ListTagsForResource"): "network, answer lost",
    ("observe", "vpc-lattice:GetServiceNetworkResourceAssociation"): "network",
    ("observe", "vpc-lattice:ListServiceNetworkResourceAssociations"): "network",
    ("guard", "dynamodb:GetItem"): "guarded",
    ("guard", "dynamodb:PutItem"): "guarded",
    ("guard", "ec2:AuthorizeSecurityGroupIngress"): "guarded",
    ("guard", "ec2:CreateSecurityGroup"): "guarded",
    ("guard", "ec2:DescribeSecurityGroups"): "guarded, answer lost",
    ("close", "ec2:DeleteSecurityGroup"): "guarded, failing",
    ("close", "ec2:DescribeSecurityGroups"): "guarded, failing",
    ("close", "vpc-lattice:DeleteServiceNetworkResourceAssociation"): "network, failing",
    ("close", "vpc-lattice:GetServiceNetworkResourceAssociation"): "network, failing",
    ("close", "vpc-lattice:ListServiceNetworkResourceAssociations"): "network, failing",
    ("close", "vpc-lattice:ListTagsForResource"): "network, failing",
    ("close", "ec2:DeleteVpcEndpoints"): "failing",
    ("close", "ec2:DescribeVpcEndpoints"): "failing",
    ("close", "dynamodb:GetItem"): "failing",
    ("close", "dynamodb:PutItem"): "failing",
}


@dataclass(frozen=True)
class Break:
    """One call that goes wrong in one way."""

    function: str
    action: str
    kind: str
    route: str

    @property
    def name(self) -> str:
        return f"{self.function}: {self.kind} of {self.action} ({self.route})"

    @property
    def service(self) -> str:
        return self.action.split(":")[0]

    @property
    def operation(self) -> str:
        logged = {permission: name for name, (permission,) in TABLE["logged_as"].items()}
        return logged.get(self.action, self.action).split(":")[-1]

    @property
    def state(self) -> str:
        if self.route == "unwanted" and self.function == "accept":
            return "Decline"
        if self.route == "refused":
            return "Record"
        return STATES[self.function]


def breaks(function: str, kind: str) -> Iterator[Break]:
    """Each call of a function, going wrong in this way."""
    for action in TABLE["functions"][function]["calls"]:
        if (function, action) in WITHOUT_A_SHARE:
            continue
        yield Break(function, action, kind, ROUTES.get((function, action), "plain"))
        if function == "close" and action.startswith("dynamodb:"):
            yield Break(function, action, kind, "refused")


def ends(broken: Break, story: Story, share: Shared) -> tuple[str, Json]:
    """The run that the fault struck and the record of what it was about."""
    if broken.state in ("Vet", "Accept", "Decline", "Record"):
        record = story.record(share)
        assert record is not None
        return story.onboarding(record), record
    connection = story.connection(share)
    return str(connection["execution"]), connection


# What lasts


def lasting(broken: Break, story: Story) -> None:
    """The call never succeeds."""
    since = story.standin.next_call()
    fault = story.fault(broken.function, broken.service, broken.operation, broken.kind, occurrence=0)
    share = travel(story, broken.route)
    assert story.struck(fault) > 0, f"{broken.name}: the call was never made on this route"
    assert story.disorder(at_rest=False) == []

    if broken.action in FORESEEING or broken.kind == "access_denied" and broken.action in TOLERATED:
        assert {c["status"] for c in story.connections(share)} == {"ready"}
        return
    run, record = ends(broken, story, share)
    said, name = story.run(run), LASTING[broken.kind]
    assert said is not None and (said["status"], said["error"]) == ("FAILED", name), said
    errors = story.errors(run, broken.state)
    if broken.kind == "access_denied":
        assert broken.action in said["cause"] or f"{broken.service}:{broken.operation}" in said["cause"], said["cause"]
        assert errors.count(name) == 1, errors
        refused = [c for c in story.calls(since, broken.function, broken.operation) if c["fault"] == "access_denied"]
        assert {c["attempt"] for c in refused} == {1}, "what a permission lacks was asked for again"
    else:
        assert name in errors and len([e for e in errors if e != "NotReady"]) == TRIES, errors
    if broken.function != "close":
        assert record["status"] == "failed" and record["fault"]["name"] == name, record
        assert story.disorder() == []


def mended(broken: Break, story: Story) -> None:
    """Once nothing is wrong any more, sweeps bring everything to an end, and that of a passing fault is connected."""
    permanent = broken.kind == "access_denied" and broken.function != "close" and broken.action not in TOLERATED | FORESEEING
    if (broken.function, broken.action) == ("accept", "dynamodb:PutItem"):
        # RAM accepted and the ledger could not be told: the sweep sees the share, and takes it up as one accepted by hand.
        permanent = False
    before = len(story.endpoints())
    answer = story.cloud.sweep()
    assert answer.error is None, answer
    if permanent:
        assert answer.payload["started"] == 0, "a permanent fault was tried again"
        return
    story.wait_for_runs()
    over = ("failed",) if "failing" in broken.route else ("ready",)

    def done() -> bool:
        record, connections = story.record(story.last), story.connections(story.last)
        wanted = "rejected" if broken.route == "unwanted" else "accepted"
        if broken.route == "refused":
            return record is not None and record["status"] in ("accepted", "failed")
        # A close that never got to write down why it was called leaves a connection that works: it is ready.
        return record is not None and record["status"] == wanted and all(c["status"] in (*over, "ready") for c in connections)

    story.sweep_until(done, what=f"an end of {broken.name}")
    assert story.disorder() == []
    assert len(story.endpoints()) <= before + 1


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("function", STATES)
def test_a_call_that_never_succeeds(cloud: LocalCloud, function: str, kind: str) -> None:
    """Every call of every task, refused for ever: the run ends under the fault's name, and what it made is gone."""
    cases = [Case(b.name, partial(lasting, b), partial(mended, b)) for b in breaks(function, kind)]
    lanes(cloud).run(cases, begin)


# What passes


def passing(broken: Break, story: Story) -> None:
    """One answer is held back for longer than the function waits."""
    fault = story.fault(broken.function, broken.service, broken.operation, broken.kind)
    share = travel(story, broken.route)
    assert story.struck(fault) == 1, f"{broken.name}: the call was never made on this route"
    assert story.disorder() == []
    record = story.record(share)
    assert record is not None
    if broken.route == "unwanted":
        assert record["status"] == "rejected"
    elif broken.route == "refused":
        assert record["status"] == "failed" and record["fault"]["name"] == "AccessDenied"
    else:
        assert record["status"] == "accepted"
        expected = {"failed"} if "failing" in broken.route else {"ready"}
        assert {c["status"] for c in story.connections(share)} == expected


@pytest.mark.parametrize("function", STATES)
def test_an_answer_that_comes_too_late(cloud: LocalCloud, function: str) -> None:
    """Every call of every task, once without an answer in time though it took effect: as if nothing had been."""
    cases = [Case(b.name, partial(passing, b)) for b in breaks(function, "timeout")]
    lanes(cloud).run(cases, begin)


# What each service has to say of its own


SAID = [
    # (function, action, route, code, status, fault)
    ("open", "ec2:CreateVpcEndpoint", "plain", "VpcEndpointLimitExceeded", 400, "QuotaExceeded"),
    ("open", "ec2:CreateVpcEndpoint", "plain", "IdempotentParameterMismatch", 400, "IdempotencyConflict"),
    ("open", "ec2:CreateVpcEndpoint", "plain", "InvalidParameter", 400, "InvalidRequest"),
    ("open", "ec2:CreateVpcEndpoint", "plain", "SomethingThatNobodyDocumented", 400, "InvalidRequest"),
    ("open", "vpc-lattice:CreateServiceNetworkResourceAssociation", "network", "ConflictException", 409, "Conflict"),
    ("open", "vpc-lattice:CreateServiceNetworkResourceAssociation", "network", "ServiceQuotaExceededException", 402, "QuotaExceeded"),
    ("open", "vpc-lattice:CreateServiceNetworkResourceAssociation", "network", "ValidationException", 400, "InvalidRequest"),
    ("accept", "ram:AcceptResourceShareInvitation", "plain", "ResourceShareInvitationExpiredException", 400, "InvitationExpired"),
    ("accept", "ram:AcceptResourceShareInvitation", "plain", "ResourceShareInvitationAlreadyRejectedException", 400, "InvitationRejected"),
    ("accept", "ram:AcceptResourceShareInvitation", "plain", "ResourceShareInvitationArnNotFoundException", 400, "ShareNotFound"),
    ("accept", "ram:AcceptResourceShareInvitation", "plain", "OperationNotPermittedException", 400, "InvalidRequest"),
    ("vet", "ram:ListPendingInvitationResources", "plain", "ResourceShareInvitationExpiredException", 400, "InvitationExpired"),
    ("vet", "dynamodb:GetItem", "plain", "ResourceNotFoundException", 400, "InvalidRequest"),
]
ANSWERED = {"InvitationExpired": "expired", "InvitationRejected": "rejected"}


def told(function: str, action: str, route: str, code: str, status: int, name: str, story: Story) -> None:
    """The service refuses in words of its own, which the record repeats."""
    broken = Break(function, action, "error", route)
    fault = story.fault(function, broken.service, broken.operation, "error", code=code, status=status, message="AWS's own words.", occurrence=0)
    share = travel(story, route)
    assert story.struck(fault) == 1, "a permanent refusal was asked for again, or never came"
    run, record = ends(broken, story, share)
    said = story.run(run)
    assert said is not None and (said["status"], said["error"]) == ("FAILED", name), said
    assert record["status"] == ANSWERED.get(name, "failed") and record["fault"]["name"] == name, record
    if name not in ANSWERED and name != "ShareNotFound":
        assert f"{code}: AWS's own words." in record["fault"]["message"], f"AWS's words are not in the record: {record['fault']}"
    assert story.errors(run, broken.state) == [name]
    assert story.disorder() == []


def test_what_each_service_has_to_say(cloud: LocalCloud) -> None:
    """Refusals by code: each has its fault, none is tried again, AWS's own code and words reach the record."""
    lanes(cloud).run([Case(f"{s[0]}: {s[3]} of {s[1]}", partial(told, *s)) for s in SAID], begin)


def unsuccessful(story: Story) -> None:
    """DeleteVpcEndpoints answers 200 and lists the endpoint under `Unsuccessful`."""
    story.fault("close", "ec2", "DeleteVpcEndpoints", "unsuccessful", occurrence=0, code="UnauthorizedOperation", message="You are not allowed.")
    share = travel(story, "failing")
    connection = story.connection(share)
    said = story.run(connection["execution"])
    assert said is not None and said["error"] == "AccessDenied" and "ec2:DeleteVpcEndpoints" in said["cause"], said
    assert connection["status"] == "closing" and [e["id"] for e in story.endpoints(live=True)] == list(connection["made"].values())


def unsuccessful_mended(story: Story) -> None:
    """Then it may, and the sweep finishes."""
    story.sweep_until(lambda: {c["status"] for c in story.connections()} == {"failed"}, what="the endpoint's end")
    assert story.disorder() == []


def test_a_200_that_says_no(cloud: LocalCloud) -> None:
    """`Unsuccessful[]` inside a 200 is a refusal: the endpoint lives, the ledger says so, and the sweep goes on."""
    lanes(cloud).run([Case("unsuccessful", unsuccessful, unsuccessful_mended)], begin)


# How what was made turns out


BOTH = [TO_VPC, TO_NETWORK]


@pytest.mark.parametrize(
    ("outcome", "association", "fault", "associated"),
    [
        ("failed", "CREATE_FAILED", "EndpointFailed", "AssociationFailed"),
        ("rejected", "ACTIVE", "EndpointRejected", None),
        ("deleted", "ACTIVE", "EndpointGone", None),
        ("available", "CREATE_FAILED", "AssociationFailed", "AssociationFailed"),
    ],
)
def test_what_was_made_turns_out_badly(
    cloud: LocalCloud, outcome: str, association: str, fault: str, associated: str | None
) -> None:
    """The endpoint in the VPC and the association with the service network each end their own way, with AWS's reason.

    EC2 lists what was deleted for a while (test_what_disappears has one that is simply gone), and says FAILED of a child that
    cannot be reached: with its other set of words it says nothing that could be told from "not yet".
    """
    story = Story(cloud)
    cloud.standin.set(
        endpoint_outcome=outcome,
        association_outcome=association,
        failure_reason="The gateway burnt down.",
        deleted_endpoints="listed",
        accessibility="AVAILABLE",
    )
    story.subscribe(targets=BOTH)
    share = story.share()
    story.look()
    story.settle(share)
    by_kind = {c["kind"]: c for c in story.connections(share)}
    for kind, name in [("resource-endpoint", fault), ("service-network-resource", associated)]:
        connection = by_kind[kind]
        run = story.run(connection["execution"])
        assert run is not None
        if name is None:
            assert (connection["status"], run["status"]) == ("ready", "SUCCEEDED")
            continue
        assert (connection["status"], connection["fault"]["name"]) == ("failed", name), connection
        assert (run["status"], run["error"]) == ("FAILED", name), run
        if name != "EndpointGone":
            assert "The gateway burnt down." in connection["why"], connection["why"]
        assert [e for e in story.errors(connection["execution"], "Observe") if e != "NotReady"] == [name]
    assert story.disorder() == []


def test_what_disappears(cloud: LocalCloud) -> None:
    """Somebody deletes the endpoint behind Drawbridge's back, and EC2 shows it no more: while reads may lag that is "not yet",
    later it is gone. The test moves the instant that this goes by into the past."""
    story = Story(cloud)
    cloud.standin.set(endpoint_outcome="stuck", association_outcome="stuck")
    story.subscribe(targets=BOTH)
    share = story.share()
    story.look()
    waiting = wait_for(lambda: _waiting(story, share, 2), what="both are waited for")
    for connection in waiting:
        kind, state = ("endpoints", "deleted") if "endpoint" in connection["made"] else ("associations", "DELETED")
        (made,) = connection["made"].values()
        story.tell("POST", kind, id=made, state=state)
    wait_for(
        lambda: all("does not show" in c["why"] for c in _waiting(story, share, 2) or [{"why": ""}]),
        what="it is looked for a little longer",
    )

    def aged() -> bool:
        for connection in story.connections(share):
            if connection["status"] == "waiting" and connection["since"] > "2026-01-02":
                story.overwrite(connection, since="2026-01-01T00:00:00.000000Z")
        return True

    wait_for(lambda: ignoring_races(aged), what="time has passed")
    story.settle(share)
    assert {c["fault"]["name"] for c in story.connections(share)} == {"EndpointGone"}
    assert story.disorder() == []


def _waiting(story: Story, share: Shared, count: int) -> list[Json] | None:
    found = [c for c in story.connections(share) if c["status"] == "waiting"]
    return found if len(found) == count else None


def test_what_never_becomes_usable(cloud: LocalCloud) -> None:
    """The deadline is an instant in the record. The test moves it into the past while both connections are waited for."""
    story = Story(cloud)
    cloud.standin.set(endpoint_outcome="stuck", association_outcome="stuck")
    story.subscribe(targets=BOTH)
    share = story.share()
    story.look()

    def overdue() -> bool:
        waiting = [c for c in story.connections(share) if c["status"] == "waiting" and c["deadline"] > "2001"]
        for connection in waiting:
            story.overwrite(connection, deadline="2000-01-01T00:00:00Z")
        return len(story.connections(share)) == 2 and all(c["status"] != "waiting" or c["deadline"] < "2001" for c in story.connections(share))

    wait_for(lambda: _waiting(story, share, 2), what="both are waited for")
    wait_for(lambda: ignoring_races(overdue), what="both deadlines are over")
    story.settle(share)
    for connection in story.connections(share):
        assert (connection["status"], connection["fault"]["name"]) == ("failed", "DeadlinePassed"), connection
        assert "last seen" in connection["why"]
    assert story.disorder() == []


def ignoring_races(change: object) -> bool:
    """A write that lost a race against Drawbridge's own is made again."""
    try:
        return bool(change())  # type: ignore[operator]
    except Exception as error:
        if "ConditionalCheckFailed" not in str(error):
            raise
        return False


# Where no state machine sees it: intake and announce


INTAKE = [b for kind in LASTING for b in breaks("intake", kind)]


def intake_lasting(broken: Break, story: Story) -> None:
    """Intake cannot: it says so under the fault's name, and has done nothing that it did not write down first."""
    if broken.operation == "DescribeExecution":
        # Asked only of a run that was started before: one that was stopped.
        held = story.fault("vet", "ram", "GetResourceShareInvitations", "timeout", hold_ms=1500)
        share = story.share()
        story.look()
        wait_for(lambda: story.struck(held), what="vet looks")
        record = story.record(share)
        assert record is not None
        story.cloud.client("stepfunctions").stop_execution(executionArn=story.onboarding(record))
    else:
        story.share()
    fault = story.fault("intake", broken.service, broken.operation, broken.kind, occurrence=0)
    answer = story.look()
    assert answer.error == LASTING[broken.kind], answer
    assert story.struck(fault) > 0
    if broken.kind == "access_denied":
        assert broken.action in answer.payload["errorMessage"] or f"{broken.service}:{broken.operation}" in answer.payload["errorMessage"]
    assert story.endpoints(live=True) == [e for e in story.endpoints(live=True) if _is_of_ready(story, e)]


def _is_of_ready(story: Story, made: Json) -> bool:
    return any(made["id"] in (c.get("made") or {}).values() for c in story.connections() if c["status"] == "ready")


def intake_mended(story: Story) -> None:
    """The next sweep finds what was left."""
    story.sweep_until(
        lambda: all(s["status"] == "accepted" for s in story.cloud.shares()) and all(c["status"] == "ready" for c in story.connections()),
        what="every share",
    )
    assert story.disorder() == []
    invitations = [i for i in story.standin.state()["invitations"] if i["receiver"] == story.account]
    assert {i["status"] for i in invitations} == {"ACCEPTED"}


def test_intake_cannot(cloud: LocalCloud) -> None:
    """Every call of intake, refused for ever: a named fault, and the next sweep makes up for it."""
    lanes(cloud).run([Case(b.name, partial(intake_lasting, b), intake_mended) for b in INTAKE], begin)


# What a person mends


def test_a_security_group_that_admits_nothing_is_mended_and_retried(cloud: LocalCloud) -> None:
    """Preflight stops it before anything is made, with every finding; an operator's retry and a sweep connect it."""
    story = Story(cloud)
    story.furnish(ports=False, free=(4, 4, 4))
    story.subscribe()
    share = story.share()
    story.look()
    story.settle(share)
    failed = story.connection(share)
    assert (failed["status"], failed["fault"]["name"]) == ("failed", "PreflightFailed")
    errors = [f["code"] for f in failed["findings"] if f["severity"] == "error"]
    assert len(errors) >= 2, f"the ports and the addresses were both to be found, at once: {failed['findings']}"
    assert story.endpoints() == [] and story.calls(operation="CreateVpcEndpoint") == []
    assert cloud.sweep().payload["started"] == 0, "nothing changed, so nothing is tried again"

    story.furnish()
    cloud.cli("retry", failed["id"])
    cloud.sweep()
    (ready,) = story.ready(share)
    assert (ready["attempt"], ready["generation"]) == (2, 2) and len(story.endpoints()) == 1
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_a_subscription_that_is_corrected_is_followed(cloud: LocalCloud) -> None:
    """The target names a VPC that is not there; the corrected document is taken up by the next sweep, without a retry."""
    story = Story(cloud)
    story.subscribe(targets=[{**TO_VPC, "security_groups": ["sg-0000000000000000f"]}])
    share = story.share()
    story.look()
    story.settle(share)
    assert story.connection(share)["fault"]["name"] == "PreflightFailed"
    story.subscribe()
    cloud.sweep()
    (ready,) = story.ready(share)
    assert ready["attempt"] == 2
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_what_was_ignored_is_taken_up_when_a_subscription_comes_to_trust_it(cloud: LocalCloud) -> None:
    """Ignored, and left alone by sweeps; a new subscription trusts the sender, and the next sweep connects it."""
    story = Story(cloud)
    story.subscribe("other", senders=["555566667777"], otherwise="ignore")
    share = story.share()
    story.look()
    story.settle(share)
    ignored = story.record(share)
    assert ignored is not None and ignored["status"] == "ignored" and story.invitation(share) == "PENDING"
    assert cloud.sweep().payload["started"] == 0
    story.subscribe("redis")
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    taken = story.record(share)
    assert taken is not None and (taken["status"], taken["attempt"]) == ("accepted", 2)
    assert story.disorder() == []


def test_three_passing_faults_in_a_row_are_enough(cloud: LocalCloud) -> None:
    """A run that ends in a transient fault is followed by three more at most; then an operator has to say so."""
    story = Story(cloud)
    story.subscribe()
    fault = story.fault("open", "ec2", "DescribeVpcs", "server_error", occurrence=0)
    mark = cloud.mark()
    share = story.share()
    story.look()
    story.settle(share)
    for _ in range(6):
        cloud.sweep()
        story.settle(share)
    assert cloud.faults(mark, "close") == ["AttemptsExhausted"], "it rings, though none of its runs did"
    failed = story.connection(share)
    assert (failed["status"], failed["attempt"], failed["fault"]["name"]) == ("failed", 4, "AttemptsExhausted"), failed
    assert "the last in ServiceUnavailable: " in failed["fault"]["message"] and "retry" in failed["next"], failed
    runs = [e for e in cloud.executions("connect")]
    assert len(runs) == 4 and {e.status for e in runs} == {"FAILED"}
    assert story.struck(fault) > 0 and story.disorder() == []
    story.mend()
    cloud.cli("retry", failed["id"])
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert story.disorder() == []
