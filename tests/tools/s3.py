"""Run S3 on this machine: moto's server, with a bucket and, where asked, keys that it checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import httpx
from moto.server import ThreadedMotoServer

from tests.tools.serving import find_free_port

BUCKET = "croquis"
ALLOWED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
USER = "painter"


class S3:
    """S3 is a server that can be stopped and started again, with what it holds."""

    def __init__(self) -> None:
        self.port, self._server = find_free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def check_keys(self) -> dict[str, str]:
        """Have every call from now on checked; return the environment of the keys that may do everything."""
        iam = boto3.client("iam", endpoint_url=self.url, region_name="us-east-1")
        iam.create_user(UserName=USER)
        iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=json.dumps(ALLOWED))
        key = iam.create_access_key(UserName=USER)["AccessKey"]
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0").raise_for_status()
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@contextmanager
def run_s3() -> Iterator[S3]:
    """Run a server with an empty bucket."""
    server = S3()
    server.start()
    try:
        httpx.post(f"{server.url}/moto-api/reset").raise_for_status()
        httpx.post(f"{server.url}/moto-api/reset-auth", content=b"inf").raise_for_status()
        boto3.client("s3", endpoint_url=server.url, region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield server
    finally:
        server.stop()
