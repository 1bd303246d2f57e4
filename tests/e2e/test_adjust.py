"""A subscription that is changed changes in place what it made: security groups, tags, policies, route tables. What stands
against it leaves the endpoint as it was, and is told. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from drift import reconcile
from listener import Listener
from local import LocalCloud, wait_for
from place import POLICY, Place
from story import GROUP, TO_VPC, VPC, Json, Story
from test_end import OTHER_GROUP, codes, connected, living, made, shown

THIRD = "sg-0c1b2c3d4e5f60718"
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}]}
INVOCATION = 3


def furnish(story: Story) -> None:
    """Two more security groups, of which both admit what is needed, and one that does not."""
    rules = [{"from": 8070, "to": 19999, "cidr": "10.0.0.0/16"}]
    groups = [{"id": id_, "vpc": VPC, "ingress": rules} for id_ in (OTHER_GROUP, THIRD)]
    story.standin.seed(story.account, security_groups=[*groups, {"id": "sg-0d1b2c3d4e5f60718", "vpc": VPC, "ingress": []}])


def behind(*groups: str) -> list[Json]:
    """The targets of a subscription."""
    return [{**TO_VPC, "security_groups": list(groups)}]


def adjust(story: Story, error: str | None = None) -> Json:
    """What the rule or the schedule does."""
    answer = story.cloud.invoke("adjust", {})
    assert answer.error == error, answer
    return answer.payload


def endpoint(story: Story, connection: Json) -> Json:
    """What was made, as EC2 shows it."""
    (found,) = story.cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made(connection)])["VpcEndpoints"]
    return found


def groups_of(story: Story, connection: Json) -> set[str]:
    """Behind which security groups it stands."""
    return {group["GroupId"] for group in endpoint(story, connection)["Groups"]}


def tags_of(story: Story, connection: Json) -> dict[str, str]:
    """The tags of what was made, without Drawbridge's own."""
    tags = {tag["Key"]: tag["Value"] for tag in endpoint(story, connection)["Tags"]}
    return {key: value for key, value in tags.items() if not key.startswith("drawbridge:")}


def again(story: Story, connection: Json) -> Json:
    """A connection's record as it is now."""
    (now,) = (c for c in story.connections() if c["id"] == connection["id"])
    return now


def changes(story: Story, since: int) -> list[str]:
    """What adjust changed of what was made."""
    return [c["operation"] for c in story.calls(since, "adjust") if c["mutating"] and c["service"] == "ec2"]


def test_other_security_groups(cloud: LocalCloud) -> None:
    """The endpoint stands behind them, its record says so, nothing differs, and nothing is announced: it was ready all the time."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    listener = Listener(cloud)
    story.subscribe(targets=behind(OTHER_GROUP, THIRD))
    plan = cloud.cli("plan", str(cloud.settings.home / story.account / "redis.yaml"), check=False).stdout
    assert "(changed in place)" in plan, plan
    story.look()
    assert codes(story.connection(share)) == ["SettingsDiffer"] and "Drawbridge changes it in place" in shown(story, connection["id"])
    since = story.standin.next_call()
    assert adjust(story) == {"connections": 1, "changed": 1, "refused": 0, "complete": True}
    after = story.connection(share)
    assert groups_of(story, after) == {OTHER_GROUP, THIRD}
    assert after["plan"]["call"]["resource_endpoint"]["security_groups"] == [OTHER_GROUP, THIRD]
    assert (after["status"], codes(after), after["made"], after["since"]) == ("ready", [], connection["made"], connection["since"])
    assert "changing" not in after and changes(story, since) == ["ModifyVpcEndpoint"]
    assert f"security groups {OTHER_GROUP}, {THIRD} instead of {GROUP}" in shown(story, connection["id"])
    for _ in range(2):
        assert adjust(story)["changed"] == 0
    assert changes(story, since) == ["ModifyVpcEndpoint"], "done is done"
    reconcile(story)
    cloud.wait_for_rest()
    assert codes(story.connection(share)) == [] and listener.heard() == []
    assert story.disorder() == [] and cloud.executions("disconnect") == []


def test_a_group_that_does_not_admit(cloud: LocalCloud) -> None:
    """Nothing is changed, and the record says why; mended, or taken back, it says so no more."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    since = story.standin.next_call()
    for group, code in (("sg-0d1b2c3d4e5f60718", "PortsClosed"), ("sg-0e1b2c3d4e5f60718", "SecurityGroupNotFound")):
        story.subscribe(targets=behind(group))
        assert adjust(story)["refused"] == 1
        told = story.connection(share)
        assert (told["status"], codes(told)) == ("ready", ["ChangeNotMade"])
        assert code in shown(story, told["id"]) and groups_of(story, told) == {GROUP}
        assert told["plan"] == connection["plan"] and "changing" not in told
        before = told["version"]
        adjust(story)
        assert story.connection(share)["version"] == before, "said once"
    story.subscribe()
    adjust(story)
    assert codes(story.connection(share)) == [] and changes(story, since) == []
    story.subscribe(targets=behind("sg-0d1b2c3d4e5f60718"))
    adjust(story)
    rule = {"IpProtocol": "tcp", "FromPort": 8070, "ToPort": 19999, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    cloud.client("ec2").authorize_security_group_ingress(GroupId="sg-0d1b2c3d4e5f60718", IpPermissions=[rule])
    assert adjust(story)["changed"] == 1
    assert codes(story.connection(share)) == [] and groups_of(story, connection) == {"sg-0d1b2c3d4e5f60718"}
    assert story.disorder() == []


def test_tags(cloud: LocalCloud) -> None:
    """Those of the subscription come, change and go, on its own security group too; those that somebody added stay, and Drawbridge's."""
    story = Story(cloud)
    share, connection = connected(story, tags={"team": "data", "stage": "test"}, targets=[{**TO_VPC, "security_groups": "managed"}])
    cloud.client("ec2").create_tags(Resources=[made(connection)], Tags=[{"Key": "theirs", "Value": "x"}])
    story.subscribe(tags={"team": "core", "new": "1"}, targets=[{**TO_VPC, "security_groups": "managed"}])
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 1
    after = story.connection(share)
    assert tags_of(story, after) == {"team": "core", "new": "1", "theirs": "x"}
    assert changes(story, since) == ["CreateTags", "DeleteTags"]
    (own,) = cloud.client("ec2").describe_security_groups(GroupIds=[after["group"]["id"]])["SecurityGroups"]
    assert {tag["Key"]: tag["Value"] for tag in own["Tags"]} == after["plan"]["tags"]
    assert after["plan"]["tags"]["team"] == "core" and after["plan"]["tags"]["drawbridge:owner"] == after["plan"]["token"]
    cloud.cli("withdraw", "redis", "--yes")
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    assert living(story) == set() and story.disorder() == []


def ready(story: Story) -> Json:
    """What was asked for without a share, once it can be used."""
    story.look()
    (connection,) = wait_for(lambda: [c for c in story.connections() if c["status"] == "ready"], 60, "it is ready", story.cloud.explain)
    story.cloud.wait_for_rest()
    return dict(connection)


def policy_of(story: Story, connection: Json) -> Any:
    """Its policy; EC2 shows its default where there is none."""
    return json.loads(endpoint(story, connection)["PolicyDocument"])


def test_route_tables_and_the_policy_of_a_gateway_endpoint(cloud: LocalCloud) -> None:
    """Those of the list, besides what somebody added by hand; a policy comes, changes, and goes."""
    story = Story(cloud)
    place = Place(story)
    place.subscribe(place.gateway(route_tables=[place.main]))
    connection = ready(story)
    default = policy_of(story, connection)
    place.subscribe(place.gateway(route_tables=[place.other], policy=OTHER_POLICY))
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 1
    assert endpoint(story, connection)["RouteTableIds"] == [place.other]
    assert policy_of(story, connection) == OTHER_POLICY and changes(story, since) == ["ModifyVpcEndpoint"]
    after = again(story, connection)
    assert after["plan"]["call"]["gateway_endpoint"]["route_tables"] == [place.other]

    cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=made(connection), AddRouteTableIds=[place.main])
    place.subscribe(place.gateway(route_tables=[place.other]))
    assert adjust(story)["changed"] == 1
    assert policy_of(story, connection) == default
    assert set(endpoint(story, connection)["RouteTableIds"]) == {place.main, place.other}, "not ours to take away"

    place.subscribe(place.gateway(route_tables=["rtb-0000000000000bad0"]))
    assert adjust(story)["refused"] == 1
    assert "RouteTableNotFound" in shown(story, connection["id"]) and again(story, connection)["status"] == "ready"
    assert story.disorder() == []


def test_groups_and_the_policy_of_an_interface_endpoint(cloud: LocalCloud) -> None:
    """Both in one call."""
    story = Story(cloud)
    place = Place(story)
    other = f"{place.group[:-1]}{'0' if place.group[-1] != '0' else '1'}"
    rules = [{"from": 12000, "to": 12000, "cidr": "10.1.0.0/16"}]
    story.standin.seed(story.account, cloud.region, security_groups=[{"id": other, "vpc": place.vpc, "ingress": rules}])
    place.subscribe(place.interface())
    connection = ready(story)
    place.subscribe(place.interface(security_groups=[other], policy=POLICY))
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 1
    after = again(story, connection)
    assert groups_of(story, after) == {other} and policy_of(story, after) == POLICY
    assert changes(story, since) == ["ModifyVpcEndpoint"] and after["status"] == "ready"
    assert codes(after) == []
    assert set(endpoint(story, after)["SubnetIds"]) == set(place.subnets)
    assert story.disorder() == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("operation", ["ModifyVpcEndpoint", "CreateTags", "DeleteTags", "TransactWriteItems"])
@pytest.mark.parametrize("taken_back", [False, True], ids=["goes on", "taken back"])
def test_an_answer_that_was_lost(cloud: LocalCloud, operation: str, kind: str, taken_back: bool) -> None:
    """Each call that changes something, cut for as long as an invocation tries; the next one finds what is, also if the
    subscription says by then what it said before."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story, tags={"stage": "test"})
    story.subscribe(targets=behind(OTHER_GROUP), tags={"team": "core"})
    writes = operation == "TransactWriteItems"
    # What was written, though nobody heard, is not written again: the next write is the other one.
    for occurrence in ((1, 2) if kind == "cut_before" else (1, 1)) if writes else (1,):
        cut = story.fault("adjust", "dynamodb" if writes else "ec2", operation, kind, occurrence=occurrence, count=INVOCATION)
        adjust(story, error="ServiceUnavailable")
        assert story.struck(cut) == INVOCATION
        story.mend()
        assert story.connection(share)["status"] == "ready"
    if taken_back:
        story.subscribe(tags={"stage": "test"})
    adjust(story)
    after = story.connection(share)
    assert groups_of(story, after) == ({GROUP} if taken_back else {OTHER_GROUP})
    assert tags_of(story, after) == ({"stage": "test"} if taken_back else {"team": "core"})
    assert "changing" not in after and codes(after) == [] and after["status"] == "ready"
    assert (after["plan"] == connection["plan"]) is taken_back
    at = story.standin.next_call()
    assert adjust(story)["changed"] == 0 and changes(story, at) == []
    assert story.disorder() == []


def test_twice_at_once(cloud: LocalCloud) -> None:
    """One does it; the other finds it done, or loses the write and finds it done then."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    story.subscribe(targets=behind(OTHER_GROUP))
    story.fault("adjust", "ec2", "ModifyVpcEndpoint", "timeout", hold_ms=1000)
    answers: list[Any] = []
    runs = [threading.Thread(target=lambda: answers.append(cloud.invoke("adjust", {}))) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [answer.error for answer in answers] == [None] * 3, answers
    assert sum(answer.payload["changed"] for answer in answers) >= 1 and all(a.payload["refused"] == 0 for a in answers), answers
    after = story.connection(share)
    assert groups_of(story, after) == {OTHER_GROUP} and "changing" not in after and codes(after) == []
    assert (after["status"], after["made"]) == ("ready", connection["made"]) and story.disorder() == []


def test_changed_again_while_a_run_is_at_it(cloud: LocalCloud) -> None:
    """A run that knows an older word and is late does not have the last one, whatever it did to the endpoint."""
    story = Story(cloud)
    furnish(story)
    share, _ = connected(story)
    story.subscribe(targets=behind(OTHER_GROUP))
    late = story.fault("adjust", "ec2", "ModifyVpcEndpoint", "timeout", hold_ms=1500, count=INVOCATION)
    answers: list[Any] = []
    run = threading.Thread(target=lambda: answers.append(cloud.invoke("adjust", {})))
    run.start()
    wait_for(lambda: story.struck(late), what="it is under way")
    assert story.connection(share)["changing"], "the record says what is being done"
    story.mend()
    story.subscribe(targets=behind(THIRD))
    adjust(story)
    run.join()
    after = story.connection(share)
    assert groups_of(story, after) == {THIRD} and "changing" not in after and codes(after) == [], (after, answers)
    assert after["plan"]["call"]["resource_endpoint"]["security_groups"] == [THIRD] and story.disorder() == []


def test_calls_that_take_effect_after_another_run_is_done(cloud: LocalCloud) -> None:
    """It finds that its word is not the record's, says again what it began, and takes it back."""
    story = Story(cloud)
    managed = [{**TO_VPC, "security_groups": "managed"}]
    share, _ = connected(story, targets=managed, tags={"team": "first"})
    story.subscribe(targets=managed, tags={"team": "second"})
    # Between what it says in the record and what it says to EC2.
    held = story.fault("adjust", "ec2", "DescribeSecurityGroups", "timeout", hold_ms=1800)
    answers: list[Any] = []
    run = threading.Thread(target=lambda: answers.append(cloud.invoke("adjust", {})))
    run.start()
    wait_for(lambda: story.struck(held), what="it is under way")
    story.subscribe(targets=managed, tags={"team": "third"})
    assert adjust(story)["changed"] == 1
    assert not answers, "it is not late"
    run.join()
    after = story.connection(share)
    assert any("two runs at once" in entry["what"] for entry in story.audit(after["pk"])), answers
    assert tags_of(story, after) == {"team": "third"} and "changing" not in after
    assert after["plan"]["tags"]["team"] == "third" and story.disorder() == []


def test_what_is_refused_is_told_and_stops_nobody(cloud: LocalCloud) -> None:
    """One of two can't be changed: it stays ready and says what is missing; the other is changed. Throttled, it is repeated."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    other = story.share(name="redis-other")
    story.look()
    (beside,) = story.ready(other, 1)
    cloud.wait_for_rest()
    story.subscribe(targets=behind(OTHER_GROUP))
    story.fault("adjust", "ec2", "ModifyVpcEndpoint", "access_denied", occurrence=1)
    assert adjust(story) == {"connections": 2, "changed": 1, "refused": 1, "complete": True}
    both = [again(story, connection), again(story, beside)]
    (denied,) = [c for c in both if codes(c)]
    (done,) = [c for c in both if not codes(c)]
    assert (denied["status"], codes(denied)) == ("ready", ["ChangeNotMade"]) and groups_of(story, denied) == {GROUP}
    assert "ec2:ModifyVpcEndpoint is not allowed" in shown(story, denied["id"]) and "changing" not in denied
    assert groups_of(story, done) == {OTHER_GROUP}
    story.fault("adjust", "ec2", "ModifyVpcEndpoint", "throttle", occurrence=0)
    adjust(story, error="Throttled")
    story.mend()
    assert adjust(story)["changed"] == 1
    assert codes(again(story, denied)) == [] and groups_of(story, denied) == {OTHER_GROUP}
    assert cloud.executions("disconnect") == [] and story.disorder() == []


def test_nothing_else_is_touched(cloud: LocalCloud) -> None:
    """Another subscription's connection, an endpoint whose tags were taken off, one that is being deleted, and what a person changed."""
    story = Story(cloud)
    furnish(story)
    place = Place(story)
    place.subscribe(place.gateway(route_tables=[place.main]))
    theirs = ready(story)
    share, connection = connected(story)
    ec2 = cloud.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=made(connection), AddSecurityGroupIds=[THIRD])
    since = story.standin.next_call()
    adjust(story)
    assert changes(story, since) == [] and groups_of(story, connection) == {GROUP, THIRD}, "told by reconcile, not fought"

    ec2.delete_tags(Resources=[made(connection)], Tags=[{"Key": "drawbridge:owner"}])
    story.subscribe(targets=behind(OTHER_GROUP))
    assert adjust(story)["refused"] == 1
    assert "drawbridge:owner" in shown(story, connection["id"]) and groups_of(story, connection) == {GROUP, THIRD}
    ec2.create_tags(Resources=[made(connection)], Tags=[{"Key": "drawbridge:owner", "Value": connection["plan"]["token"]}])
    assert adjust(story)["changed"] == 1
    assert groups_of(story, connection) == {OTHER_GROUP}, "the subscription's list is what holds"
    assert again(story, theirs) == theirs and changes(story, since) == ["ModifyVpcEndpoint"]

    story.subscribe(targets=behind(GROUP))
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made(connection)])
    assert adjust(story)["changed"] == 0 and again(story, connection)["version"] >= connection["version"]
    assert changes(story, since) == ["ModifyVpcEndpoint"]


def test_it_is_changed_as_soon_as_it_is_applied(cloud: LocalCloud) -> None:
    """Announce tells it from the ledger's stream, and a rule wakes adjust."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    events, bus = cloud.client("events"), cloud.outputs["EventBusName"]
    rules = [r["Name"] for r in events.list_rules(EventBusName=bus)["Rules"] if "Drawbridge Subscription Change" in r["EventPattern"]]
    target = cloud.function("adjust")
    (rule,) = [r for r in rules if target in events.list_targets_by_rule(Rule=r, EventBusName=bus)["Targets"][0]["Arn"]]
    events.enable_rule(Name=rule, EventBusName=bus)
    try:
        story.subscribe(targets=behind(OTHER_GROUP))
        wait_for(lambda: groups_of(story, connection) == {OTHER_GROUP}, 30, "it is changed", cloud.explain)
        cloud.wait_for_rest()
    finally:
        events.disable_rule(Name=rule, EventBusName=bus)
    assert story.connection(share)["status"] == "ready" and story.disorder() == []


def test_what_somebody_changed_is_put_back_where_the_subscription_says_so(cloud: LocalCloud) -> None:
    """Found by a look, put back by the next run of adjust, which the audit trail says; without the word it is only told. What
    nobody may do is told, and done once it is granted."""
    story = Story(cloud)
    furnish(story)
    place = Place(story)
    own = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Action": "s3:GetObject"}]}

    def asks(changed: str) -> None:
        story.subscribe(targets=behind(GROUP), tags={"team": "data"}, reconcile={"changed": changed})
        place.subscribe(place.gateway(route_tables=[place.main], policy=own), reconcile={"changed": changed})

    asks("report")
    story.share()
    story.look()
    both = wait_for(lambda: (c := story.connections()) and [x["status"] for x in c] == ["ready"] * 2 and c, 60, "both are ready", story.explain)
    cloud.wait_for_rest()
    resource, gateway = sorted(both, key=lambda c: str(c["kind"]), reverse=True)
    ec2 = cloud.client("ec2")

    def meddle() -> None:
        ec2.modify_vpc_endpoint(VpcEndpointId=made(resource), AddSecurityGroupIds=[OTHER_GROUP], RemoveSecurityGroupIds=[GROUP])
        ec2.delete_tags(Resources=[made(resource)], Tags=[{"Key": "team"}])
        ec2.modify_vpc_endpoint(VpcEndpointId=made(gateway), ResetPolicy=True, RemoveRouteTableIds=[place.main], AddRouteTableIds=[place.other])
        wait_for(lambda: reconcile(story)["complete"] and all(codes(again(story, c)) == ["SettingsChanged"] for c in both), 30, "it is found", story.explain)

    meddle()
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 0 and changes(story, since) == []
    asks("repair")
    wait_for(lambda: adjust(story)["complete"] and all(codes(again(story, c)) == [] for c in both), 30, "it is put back", story.explain)
    assert groups_of(story, resource) == {GROUP} and tags_of(story, resource) == {"team": "data"}
    assert policy_of(story, gateway) == own
    assert set(endpoint(story, gateway)["RouteTableIds"]) == {place.main, place.other}, "what somebody added stays"
    assert any("what somebody changed of" in entry["what"] for entry in story.audit(resource["pk"]))
    assert reconcile(story)["complete"] and [codes(again(story, c)) for c in both] == [[], []]
    since = story.standin.next_call()
    versions = [again(story, c)["version"] for c in both]
    assert adjust(story)["changed"] == 0 and changes(story, since) == [] and [again(story, c)["version"] for c in both] == versions

    fault = story.fault("adjust", "ec2", "ModifyVpcEndpoint", "access_denied", occurrence=0)
    meddle()
    assert adjust(story)["refused"] == 2 and story.struck(fault) > 0
    assert all("ec2:ModifyVpcEndpoint" in shown(story, c["id"]) and again(story, c)["status"] == "ready" for c in both)
    story.mend()
    wait_for(lambda: adjust(story)["complete"] and all(codes(again(story, c)) == [] for c in both), 30, "it is put back", story.explain)
    assert groups_of(story, resource) == {GROUP} and policy_of(story, gateway) == own
    assert story.disorder() == [] and cloud.executions("disconnect") == []


def test_private_dns_is_put_back_though_the_first_call_was_refused(cloud: LocalCloud) -> None:
    """Throttled after the record said that it is being put back: the next run puts it back, and reads its names."""
    story = Story(cloud)
    place = Place(story, private_dns_name="orders.example.com")
    place.subscribe(place.interface(private_dns=True), reconcile={"changed": "repair"})
    story.look()
    connection = wait_for(lambda: next((c for c in story.connections() if c["status"] == "ready"), None), what="it is ready", explain=cloud.explain)
    cloud.wait_for_rest()
    cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=made(connection), PrivateDnsEnabled=False)
    wait_for(lambda: reconcile(story)["complete"] and codes(again(story, connection)) == ["SettingsChanged"], 30, "it is found", cloud.explain)
    refused = story.fault("adjust", "ec2", "ModifyVpcEndpoint", "throttle", count=INVOCATION)
    adjust(story, "Throttled")
    assert story.struck(refused) == INVOCATION and len(again(story, connection)["changing"]) == 1

    def looked() -> bool:
        # It comes back as often as Lambda lets it for names that are not shown yet.
        assert cloud.invoke("adjust", {}).error in (None, "NotReady")
        return "changing" not in again(story, connection)

    wait_for(looked, 30, "it is put back", cloud.explain)
    assert endpoint(story, connection)["PrivateDnsEnabled"] is True
    now = again(story, connection)
    assert "changing" not in now and now["databases"] == connection["databases"]
    assert reconcile(story)["complete"] and codes(again(story, connection)) == [] and story.disorder() == []
