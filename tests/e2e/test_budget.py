"""What it costs, what is told, and what each function may do: exact figures. Waits are 1/50 of AWS's unless a test says
otherwise."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from functools import cache

import drift
import pytest
from listener import CONNECTION, SHARE, Listener
from local import LocalCloud, wait_for
from local.paths import ROOT
from place import POLICY, Place
from routes import NETWORKER, begin, depart, travel
from story import REDIS, STRANGER, TO_NETWORK, TO_VPC, Json, Story, group
from test_end import revoke
from test_grace import share_again
from test_outputs import published_and_moved

MOST_TRANSITIONS = 12
MOST_INVOCATIONS = 5
MOST_SECONDS = 3.0

# One poll shows the new endpoint as pending, so there is exactly one NotReady; accept succeeds at once.
ONE_NOT_READY = {"endpoint_pending_polls": 1, "association_pending_polls": 1, "accept_lag_polls": 0, "empty_pages": False}


@cache
def permissions() -> Json:
    """What each function may call, as the contract tests hold it against the template."""
    return dict(json.loads((ROOT / "tests/tests/permissions.json").read_text()))


def test_transitions_and_invocations_of_one_connection(cloud: LocalCloud) -> None:
    """As the design counts: states entered and retries of both machines, those inside the Map included; invocations without
    intake and announce. With accept succeeding at once and one NotReady of observe."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(**ONE_NOT_READY)
    mark = cloud.mark()
    share = story.share(event=True)
    story.ready(share, 1)
    cloud.wait_for_rest()
    spent = cloud.spent(mark)
    run = story.connection(share)["execution"]
    assert story.errors(run) == ["NotReady"], "the figure is for exactly one"
    assert spent.transitions <= MOST_TRANSITIONS, spent.transitions_by_execution
    assert spent.invocations <= MOST_INVOCATIONS, spent.invocations_by_function
    assert {f: n for f, n in spent.invocations_by_function.items() if f not in ("intake", "announce")} == {
        "vet": 1,
        "accept": 1,
        "open": 1,
        "guard": 0,
        "observe": 2,
        "hold": 0,
        "close": 0,
        "endpoint-event": 0,
        "reconcile": 0,
        "publish": 0,
        "adjust": 0,
    }
    assert spent.invocations_by_function["intake"] == 1


def test_calls_of_each_function(cloud: LocalCloud) -> None:
    """AWS calls of each function on that path, for one GROUP of one database: each more would cost time and money."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(**ONE_NOT_READY)
    # The subscriptions are announced, too.
    cloud.wait_for_rest()
    since = story.standin.next_call()
    share = story.share(event=True)
    story.ready(share, 1)
    cloud.wait_for_rest()
    calls = Counter((c["caller"].removeprefix("drawbridge-"), c["service"]) for c in story.calls(since))
    by_function = Counter(c["caller"].removeprefix("drawbridge-") for c in story.calls(since))
    budget = {"intake": 20, "vet": 6, "accept": 16, "open": 14, "observe": 14, "announce": 7}
    assert set(by_function) == set(budget), calls
    over = {name: count for name, count in by_function.items() if count > budget[name]}
    assert over == {}, f"more calls than planned: {over}, of {dict(calls)}"
    mutating = Counter((c["caller"], c["operation"]) for c in story.calls(since) if c["mutating"] and c["service"] not in ("dynamodb", "events"))
    assert mutating == Counter(
        {
            ("drawbridge-intake", "StartExecution"): 1,
            ("drawbridge-accept", "AcceptResourceShareInvitation"): 1,
            ("drawbridge-open", "CreateVpcEndpoint"): 1,
        }
    )


def test_from_event_to_ready(cloud: LocalCloud) -> None:
    """What Drawbridge itself adds, with the stand-in answering at once and no poll needed; waits as long as on AWS (scale 1)."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(endpoint_pending_polls=0, association_pending_polls=0, accept_lag_polls=0, empty_pages=False)
    # Warm, as the figure is of Drawbridge and not of starting processes.
    story.ready(_shared(story, "redis-warm"), 1)
    cloud.wait_for_rest()
    with cloud.waits(1):
        began = time.monotonic()
        share = _shared(story, "redis-timed")
        story.ready(share, 1)
        took = time.monotonic() - began
    assert story.errors(story.connection(share)["execution"]) == [], "a poll was needed"
    assert took < MOST_SECONDS, f"{took:.2f} s"


def _shared(story: Story, name: str):  # type: ignore[no-untyped-def]
    return story.share(name=name, event=True)


# What is told


def test_each_change_of_status_is_announced_once_in_order(cloud: LocalCloud) -> None:
    """On the way to ready, and on the way to failed: every status once, in order, versioned, with the change's id."""
    story = Story(cloud)
    story.subscribe(targets=[TO_VPC, TO_NETWORK])
    listener = Listener(cloud)
    cloud.standin.set(association_outcome="ACTIVE")
    story.fault("observe", "vpc-lattice", "GetServiceNetworkResourceAssociation", "access_denied", occurrence=0)
    share = story.share(resources=[group(2)])
    story.look()
    story.settle(share)
    cloud.wait_for_rest()
    listener.until("ready")
    details = listener.until("failed")
    by_kind = {c["kind"]: c for c in story.connections(share)}
    good = [d for d in details if d["connection"] == by_kind["resource-endpoint"]["id"]]
    bad = [d for d in details if d["connection"] == by_kind["service-network-resource"]["id"]]
    assert [d["status"] for d in good] == ["wanted", "opening", "waiting", "ready"]
    assert [d["status"] for d in bad] == ["wanted", "opening", "waiting", "closing", "failed"]
    for told in (good, bad):
        assert [d.get("previous") for d in told] == [None, *[d["status"] for d in told[:-1]]]
    assert len({d["id"] for d in details}) == len(details) == len(good) + len(bad)
    for detail, event in zip(details, listener.heard(), strict=True):
        connection = next(c for c in by_kind.values() if c["id"] == detail["connection"])
        assert (event["source"], event["detail-type"]) == ("drawbridge", "Drawbridge Connection Status Change")
        assert (detail["version"], detail["share"], detail["resource"]) == ("1", share.arn, connection["resource"])
        assert detail["why"] and detail["since"] and detail["target"] in (connection["target"].get("vpc"), connection["target"].get("service_network"))
    ready, failed = good[-1], bad[-1]
    assert ready["made"] == by_kind["resource-endpoint"]["made"]["endpoint"]
    assert {(d["name"], d["port"]) for d in ready["databases"]} == {("database-0", "12000"), ("database-1", "12001")}
    assert all(d["dns"] for d in ready["databases"]) and failed["why"].startswith("AccessDenied") and failed["databases"] == []


def test_announcements_follow_their_schema(cloud: LocalCloud) -> None:
    """The published schemas (events/{connection,share}-status-change.schema.json) hold for what is really sent."""
    jsonschema = pytest.importorskip("jsonschema")
    schemas = {name: json.loads((ROOT / f"events/{name}-status-change.schema.json").read_text()) for name in ("connection", "share")}
    story = Story(cloud)
    begin(story)
    listener = Listener(cloud, CONNECTION, SHARE)
    travel(story, "plain")
    travel(story, "failing")
    told = listener.until("failed")
    for detail in told:
        jsonschema.validate(detail, schemas["connection" if "connection" in detail else "share"])
    assert {"accepted", "ready"} <= {detail["status"] for detail in told}


def test_a_subscription_is_announced(cloud: LocalCloud) -> None:
    """Applied and withdrawn, once each, as the published schema says (events/subscription-change.schema.json)."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "events/subscription-change.schema.json").read_text())
    story = Story(cloud)
    listener = Listener(cloud, "Drawbridge Subscription Change")
    story.subscribe("redis")
    cloud.cli("withdraw", "redis", "--yes")
    told = wait_for(lambda: found if len(found := listener.details()) == 2 else None, 30, "two announcements")
    cloud.wait_for_rest()
    assert [(d["subscription"], d["change"]) for d in listener.details()] == [("redis", "applied"), ("redis", "withdrawn")]
    assert told[0]["by"] and told[0]["id"] != told[1]["id"]
    for detail in told:
        jsonschema.validate(detail, schema)


@pytest.mark.parametrize("kind", ["throttle", "access_denied"])
def test_what_cannot_be_announced_is_announced_later(cloud: LocalCloud, kind: str) -> None:
    """PutEvents refused for ever: connections do not wait for it. Once it is allowed, everything is told, in order."""
    story = Story(cloud)
    begin(story)
    listener = Listener(cloud)
    fault = story.fault("announce", "events", "PutEvents", kind, occurrence=0)
    share = story.share()
    story.look()
    story.ready(share, 1)
    wait_for(lambda: story.struck(fault) > 3, what="it was tried again")
    assert listener.details() == []
    story.mend()
    told = listener.until("ready")
    assert [d["status"] for d in told] == ["wanted", "opening", "waiting", "ready"]


# What each function may do


def paths(story: Story) -> None:
    """Every way that makes a call of its own, happy and unhappy."""
    for route in ("plain", "network", "organization", "unwanted", "network, answer lost", "guarded", "guarded, answer lost"):
        travel(story, route)
    for route in ("failing", "network, failing", "guarded, failing", "refused"):
        travel(story, route)
        story.mend()
    # A name of its own, held against those behind the VPC's other endpoints.
    named = {"type": "SINGLE", "name": "redis-named", "ports": ["6379"], "custom_domain": "named.example.com"}
    settled = story.share(resources=[named])
    assert story.look().error is None
    story.settle(settled)
    # What no share brings: looked up among the services, and routed.
    place = Place(story)
    place.subscribe(place.gateway())
    assert story.look().error is None
    wait_for(lambda: [c for c in story.connections() if c["kind"] == "gateway-endpoint" and c["status"] == "ready"], what="a gateway")
    adjusted(story, place)
    # A provider is waited for, until the sweep lets the run look again; then one whose token can't be kept, which is told.
    waits(story)
    # A sweep that meets a run that is over without a verdict asks how it ended.
    held = story.fault("vet", "dynamodb", "GetItem", "timeout", hold_ms=800)
    share = depart(story, "plain")
    wait_for(lambda: story.struck(held), what="vet is under way")
    record = story.record(share)
    assert record is not None
    story.cloud.client("stepfunctions").stop_execution(executionArn=story.onboarding(record))
    story.sweep_until(lambda: story.disorder() == [], what="rest")


def adjusted(story: Story, place: Place) -> None:
    """What is there is changed in place: routes, a policy, tags, security groups, subnets, private DNS."""
    other = Place(story, private_dns_name="changed.example.com")
    other.subscribe(other.interface(private_dns=False), name="changed")
    assert story.look().error is None
    wait_for(lambda: [c for c in story.connections() if c["kind"] == "interface-endpoint" and c["status"] == "ready"], what="an interface")
    group = "sg-" + uuid.uuid4().hex[:16]
    rules = [{"from": 12000, "to": 12000, "cidr": "10.1.0.0/16"}]
    story.standin.seed(story.account, story.cloud.region, security_groups=[{"id": group, "vpc": other.vpc, "ingress": rules}])
    other.subscribe(other.interface(security_groups=[group], subnets=other.subnets[:2], private_dns=True), name="changed")
    place.subscribe(place.gateway(route_tables=[place.other], policy=POLICY), tags={"team": "data"})
    # The names are read once it is available again.
    assert story.cloud.invoke("adjust", {}).error == "NotReady"
    assert story.cloud.invoke("adjust", {}).payload["changed"] == 1
    place.subscribe(place.gateway(route_tables=[place.main]))
    assert story.cloud.invoke("adjust", {}).payload["changed"] == 1
    for tags in ({"team": "data"}, {"stage": "test"}):
        story.subscribe("network", senders=[NETWORKER], targets=[TO_NETWORK], profile="generic", tags=tags)
        assert story.cloud.invoke("adjust", {}).payload["changed"] >= 1
    story.cloud.cli("withdraw", "changed", "--yes")
    story.sweep_until(lambda: [c for c in story.connections() if c["kind"] == "interface-endpoint" and c["status"] == "closed"], what="its end")


def waits(story: Story) -> None:
    """What is waited for is kept by `hold`: it keeps a token, resumes a run whose answer came first, fails one that it can't help."""
    provider = Place(story, acceptance_required=True)
    slow = story.fault("hold", "dynamodb", "PutItem", "timeout", hold_ms=800)
    asking = provider.interface()
    provider.subscribe(asking, name="first")
    assert story.look().error is None
    wait_for(lambda: story.struck(slow), what="hold is under way")
    (first,) = (e for e in story.endpoints(live=True) if e.get("type") == "Interface")
    story.tell("POST", "endpoints/accept", id=first["id"])
    second = Place(story, acceptance_required=True)
    second.subscribe(second.interface(), name="second")
    assert story.look().error is None
    wait_for(story.cloud.engine.waiting, what="a provider is waited for")
    # A hint lets it look, and it waits again.
    (asked,) = (e for e in story.endpoints(live=True) if e.get("type") == "Interface" and e["id"] != first["id"])
    assert story.cloud.invoke("endpoint-event", {"detail": asked["id"]}).error is None
    story.wait_for_runs()
    broken = story.fault("hold", "dynamodb", "PutItem", "access_denied", occurrence=0)
    assert story.look().error is None
    wait_for(lambda: story.struck(broken), what="its token can't be kept")
    story.wait_for_runs()
    story.mend()


def kept(story: Story) -> None:
    """What was revoked is shared again within its grace period: `accept` wakes the run that waits."""
    # The settings of the first hold, by name.
    story.subscribe("a-grace", on_revoke={"close-after": "72h"})
    share = story.share(name="redis-kept", resources=[group(name="kept")])
    story.look()
    story.ready(share)
    story.cloud.wait_for_rest()
    revoke(story, share)
    runs = [story.disconnecting(connection) for connection in story.connections(share)]
    wait_for(lambda: set(runs) & story.cloud.engine.waiting(), what="its owner is waited for", explain=story.explain)
    share_again(story, share)
    story.look()
    story.ready(share)
    story.cloud.cli("withdraw", "a-grace", "--yes")


def test_least_privilege(cloud: LocalCloud) -> None:
    """What the functions called under their own names is what their policies allow: nothing missing, nothing spare.

    The engine enforces no policy, so it is the log that is compared: the stand-in writes down each caller, and passes on what
    the engine answers. Permissions that are never a call of ours stand in the table with their source.
    """
    story = Story(cloud)
    begin(story)
    since = story.standin.next_call()
    paths(story)
    story.ready(story.share(event=True, name="redis-last"), 1)
    drift.everything(story)
    kept(story)
    published_and_moved(story)
    cloud.wait_for_rest()
    logged_as: dict[str, list[str]] = permissions()["logged_as"]
    for function, allowed in permissions()["functions"].items():
        called = set()
        for call in story.calls(since, function):
            called |= set(logged_as.get(call["operation"], [f"{call['service']}:{call['operation']}"]))
        assert called - set(allowed["calls"]) == set(), f"{function} calls what its policy does not allow"
        assert set(allowed["calls"]) - called == set(), f"{function} may do what it never does"


def test_nobody_calls_without_a_name(cloud: LocalCloud) -> None:
    """Every call of this account came from a function under its own name, or from this test."""
    story = Story(cloud)
    begin(story)
    since = story.standin.next_call()
    travel(story, "plain")
    cloud.wait_for_rest()
    nameless = [c for c in story.standin.calls(since) if not (c["caller"] or "").startswith("drawbridge-")]
    assert [c for c in nameless if c["service"] != "sts"] == []


def test_senders_are_who_ram_says_they_are(cloud: LocalCloud) -> None:
    """The invitation's ARN carries the sender's account, and the record names it."""
    story = Story(cloud)
    begin(story)
    for owner in (REDIS, STRANGER):
        share = story.share(owner=owner)
        story.look()
        story.settle(share)
        record = story.record(share)
        assert record is not None and record["sender"] == owner and f":{owner}:" in record["invitation"]
