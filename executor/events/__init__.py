"""Argo Events without a cluster: one event through a Sensor's filters and parameters, or through a WorkflowEventBinding."""
