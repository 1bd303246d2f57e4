"""Who listens to Drawbridge's announcements: a queue behind a rule on its bus."""

from __future__ import annotations

import json
from typing import Any

from local import LocalCloud, wait_for

Json = dict[str, Any]

NAME = "listener"


CONNECTION = "Drawbridge Connection Status Change"
SHARE = "Drawbridge Share Status Change"


class Listener:
    """Everything of some kinds that was announced since it was made, by default of connections."""

    def __init__(self, cloud: LocalCloud, *what: str) -> None:
        self.cloud = cloud
        self.queues = cloud.client("sqs")
        self.queue = self.queues.create_queue(QueueName=NAME)["QueueUrl"]
        attributes = self.queues.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        bus, events = cloud.outputs["EventBusName"], cloud.client("events")
        events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps({"source": ["drawbridge"], "detail-type": list(what or (CONNECTION,))}))
        events.put_targets(Rule=NAME, EventBusName=bus, Targets=[{"Id": NAME, "Arn": attributes["QueueArn"]}])
        self.queues.purge_queue(QueueUrl=self.queue)
        self.events: list[Json] = []

    def heard(self) -> list[Json]:
        """Every event so far, in the order in which they came."""
        while messages := self.queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                self.events.append(json.loads(message["Body"]))
                self.queues.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return self.events

    def details(self) -> list[Json]:
        """What was said in each."""
        return [event["detail"] for event in self.heard()]

    def until(self, status: str, count: int = 1) -> list[Json]:
        """Waits until so many connections were announced in that status; then everything that was said."""

        def enough() -> bool:
            return len({detail["connection"] for detail in self.details() if "connection" in detail and detail["status"] == status}) >= count

        wait_for(enough, 30, f"{count} announcements of {status}", self.cloud.explain)
        return self.details()
