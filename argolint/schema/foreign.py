"""Fields of other kinds that people write in Argo's: what to write for a Job's, a Tekton Pipeline's, a GitHub workflow's.

The left side are names that those kinds have at the place that corresponds (Kubernetes API: batch/v1 Job and CronJob, core/v1
Pod; Tekton: Pipeline, PipelineRun; GitHub: workflow syntax; Airflow: operators), the right side is Argo's way to say the same.
"""

from __future__ import annotations

_RETRIES = "`retryStrategy.limit` of the template"
_CALL_RETRIES = "`retryStrategy` of the template that it calls"
_LOOP = "`withItems` or `withParam`"
_ORDER = "`depends` or `dependencies`"
_VOLUMES = "`volumes`, or `volumeClaimTemplates` for one that lives as long as the workflow"

_RUN = {  # of a Workflow's spec
    "ttlSecondsAfterFinished": "`ttlStrategy.secondsAfterCompletion`",
    "ttlSecondsAfterCompletion": "`ttlStrategy.secondsAfterCompletion`",
    "backoffLimit": "`retryStrategy.limit`",
    "podFailurePolicy": "`retryStrategy.expression`",
    "completions": "a step with `withSequence`",
    "completionMode": "a step with `withSequence`",
    "restartPolicy": "`retryStrategy`: a pod of a workflow is never restarted in place",
    "timeout": "`activeDeadlineSeconds`",
    "timeouts": "`activeDeadlineSeconds`",
    "timeoutSeconds": "`activeDeadlineSeconds`",
    "timeout-minutes": "`activeDeadlineSeconds`",
    "finally": "`onExit`",
    "params": "`arguments.parameters`",
    "pipelineRef": "`workflowTemplateRef`",
    "workspaces": _VOLUMES,
    "containers": "`container` or `containerSet` of a template",
    "tasks": "`dag.tasks` of a template",
    "jobs": "`templates`",
    "concurrency": "`synchronization`",
    "concurrencyPolicy": "`concurrencyPolicy` of a CronWorkflow, or `synchronization.mutexes`",
    "schedule": "`schedules` of a CronWorkflow",
    "schedules": "`schedules` of a CronWorkflow",
    "replicas": "`parallelism`, or a step with `withSequence`",
}
_CRON = {
    "spec": "`workflowSpec`",
    "jobTemplate": "`workflowSpec`",
    "workflowTemplate": "`workflowSpec`",
    "ttlSecondsAfterFinished": "`workflowSpec.ttlStrategy.secondsAfterCompletion`",
    "backoffLimit": "`workflowSpec.templateDefaults.retryStrategy.limit`",
    "historyLimit": "`successfulJobsHistoryLimit` and `failedJobsHistoryLimit`",
    "cron": "`schedules`",
}
_CALL = {  # of a step or a task
    "needs": _ORDER,
    "runAfter": _ORDER,
    "if": "`when`",
    "condition": "`when`",
    "conditions": "`when`",
    "taskRef": "`template` or `templateRef`",
    "uses": "`template` or `templateRef`",
    "taskSpec": "`inline`",
    "params": "`arguments.parameters`",
    "with": "`arguments.parameters`, or `withItems` for a loop",
    "results": "`outputs` of the template that it calls",
    "workspaces": "`volumeMounts` in the template that it calls",
    "matrix": _LOOP,
    "strategy": _LOOP,
    "items": "`withItems`",
    "loop": _LOOP,
    "foreach": _LOOP,
    "forEach": _LOOP,
    "run": "`template`, and the script in that template",
    "retries": _CALL_RETRIES,
    "retry": _CALL_RETRIES,
    "onError": "`continueOn`",
    "ignoreErrors": "`continueOn`",
    "continue-on-error": "`continueOn`",
    "allow_failure": "`continueOn`",
    "timeout-minutes": "`activeDeadlineSeconds` of the template that it calls",
}
_BODY = {  # of a template
    "params": "`inputs.parameters`",
    "arguments": "`inputs`: a template declares inputs, its caller gives arguments",
    "results": "`outputs.parameters`",
    "retries": "`retryStrategy.limit`",
    "retry": "`retryStrategy.limit`",
    "backoffLimit": "`retryStrategy.limit`",
    "restartPolicy": "`retryStrategy`: a pod of a workflow is never restarted in place",
    "timeoutSeconds": "`activeDeadlineSeconds`",
    "timeout-minutes": "`activeDeadlineSeconds`",
    "ttlSecondsAfterFinished": "`ttlStrategy` of the workflow, or `podGC`",
    "tasks": "`dag.tasks`",
    "containers": "`container`, `containerSet` or `sidecars`",
    "workspaces": "`volumes`",
    "concurrency": "`synchronization`",
    "run": "`script.source`, or `container.args`",
    "onError": "`continueOn` of the step or task that calls it",
}
_BODY.update(  # what only its callers have
    {
        "dependencies": "`dependencies` of the DAG task that calls it",
        "depends": "`depends` of the DAG task that calls it",
    }
)
_BODY.update(
    {key: f"`{key}` of the step or task that calls it"
     for key in ("when", "withItems", "withParam", "withSequence", "continueOn", "templateRef")}
)  # fmt: skip
_CONTAINER = {
    "run": "`args`, or a template with `script`",
    "entrypoint": "`command`",
    "cmd": "`args`",
    "environment": "`env`",
    "environmentVariables": "`env`",
    "retries": _RETRIES,
}
# Definition → field → what to write, in words.
TABLE: dict[str, dict[str, str]] = {
    "WorkflowSpec": _RUN,
    "CronWorkflowSpec": _CRON,
    "WorkflowStep": _CALL,
    "DAGTask": _CALL,
    "Template": _BODY,
    "core.Container": _CONTAINER,
    "core.Volume": {
        "metadata": "`volumeClaimTemplates` of the workflow for a claim, `volumes` for what exists",
        "spec": "`volumeClaimTemplates` of the workflow for a claim, `volumes` for what exists",
    },
    "ScriptTemplate": _CONTAINER,
    "UserContainer": _CONTAINER,
    "ContainerNode": _CONTAINER,
}


_TYPED = "the resource itself says its group, version and kind"
# Fields that releases of Argo Events before 1.0 read, and many manifests still carry; nothing is lost without them.
OBSOLETE = {
    definition: dict.fromkeys(("group", "version", "kind", "resource"), _TYPED)
    for definition in ("StandardK8STrigger", "ArgoWorkflowTrigger")
}


def obsolete(definition: str, field: str) -> str:
    """Why the field is needed no longer, in words; "" when it never was one."""
    return OBSOLETE.get(definition, {}).get(field, "")


def meant(definition: str, field: str) -> str:
    """What Argo has for the field of another kind, in words with backticks; "" when nothing is known."""
    return TABLE.get(definition, {}).get(field, "")
