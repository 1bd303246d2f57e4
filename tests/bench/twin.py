"""The same job in Python: a Lambda function of the simplest kind, with boto3, that makes the calls that the Rust function
makes. It decides nothing, checks nothing and logs nothing, so it is cheaper than a real one would be.

Run as `python twin.py JOB.json`, with Lambda's runtime API in the environment.
"""

import json
import os
import sys
import urllib.request

import boto3

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def main() -> None:
    """Asks for one event, does the job, answers."""
    with open(sys.argv[1]) as job:
        calls = json.load(job)
    clients = {service: boto3.client(service) for service in {service for service, _, _ in calls}}
    with urllib.request.urlopen(f"{API}/invocation/next") as event:  # noqa: S310
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        json.load(event)
    for service, method, arguments in calls:
        getattr(clients[service], method)(**arguments)
    answer = urllib.request.Request(f"{API}/invocation/{request_id}/response", data=b"{}", method="POST")  # noqa: S310
    urllib.request.urlopen(answer).close()  # noqa: S310


main()
