"""S3 and what speaks its protocol, by boto3 (`pip install 'argolint[s3]'`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.objects import ObjectDriver
from executor.artifacts.secretfiles import secret_file

Object = Mapping[str, Any]
DEFAULT_ENDPOINT = "s3.amazonaws.com"
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Driver(ObjectDriver):
    """One bucket with one set of credentials."""

    def __init__(self, location: Object, value: Callable[[Any], str]) -> None:
        """`location` is an s3 location in upstream's spelling; `value` turns a secret reference into its value."""
        self._bucket = str(location.get("bucket") or "")
        if not self._bucket:
            raise ArtifactError("s3 location has no bucket")
        self._extra = _encryption(location, value)
        self._client = _client(location, value)
        if location.get("createBucketIfNotPresent") is not None:
            self._create_bucket(str(location.get("region") or ""), location["createBucketIfNotPresent"] or {})

    def _create_bucket(self, region: str, options: Object) -> None:
        from botocore.exceptions import ClientError

        with _errors(f"bucket {self._bucket}"):
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _code(error) not in (*MISSING, "NoSuchBucket"):
                    raise
                extra: dict[str, Any] = (
                    {"ObjectLockEnabledForBucket": True} if options.get("objectLocking") else {}
                )
                if region and region != "us-east-1":
                    extra["CreateBucketConfiguration"] = {"LocationConstraint": region}
                self._client.create_bucket(Bucket=self._bucket, **extra)

    def _upload(self, path: Path, key: str) -> None:
        with _errors(f"s3://{self._bucket}/{key}"):
            self._client.upload_file(str(path), self._bucket, key, ExtraArgs=self._extra or None)

    def _download(self, key: str, target: Path) -> None:
        with _errors(f"s3://{self._bucket}/{key}"):
            self._client.download_file(self._bucket, key, str(target), ExtraArgs=self._customer_key() or None)

    def list(self, prefix: str) -> list[str]:
        with _errors(f"s3://{self._bucket}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(item["Key"] for page in pages for item in page.get("Contents") or [])

    def _remove(self, key: str) -> None:
        with _errors(f"s3://{self._bucket}/{key}"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _customer_key(self) -> dict[str, str]:
        return {k: v for k, v in self._extra.items() if k.startswith("SSECustomer")}


def _client(location: Object, value: Callable[[Any], str]) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise ArtifactError("s3 artifacts need boto3: pip install 'argolint[s3]'") from None
    endpoint = str(location.get("endpoint") or DEFAULT_ENDPOINT)
    scheme = "http" if location.get("insecure") else "https"
    style = {"path": "path", "virtual-hosted": "virtual"}.get(str(location.get("addressingStyle") or ""))
    amazon = endpoint.endswith("amazonaws.com")
    config = Config(
        s3={"addressing_style": style or ("auto" if amazon else "path")},
        retries={"max_attempts": 4, "mode": "standard"}, connect_timeout=10, read_timeout=60,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    credentials: dict[str, str] = {}
    if location.get("accessKeySecret") and not location.get("useSDKCreds"):
        credentials = {
            "aws_access_key_id": value(location.get("accessKeySecret")),
            "aws_secret_access_key": value(location.get("secretKeySecret")),
        }
        if location.get("sessionTokenSecret"):
            credentials["aws_session_token"] = value(location["sessionTokenSecret"])
    elif not location.get("useSDKCreds"):
        raise ArtifactError(
            "s3 location has no accessKeySecret (useSDKCreds: true takes this machine's own credentials)"
        )
    authority = value(location.get("caSecret"))
    region = str(location.get("region") or "us-east-1")
    try:
        session = boto3.session.Session(region_name=region, **credentials)
        if location.get("roleARN"):
            session = _assumed(session, str(location["roleARN"]), region)
        return session.client(
            "s3", config=config, verify=secret_file(authority) if authority else None,
            endpoint_url=None if endpoint == DEFAULT_ENDPOINT and scheme == "https" else f"{scheme}://{endpoint}",
        )  # fmt: skip
    except (BotoCoreError, ValueError) as error:
        raise ArtifactError(f"s3: {error}") from error


def _assumed(session: Any, role: str, region: str) -> Any:
    import boto3

    with _errors(f"role {role}"):
        found = session.client("sts").assume_role(RoleArn=role, RoleSessionName="argorun")["Credentials"]
    return boto3.session.Session(
        region_name=region, aws_access_key_id=found["AccessKeyId"], aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )  # fmt: skip


def _encryption(location: Object, value: Callable[[Any], str]) -> dict[str, str]:
    """boto3's ExtraArgs for encryptionOptions."""
    options = location.get("encryptionOptions") or {}
    customer = value(options.get("serverSideCustomerKeySecret"))
    if customer:
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": customer}
    if options.get("kmsKeyId"):
        found = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": str(options["kmsKeyId"])}
        if options.get("kmsEncryptionContext"):
            found["SSEKMSEncryptionContext"] = str(options["kmsEncryptionContext"])
        return found
    return {"ServerSideEncryption": "AES256"} if options.get("enableEncryption") else {}


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """boto3's exceptions as ArtifactError, with what was being done."""
    import boto3.exceptions
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", "")
        if _code(error) in MISSING:
            raise ArtifactMissing(f"there is no object {what}") from error
        raise ArtifactError(f"{what}: {_code(error)}: {message}") from error
    except (BotoCoreError, boto3.exceptions.Boto3Error, OSError, ValueError) as error:
        raise ArtifactError(f"{what}: {error}") from error
