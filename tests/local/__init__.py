"""The local cloud: what `sam deploy` puts on AWS, on this machine.

ministack serves Lambda, Step Functions, EventBridge, DynamoDB, SQS, S3 and CloudFormation; the stand-in (tests/standin)
serves RAM, VPC Lattice and the part of EC2 that Drawbridge touches.
"""

from .cloud import LocalCloud, Settings
from .wait import Overdue, wait_for

__all__ = ["LocalCloud", "Overdue", "Settings", "wait_for"]
