"""A thin client of the Kubernetes API for raw objects; never imported on the lint path."""

from argolint.kube.client import ApiError, KubeClient, WatchExpired
from argolint.kube.kinds import KNOWN, Resource, resource_for

__all__ = ["KNOWN", "ApiError", "KubeClient", "Resource", "WatchExpired", "resource_for"]
