"""Alibaba Cloud OSS, by oss2 (`pip install 'argolint[oss]'`)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.objects import ObjectDriver

Object = Mapping[str, Any]
MULTIPART = 64 << 20  # bytes from which a file goes up in parts


class OssDriver(ObjectDriver):
    """One bucket with one set of credentials."""

    def __init__(self, location: Object, value: Callable[[Any], str]) -> None:
        """`location` is an oss location in upstream's spelling; `value` turns a secret reference into its value."""
        self._name = str(location.get("bucket") or "")
        endpoint = str(location.get("endpoint") or "")
        if not self._name or not endpoint:
            raise ArtifactError("oss location has no endpoint or no bucket")
        try:
            import oss2
        except ImportError:
            raise ArtifactError("oss artifacts need oss2: pip install 'argolint[oss]'") from None
        with _errors(f"oss://{self._name}"):
            self._bucket = oss2.Bucket(
                _auth(location, value), endpoint, self._name, connect_timeout=10, session=oss2.Session()
            )
            if location.get("createBucketIfNotPresent"):
                self._create(location.get("lifecycleRule") or {})

    def _create(self, rule: Object) -> None:
        import oss2

        try:
            self._bucket.get_bucket_info()
            return
        except oss2.exceptions.NoSuchBucket:
            self._bucket.create_bucket()
        days = int(rule.get("markDeletionAfterDays") or 0)
        colder = int(rule.get("markInfrequentAccessAfterDays") or 0)
        if days or colder:
            from oss2.models import BucketLifecycle, LifecycleExpiration, LifecycleRule, StorageTransition

            self._bucket.put_bucket_lifecycle(BucketLifecycle([LifecycleRule(
                "argorun", "", status=LifecycleRule.ENABLED, expiration=LifecycleExpiration(days=days) if days else None,
                storage_transitions=[StorageTransition(days=colder, storage_class=oss2.BUCKET_STORAGE_CLASS_IA)] if colder else None,
            )]))  # fmt: skip

    def _upload(self, path: Path, key: str) -> None:
        import oss2

        with _errors(f"oss://{self._name}/{key}"):
            if path.stat().st_size >= MULTIPART:
                # The library keeps its progress in the home directory unless told otherwise.
                with tempfile.TemporaryDirectory(prefix="argorun-oss-") as folder:
                    oss2.resumable_upload(
                        self._bucket,
                        key,
                        str(path),
                        multipart_threshold=MULTIPART,
                        store=oss2.ResumableStore(root=folder),
                    )
            else:
                self._bucket.put_object_from_file(key, str(path))

    def _download(self, key: str, target: Path) -> None:
        with _errors(f"oss://{self._name}/{key}"):
            self._bucket.get_object_to_file(key, str(target))

    def list(self, prefix: str) -> list[str]:
        import oss2

        with _errors(f"oss://{self._name}/{prefix}"):
            return sorted(
                str(one.key) for one in oss2.ObjectIterator(self._bucket, prefix=prefix, max_keys=1000)
            )

    def _remove(self, key: str) -> None:
        with _errors(f"oss://{self._name}/{key}"):
            self._bucket.delete_object(key)


def _auth(location: Object, value: Callable[[Any], str]) -> Any:
    import oss2

    if location.get("useSDKCreds"):
        key, secret = (
            os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
            os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        )
        token = os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN")
        if not key or not secret:
            raise ArtifactError(
                "oss useSDKCreds: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
            )
    else:
        key, secret = value(location.get("accessKeySecret")), value(location.get("secretKeySecret"))
        token = str(location.get("securityToken") or "")
        if not key or not secret:
            raise ArtifactError("oss location has no accessKeySecret or no secretKeySecret")
    return oss2.StsAuth(key, secret, token) if token else oss2.Auth(key, secret)


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """oss2's exceptions as ArtifactError, with what was being done."""
    import oss2

    try:
        yield
    except oss2.exceptions.NoSuchKey as error:
        raise ArtifactMissing(f"there is no object {what}") from error
    except oss2.exceptions.RequestError as error:
        raise ArtifactError(f"{what}: {error.exception}") from error
    except oss2.exceptions.OssError as error:
        raise ArtifactError(f"{what}: {error.status}: {error.code}: {error.message}") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{what}: {error}") from error
