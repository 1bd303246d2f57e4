"""Outputs: an SSM parameter for each database, where applications look. Waits are 1/50 of AWS's.

In each story the parameters that carry Drawbridge's tags are those that the ledger knows of, and what others made is untouched.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from drift import reconcile
from local import LocalCloud, wait_for
from local.paths import ROOT
from story import NETWORK, TO_NETWORK, TO_VPC, VPC, Json, Shared, Story, databases, document, group
from test_end import closed, connected, revoke, shown, withdraw
from test_grace import graceful, in_grace, share_again, three_days_pass, used_again
from test_truth import past

UNDER = "/drawbridge/redis"
OUTPUTS = {"ssm": UNDER}
ORDERS = f"{UNDER}/database-0"
# The tries of one call.
INVOCATION = 3


def parameters(story: Story) -> dict[str, Json]:
    """Every parameter of the account by name: its value, version and tags."""
    ssm = story.cloud.client("ssm")
    pages = ssm.get_paginator("describe_parameters").paginate()
    found = {}
    for name in [p["Name"] for page in pages for p in page["Parameters"]]:
        held = ssm.get_parameter(Name=name)["Parameter"]
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        found[name] = {"value": held["Value"], "version": held["Version"], "tags": {t["Key"]: t["Value"] for t in tags}}
    return found


def records(story: Story) -> dict[str, Json]:
    """What the ledger says was published, by connection."""
    return {item["connection"]: item for item in story.cloud.items("OUTPUT#")}


def in_order(story: Story) -> bool:
    """Nothing is under way or left to do, and what carries our tags is what the ledger knows of."""
    ours = {n for n, p in parameters(story).items() if "drawbridge:connection" in p["tags"]}
    known = {n for record in records(story).values() for n, p in record["parameters"].items() if "digest" in p}
    assert ours == known, f"in SSM {ours}, in the ledger {known}"
    return all(r["status"] == "published" and "holder" not in r for r in records(story).values())


def until(story: Story, *names: str, swept: bool = False) -> dict[str, Json]:
    """Waits for rest, after which exactly these are published; `swept`: by the schedule, if not before."""
    story.cloud.wait_for_rest()
    if swept:
        sweep(story)
    found = parameters(story)
    assert set(found) == set(names), story.explain()
    assert in_order(story) and story.disorder() == []
    return found


def sweep(story: Story) -> Json:
    """What the schedule of publish does."""
    answer = story.cloud.invoke("publish", {"trigger": "sweep"})
    assert answer.error is None, answer
    return dict(answer.payload)


def look(story: Story) -> None:
    """Intake looks, and everything that follows is done."""
    assert story.look().error is None
    story.wait_for_runs()
    story.cloud.wait_for_rest()


def published_and_moved(story: Story) -> None:
    """Every call that publish makes: written, written again, removed; and what it does when its schedule comes."""
    story.subscribe("moving", outputs={"ssm": f"{UNDER}/moving/{{target}}"}, targets=[TO_NETWORK])
    share = story.share(name="redis-moving")
    story.look()
    story.ready(share)
    story.cloud.wait_for_rest()
    story.subscribe("redis", outputs={"ssm": f"{UNDER}/moving"})
    look(story)
    story.subscribe("redis")
    look(story)
    sweep(story)
    story.subscribe("redis", outputs=OUTPUTS)
    look(story)
    story.cloud.client("ssm").put_parameter(Name=ORDERS, Value="changed", Overwrite=True)
    assert looked(story)["differing"] == 1


def looked(story: Story) -> Json:
    """What the hourly schedule of publish does."""
    answer = story.cloud.invoke("publish", {"trigger": "look"})
    assert answer.error is None, answer
    return dict(answer.payload)


# From first to last


def test_each_database_has_a_parameter_as_long_as_it_can_be_reached(cloud: LocalCloud) -> None:
    """Ready, grown, shrunk, withdrawn; the value follows its schema, and `drawbridge show` lists the names."""
    jsonschema = pytest.importorskip("jsonschema")
    story = Story(cloud)
    story.subscribe(outputs=OUTPUTS)
    share = story.share(resources=[group(2)])
    assert parameters(story) == {}
    story.look()
    (connection,) = story.ready(share, 1)
    held = until(story, ORDERS, f"{UNDER}/database-1")
    schema = json.loads((ROOT / "schema/output-v1.schema.json").read_text())
    for number, name in enumerate((ORDERS, f"{UNDER}/database-1")):
        value = json.loads(held[name]["value"])
        jsonschema.validate(value, schema)
        (database,) = (d for d in connection["databases"] if d["name"] == f"database-{number}")
        assert (value["port"], value["resource"], value["target"]) == (12000 + number, database["resource"], VPC)
        assert value["dns_name"] in [dns["name"] for dns in database["dns"]] and value["connection"] == connection["id"]
        assert held[name]["tags"] == {"drawbridge:connection": connection["id"], "drawbridge:installation": "drawbridge"}
        assert held[name]["version"] == 1
    said = shown(story, connection["id"])
    assert f"Asked for under {UNDER}:" in said and f"{ORDERS} {connection['databases'][0]['resource']} (published)" in said

    added = story.standin.add_children(share.resources[0], databases(3)[2:])
    for _ in range(4):
        reconcile(story)
    grown = until(story, ORDERS, f"{UNDER}/database-1", f"{UNDER}/database-2")
    assert grown[ORDERS]["version"] == 1, "what did not change is not written again"
    story.standin.remove_children(added)
    reconcile(story)
    past(story, story.connection(share))
    reconcile(story)
    until(story, ORDERS, f"{UNDER}/database-1")

    withdraw(story)
    closed(story, share)
    until(story)
    assert "Asked for under" in shown(story, connection["id"]) and "no parameter is published" in shown(story, connection["id"])
    trail = sorted(story.audit(f"OUTPUT#{connection['id']}"), key=lambda entry: entry["version"])
    whats = [entry["what"] for entry in trail]
    assert any(f"about to write {ORDERS}" in what for what in whats) and whats[-1] == "0 parameters are published"


def test_parameters_last_as_long_as_a_grace_period(cloud: LocalCloud) -> None:
    """What was revoked can still be used, and applications still find it; kept, nothing was written again; over, they are gone."""
    story = Story(cloud)
    share, _ = in_grace(story, outputs=OUTPUTS)
    assert until(story, ORDERS)[ORDERS]["version"] == 1
    share_again(story, share)
    used_again(story, share)
    assert until(story, ORDERS)[ORDERS]["version"] == 1

    revoke(story, share)
    three_days_pass(story, graceful(story, share))
    closed(story, share)
    until(story)


def test_what_is_connected_already_follows_the_subscription(cloud: LocalCloud) -> None:
    """Outputs are asked for, moved, and asked for no more, of something that stays as it is. Closed and opened anew by an
    operator, they go and come back."""
    story = Story(cloud)
    share, connection = connected(story)
    assert parameters(story) == {} and records(story) == {}
    for outputs, names in [
        (OUTPUTS, [ORDERS]),
        ({"ssm": "/drawbridge/elsewhere/{target}"}, [f"/drawbridge/elsewhere/{VPC}/database-0"]),
        (None, []),
        (OUTPUTS, [ORDERS]),
    ]:
        story.subscribe(**({"outputs": outputs} if outputs else {}))
        if outputs:
            planned = cloud.cli("plan", str(cloud.settings.home / story.account / "redis.yaml")).stdout
            path = outputs["ssm"].format(target=VPC)
            assert f"an SSM parameter for each database, {path}/NAME" in " ".join(planned.split())
        look(story)
        until(story, *names)
        assert story.connection(share)["made"] == connection["made"]
    cloud.cli("close", connection["id"], "--reason", "it moves")
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    until(story)
    cloud.cli("retry", connection["id"])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    until(story, ORDERS)


def test_two_places_and_two_shares(cloud: LocalCloud) -> None:
    """Each target has a path of its own. Two databases of one name under one path: the second is told, and written when the
    first is gone."""
    story = Story(cloud)
    refused = cloud.settings.home / "refused.json"
    refused.write_text(json.dumps(document(targets=[TO_VPC, TO_NETWORK], outputs=OUTPUTS)))
    said = cloud.cli("check", str(refused), check=False)
    assert said.returncode != 0 and "tell them apart" in said.stderr + said.stdout
    story.subscribe(targets=[TO_VPC, TO_NETWORK], outputs={"ssm": f"{UNDER}/{{target}}"})
    first = story.share()
    story.look()
    story.ready(first, 2)
    names = {f"{UNDER}/{VPC}/database-0", f"{UNDER}/{NETWORK}/database-0"}
    held = until(story, *names)
    assert len({p["tags"]["drawbridge:connection"] for p in held.values()}) == 2

    second = story.share(name="redis-second", resources=[group(name="second-group")])
    story.look()
    both = story.ready(second, 2)
    cloud.wait_for_rest()
    assert parameters(story) == held, "whoever came first keeps it"
    for connection in both:
        assert (connection["status"], records(story)[connection["id"]]["status"]) == ("ready", "unpublished")
        said = shown(story, connection["id"])
        assert "Conflict since" in said and "it is of conn-" in said and "another path" in said
    for connection in story.connections(first):
        cloud.cli("close", connection["id"], "--reason", "it moves")
    story.sweep_until(lambda: all(c["status"] == "closed" for c in story.connections(first)), what="their end")
    again = until(story, *names, swept=True)
    assert {p["tags"]["drawbridge:connection"] for p in again.values()} == {c["id"] for c in both}


# Behind our back


@pytest.mark.parametrize("drift", ["changed", "removed", "made again by somebody"])
def test_a_parameter_is_changed_or_removed_behind_our_back(cloud: LocalCloud, drift: str) -> None:
    """An hourly look mends it, and the audit trail says so; what somebody made in its place is told and left as it is. `ls` says
    that applications do not find it where they look."""
    story = Story(cloud)
    ssm = cloud.client("ssm")
    story.subscribe(outputs=OUTPUTS)
    share = story.share(resources=[group(2)])
    story.look()
    (connection,) = story.ready(share, 1)
    other = f"{UNDER}/database-1"
    before = until(story, ORDERS, other)
    assert looked(story) == {"looked_at": 1, "differing": 0, "failing": 0, "complete": True}
    assert parameters(story) == before and "outputs not published" not in cloud.cli("ls").stdout
    if drift == "changed":
        ssm.put_parameter(Name=ORDERS, Value="theirs", Overwrite=True)
    else:
        ssm.delete_parameter(Name=ORDERS)
    if drift == "made again by somebody":
        ssm.put_parameter(Name=ORDERS, Value="theirs", Type="String")
    since = story.standin.next_call()
    assert looked(story)["differing"] == 1
    cloud.wait_for_rest()
    written = [c["operation"] for c in story.calls(since, "publish") if c["service"] == "ssm" and c["mutating"] and c["status"] == 200]
    said = shown(story, connection["id"])
    if drift == "made again by somebody":
        assert parameters(story)[ORDERS]["value"] == "theirs" and written == []
        assert "Conflict since" in said and "somebody else made it" in said
        assert "ready, outputs not published" in " ".join(cloud.cli("ls").stdout.split())
        assert json.loads(cloud.cli("ls", "--json").stdout)["unpublished"] == [connection["id"]]
        ssm.delete_parameter(Name=ORDERS)
        after = until(story, ORDERS, other, swept=True)
    else:
        after = until(story, ORDERS, other)
        assert written == ["PutParameter"]
        assert any("somebody changed or removed" in entry["what"] for entry in story.audit(f"OUTPUT#{connection['id']}"))
    assert (after[ORDERS]["value"], after[ORDERS]["tags"]) == (before[ORDERS]["value"], before[ORDERS]["tags"])
    assert after[other] == before[other], "what did not change is not written again"
    assert "outputs not published" not in cloud.cli("ls").stdout


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_an_answer_is_lost_while_it_is_mended(cloud: LocalCloud, kind: str) -> None:
    """The write is cut off before or after it took effect, until the invocation fails: as if nothing had been."""
    story = Story(cloud)
    story.subscribe(outputs=OUTPUTS)
    share = story.share()
    story.look()
    story.ready(share, 1)
    before = until(story, ORDERS)
    cloud.client("ssm").delete_parameter(Name=ORDERS)
    cut = story.fault("publish", "ssm", "PutParameter", kind, count=INVOCATION)
    assert looked(story) == {"looked_at": 1, "differing": 1, "failing": 1, "complete": True}
    assert story.struck(cut)
    assert until(story, ORDERS, swept=True)[ORDERS]["value"] == before[ORDERS]["value"]


# What is not ours


def test_a_parameter_that_somebody_else_made_is_left_alone(cloud: LocalCloud) -> None:
    """It is told, with the way out; the connection is ready all the same. Gone, ours is written by the schedule; made again by
    somebody after ours was removed behind our back, it stays when the connection ends."""
    story = Story(cloud)
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name=ORDERS, Value="theirs", Type="String")
    story.subscribe(outputs=OUTPUTS)
    share = story.share(resources=[group(2)])
    story.look()
    (connection,) = story.ready(share, 1)
    cloud.wait_for_rest()
    assert sweep(story)["due"] == 1
    assert parameters(story)[ORDERS] == {"value": "theirs", "version": 1, "tags": {}}
    assert f"{UNDER}/database-1" in parameters(story), "the others are written"
    said = shown(story, connection["id"])
    assert "Conflict since" in said and "somebody else made it" in said and "Remove it" in said

    ssm.delete_parameter(Name=ORDERS)
    cloud.invoke("publish", {"connection": connection["id"]})
    until(story, ORDERS, f"{UNDER}/database-1")
    ssm.delete_parameter(Name=ORDERS)
    ssm.put_parameter(Name=ORDERS, Value="theirs again", Type="String")
    withdraw(story)
    closed(story, share)
    cloud.wait_for_rest()
    assert parameters(story) == {ORDERS: {"value": "theirs again", "version": 1, "tags": {}}}
    assert in_order(story)


def test_what_the_installation_may_not_write_is_told(cloud: LocalCloud) -> None:
    """A path outside the stack's OutputPrefix: no call is made, the connection is ready, and `show` says what to change."""
    story = Story(cloud)
    since = story.standin.next_call()
    _, connection = connected(story, outputs={"ssm": "/payments/redis"})
    sweep(story)
    said = shown(story, connection["id"])
    assert "InvalidConfiguration since" in said and "/payments/redis/database-0 is not under /drawbridge/" in said
    assert [c for c in story.calls(since, "publish") if c["service"] == "ssm"] == []
    story.subscribe(outputs=OUTPUTS)
    look(story)
    until(story, ORDERS)


# Broken


def changed(story: Story, share: Shared) -> None:
    """The one database is found at another port."""
    (connection,) = story.connections(share)
    database = {**connection["databases"][0], "port": {"known": {"ranges": ["15000"], "source": "configuration"}}}
    client = story.cloud.client("dynamodb")
    client.update_item(
        TableName=story.cloud.table,
        Key={"pk": {"S": connection["pk"]}, "sk": {"S": connection["sk"]}},
        UpdateExpression="SET #databases[0].#port = :port ADD #version :one",
        ExpressionAttributeNames={"#databases": "databases", "#port": "port", "#version": "version"},
        ExpressionAttributeValues={
            ":one": {"N": "1"},
            ":port": {"M": {"known": {"M": {"ranges": {"L": [{"S": "15000"}]}, "source": {"S": "configuration"}}}}},
        },
    )
    assert database["port"]["known"]["ranges"] == ["15000"]


@pytest.mark.parametrize("count", [1, INVOCATION], ids=["once", "for an invocation"])
@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("what", ["written", "written again", "removed", "begun", "finished"])
def test_the_connection_breaks(cloud: LocalCloud, what: str, kind: str, count: int) -> None:
    """Before or after the effect, once or for as long as one invocation tries: the end is what it would have been."""
    story = Story(cloud)
    if what == "written":
        broken = story.fault("publish", "ssm", "PutParameter", kind, count=count)
    if what in ("begun", "finished"):
        broken = story.fault("publish", "dynamodb", "TransactWriteItems", kind, occurrence=1 + (what == "finished"), count=count)
    share, _ = connected(story, outputs=OUTPUTS)
    if what in ("written again", "removed"):
        until(story, ORDERS)
        if what == "written again":
            # The first finds it there, the second gives it its value.
            broken = story.fault("publish", "ssm", "PutParameter", kind, occurrence=2, count=count)
            changed(story, share)
        else:
            broken = story.fault("publish", "ssm", "DeleteParameter", kind, count=count)
            withdraw(story)
            closed(story, share)
    cloud.wait_for_rest()
    assert story.struck(broken) == count, "there was such a call"
    held = until(story, *([] if what == "removed" else [ORDERS]))
    if what == "written again":
        assert json.loads(held[ORDERS]["value"])["port"] == 15000


def test_an_answer_is_lost_and_nobody_wants_it_any_more(cloud: LocalCloud) -> None:
    """A parameter that was made without anyone hearing of it is removed."""
    story = Story(cloud)
    broken = story.fault("publish", "ssm", "PutParameter", "cut_after", count=INVOCATION)
    later = story.fault("publish", "ssm", "PutParameter", "cut_before", occurrence=0)
    share, connection = connected_without_rest(story)
    wait_for(lambda: story.struck(broken) == INVOCATION, what="its answers are lost")
    withdraw(story)
    closed(story, share)
    until(story)
    assert story.struck(later) >= 0
    assert records(story)[connection["id"]]["parameters"] == {}


def connected_without_rest(story: Story) -> tuple[Shared, Json]:
    """Ready, with what is published still under way."""
    story.subscribe(outputs=OUTPUTS)
    share = story.share()
    story.look()
    (connection,) = story.ready(share, 1)
    return share, connection


@pytest.mark.parametrize(
    ("kind", "name", "operation"),
    [("throttle", "Throttled", "PutParameter"), ("access_denied", "AccessDenied", "PutParameter"), ("access_denied", "AccessDenied", "ListTagsForResource")],
)
def test_what_fails_is_told_and_tried_again(cloud: LocalCloud, kind: str, name: str, operation: str) -> None:
    """It fails no connection; it stands in `show` with the action; mended, the schedule writes it."""
    story = Story(cloud)
    if operation == "ListTagsForResource":
        cloud.client("ssm").put_parameter(Name=ORDERS, Value="theirs", Type="String")
    story.fault("publish", "ssm", operation, kind, occurrence=0)
    share, connection = connected_without_rest(story)
    said = wait_for(lambda: (s := shown(story, connection["id"])) and f"{name} since" in s and s, what="it is told")
    assert f"ssm:{operation}" in said and story.connection(share)["status"] == "ready"
    story.mend()
    if operation == "ListTagsForResource":
        cloud.client("ssm").delete_parameter(Name=ORDERS)
    cloud.wait_for_rest()
    until(story, ORDERS, swept=True)


def test_it_is_told_twice_at_once(cloud: LocalCloud) -> None:
    """Six looks at the same time write each parameter once: one run has a connection's outputs to itself."""
    story = Story(cloud)
    story.fault("publish", "ssm", "PutParameter", "timeout", hold_ms=500, count=2)
    _, connection = connected_without_rest(story)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: cloud.invoke("publish", {"connection": connection["id"]}), range(6)))
    assert {answer.error for answer in answers} <= {None, "LedgerConflict", "NotReady"}
    held = until(story, ORDERS)
    assert held[ORDERS]["version"] == 1
    before = records(story)[connection["id"]]["version"]
    for _ in range(2):
        assert cloud.invoke("publish", {"connection": connection["id"]}).error is None
    assert records(story)[connection["id"]]["version"] == before, "done is done"


def test_an_older_run_does_not_overwrite_what_a_newer_one_wrote(cloud: LocalCloud) -> None:
    """A run that hangs with the old value in its hands has the outputs to itself until it ends; the newer change comes after."""
    story = Story(cloud)
    share, connection = connected(story, outputs=OUTPUTS)
    until(story, ORDERS)
    cloud.client("ssm").delete_parameter(Name=ORDERS)
    record = records(story)[connection["id"]]
    story.overwrite(record, status="unpublished")
    cloud.client("dynamodb").update_item(
        TableName=cloud.table,
        Key={"pk": {"S": record["pk"]}, "sk": {"S": record["sk"]}},
        UpdateExpression="REMOVE #p.#n.#d ADD #v :one",
        ExpressionAttributeNames={"#p": "parameters", "#n": ORDERS, "#d": "digest", "#v": "version"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    held = story.fault("publish", "ssm", "PutParameter", "timeout", hold_ms=1500)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cloud.invoke, "publish", {"connection": connection["id"]})
        wait_for(lambda: story.struck(held), what="the old value is on its way")
        changed(story, share)
        assert slow.result(60).error is None
    found = until(story, ORDERS)
    assert json.loads(found[ORDERS]["value"])["port"] == 15000


def test_a_run_that_ended_without_a_word_is_finished(cloud: LocalCloud) -> None:
    """What it was about to write stands in the ledger; when its time is over, the schedule goes on."""
    story = Story(cloud)
    _, connection = connected(story, outputs=OUTPUTS)
    until(story, ORDERS)
    record = records(story)[connection["id"]]
    cloud.client("ssm").delete_parameter(Name=ORDERS)
    cloud.client("dynamodb").update_item(
        TableName=cloud.table,
        Key={"pk": {"S": record["pk"]}, "sk": {"S": record["sk"]}},
        UpdateExpression="SET #s = :u, attention = :u, holder = :h, #p.#n.asked_at = :t REMOVE #p.#n.#d, tried_at ADD #v :one",
        ExpressionAttributeNames={"#s": "status", "#p": "parameters", "#n": ORDERS, "#d": "digest", "#v": "version"},
        ExpressionAttributeValues={
            ":u": {"S": "unpublished"},
            ":h": {"M": {"run": {"S": "an earlier one"}, "until": {"S": "2026-01-01T00:00:00Z"}}},
            ":t": {"S": "2026-01-01T00:00:00Z"},
            ":one": {"N": "1"},
        },
    )
    assert sweep(story) == {"due": 1, "failing": 0}
    until(story, ORDERS)


def test_where_nobody_asks_nothing_runs(cloud: LocalCloud) -> None:
    """No invocation, and no record."""
    story = Story(cloud)
    mark = cloud.mark()
    share, _ = connected(story)
    withdraw(story)
    closed(story, share)
    cloud.wait_for_rest()
    assert cloud.spent(mark).invocations_by_function["publish"] == 0 and records(story) == {}


def test_where_it_is_asked_it_runs_once_for_each_end(cloud: LocalCloud) -> None:
    """One invocation when it is ready; at its end one or two, as the batches fall."""
    story = Story(cloud)
    mark = cloud.mark()
    share, _ = connected(story, outputs=OUTPUTS)
    until(story, ORDERS)
    assert cloud.spent(mark).invocations_by_function["publish"] == 1
    withdraw(story)
    closed(story, share)
    until(story)


