"""The fault matrix: every fault that argosync must survive, what must come of it, and the tests that show it.

`python -m tests.faults.matrix` runs all of them, with faults all along a change, and writes the table into
docs/argosync-faults.md. It holds no timings and no figures of the machine, so it changes only when an outcome does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/argosync-faults.md"

GIT = "tests/reconciler/test_source_git.py::test_"
HOSTILE = "tests/reconciler/test_hostile.py::test_"
CYCLE = "tests/reconciler/test_cycle.py::test_"
PRUNE = "tests/reconciler/test_prune.py::test_"
TRUST = "tests/reconciler/test_trust.py::test_"
OPS = "tests/reconciler/test_operation.py::test_"
LEASE = "tests/reconciler/test_lease.py::test_"
LOOP = "tests/reconciler/test_loop.py::test_"
SHOP = "tests/reconciler/test_embedded_cluster.py::test_"
PLANS = "tests/reconciler/test_plan_artifacts.py::test_"
API = "tests/faults/test_reconciler_api.py::test_"
CRASH = "tests/faults/test_reconciler_crash.py::test_"
SERVER = "tests/faults/test_embedded_faults.py::test_"
RANDOM = "tests/faults/test_invariants.py::test_"


class Row(NamedTuple):
    """One fault; without `tests` it is not shown, and `outcome` says why."""

    id: str
    fault: str
    outcome: str
    tests: tuple[str, ...] = ()


ROWS = (
    Row("F-01", "the Git server refuses connections", "what was last good stays and is healed; back-off; recovers", (GIT + "refused_connection", API + "drift_is_healed_while_git_is_gone", LOOP + "delays_keep_the_interval_with_jitter_and_back_off_while_waiting_may_help")),
    Row("F-02", "the Git server hangs", "one time limit; the child and its children are killed", (GIT + "child_and_its_children_are_killed_at_the_timeout",)),
    Row("F-03", "401, 403, an expired token", "AuthFailed; the secret is never shown", (GIT + "http_errors", GIT + "secret_is_not_in_any_argument_vector")),
    Row("F-04", "unknown or changed ssh host key", "stops; never accepted", (GIT + "ssh_with_known_hosts",)),
    Row("F-05", "TLS by an unknown authority", "stops with a precise message", (GIT + "https_needs_the_authority",)),
    Row("F-06", "redirect to another host", "credentials do not follow", (GIT + "credentials_do_not_follow_a_redirect_to_another_host",)),
    Row("F-07", "the branch is deleted", "RefNotFound; nothing is deleted", (PRUNE + "deleted_branch_deletes_nothing", GIT + "unknown_ref_and_ambiguous_name_and_empty_repository")),
    Row("F-08", "the repository is emptied, the path is gone", "nothing is deleted without an approval", (PRUNE + "an_emptied_repository_deletes_nothing_without_an_approval", PRUNE + "removed_path_deletes_nothing")),
    Row("F-09", "unrelated history in the same place", "policy for rewritten history, and the guard on deletions", (TRUST + "rewritten_history_is_followed_held_or_refused", PRUNE + "many_deletions_need_an_approval_that_is_bound_to_them")),
    Row("F-10", "a tag is moved", "policy for rewritten history; a signed tag is verified anew", (TRUST + "signed_tags",)),
    Row("F-11", "a branch and a tag of one name", "AmbiguousRef; never guessed", (GIT + "unknown_ref_and_ambiguous_name_and_empty_repository",)),
    Row("F-12", "the local clone is corrupt", "made anew", (GIT + "damaged_clone_and_stale_locks_are_repaired", GIT + "damaged_file_in_the_clone_is_fetched_again")),
    Row("F-13", "stale lock files", "removed under our own lock", (GIT + "damaged_clone_and_stale_locks_are_repaired",)),
    Row("F-14", "shallow history at an ancestry check", "a history of commits alone is fetched beside", (TRUST + "reset_to_an_older_commit_is_held",)),
    Row("F-15", "the fetch brings another commit than was advertised", "not shown: the one that came is used"),
    Row("F-16", "huge blobs in ignored paths", "never read", (HOSTILE + "huge_file_is_refused_by_size_and_an_excluded_one_is_never_read",)),
    Row("F-17", "too many files", "refused with a clear message", (HOSTILE + "too_many_files_are_refused",)),
    Row("F-18", "submodules", "named, never followed", (HOSTILE + "submodules_and_lfs_pointers_are_named",)),
    Row("F-19", "hooks, filters, attributes of the repository", "never run", (GIT + "hooks_filters_and_configuration_of_the_repository_are_never_run", GIT + "surrounding_git_variables_do_not_steer")),
    Row("F-20", "URLs and refs that look like options", "refused before git is called", ("tests/reconciler/test_config.py::test_every_mistake_names_line_and_key",)),
    Row("F-21", "force push, reset to an older commit", "follow, hold or refuse, as configured", (TRUST + "rewritten_history_is_followed_held_or_refused", TRUST + "reset_to_an_older_commit_is_held")),
    Row("F-22", "no signature, wrong or expired key", "refused with the reason; what was last good stays", (TRUST + "ssh_signed_commits_are_applied_and_others_hold_the_last_good", TRUST + "rotated_and_expired_ssh_keys", TRUST + "openpgp_signatures")),
    Row("F-23", "SHA-1 collisions", "not shown: left to git's own detection"),
    Row("F-24", "links", "findings, never followed", (HOSTILE + "links_are_findings_and_never_followed", HOSTILE + "a_folder_source_does_not_follow_links_either")),
    Row("F-25", "file names that lie or leave the tree", "refused, and escaped wherever shown", (HOSTILE + "names_that_leave_the_repository_or_lie",)),
    Row("F-26", "alias bombs", "a finding within bounds", (HOSTILE + "yaml_bombs_and_broken_files_are_findings_with_a_line",)),
    Row("F-27", "deep nesting, odd YAML, Python tags", "findings; no code is run", (HOSTILE + "yaml_bombs_and_broken_files_are_findings_with_a_line", HOSTILE + "no_python_tag_runs_anything")),
    Row("F-28", "one object twice", "both places are named; neither is applied", (HOSTILE + "duplicate_objects_name_both_places",)),
    Row("F-29", "one bad file among many", "nothing is written; or, in quarantine, not what depends on it; nothing is deleted", (CYCLE + "broken_reference_refuses_the_revision_with_file_and_line", CYCLE + "quarantine_leaves_out_the_bad_and_what_depends_on_it", PRUNE + "nothing_is_deleted_while_a_file_does_not_parse")),
    Row("F-30", "catastrophic patterns in content", "not shown here: part of the linter's tests"),
    Row("F-31", "escapes and markup in names and messages", "inert in every form", (HOSTILE + "terminal_escapes_and_markup_come_out_inert", PLANS + "hostile_names_stay_inert_in_every_form")),
    Row("F-32", "foreign kinds and namespaces", "never sent to the server", (HOSTILE + "foreign_kinds_and_namespaces_are_never_sent_to_the_server",)),
    Row("F-33", "secrets in values", "hidden in plans, logs and state", (HOSTILE + "values_that_look_secret_are_hidden_in_plans", HOSTILE + "canary_is_nowhere_in_output_state_or_logs", PLANS + "snapshot_holds_no_bodies_and_no_values")),
    Row("F-34", "5xx, reset, time-out at any single request", "converges; no change twice", (SERVER + "a_fault_in_any_request_of_a_change_is_overcome", API + "any_call_fails_once")),
    Row("F-35", "429 with Retry-After", "obeyed", (API + "retry_after_is_honoured", SERVER + "each_object_is_written_once_whatever_is_lost")),
    Row("F-36", "the answer is lost after the write", "read back; not repeated", (API + "reply_lost_after_the_write_is_read_back_and_not_repeated", SERVER + "each_object_is_written_once_whatever_is_lost")),
    Row("F-37", "a person edits between plan and write", "planned again; nothing unseen is overwritten", (API + "change_between_plan_and_write_is_not_overwritten",)),
    Row("F-38", "another writer changes the object all the time", "bounded tries; the fight is given up and told", (SERVER + "a_storm_of_conflicts_by_another_writer_is_bounded_and_told", TRUST + "a_fight_with_another_writer_is_given_up_and_told")),
    Row("F-39", "a field of another manager", "refused with field and manager, or taken over, as configured", (CYCLE + "existing_object_with_other_values_is_a_conflict_that_names_field_and_owner", SHOP + "ownership_conflict_drift_and_suspension_as_the_real_server_tracks_them")),
    Row("F-40", "the server refuses one object in the dry run", "nothing is written", (CYCLE + "quarantine_holds_what_the_server_refuses", SHOP + "mistyped_field_is_refused_by_the_linter_before_any_write")),
    Row("F-41", "the dry run passes, the write is refused", "stops; the journal knows the rest", (API + "write_failing_for_good_stops_before_the_crons",)),
    Row("F-42", "a server without dry runs", "not shown"),
    Row("F-43", "lost watches", "no watch is used: lists are compared in every round", (CYCLE + "deleted_object_is_made_again", CYCLE + "drift_is_set_back")),
    Row("F-44", "a list that is cut off", "never taken for a complete one", (SERVER + "a_fault_in_any_request_of_a_change_is_overcome",)),
    Row("F-45", "stale lists", "nothing is deleted or undone because of one", (SERVER + "stale_lists_never_delete_or_undo",)),
    Row("F-46", "a CRD is missing", "CrdMissing; nothing is written or deleted", (API + "a_missing_crd_is_told_and_nothing_is_deleted",)),
    Row("F-47", "a namespace is missing", "told with the way out", (CYCLE + "quarantine_holds_what_the_server_refuses",)),
    Row("F-48", "rights are taken away", "told; lists fall back to namespaces", (API + "cluster_wide_lists_forbidden_falls_back_to_the_namespaces", API + "write_failing_for_good_stops_before_the_crons")),
    Row("F-49", "another cluster behind the same address", "inherits nothing", (API + "another_cluster_behind_the_kubeconfig_inherits_no_inventory",)),
    Row("F-50", "a finalizer that never clears", "not shown"),
    Row("F-51", "an object that is too large", "refused before it is sent", (HOSTILE + "an_object_too_large_for_a_cluster_is_refused_before_it_is_sent",)),
    Row("F-52", "the API is down in the middle", "recovers from the journal", (SERVER + "an_api_that_is_down_writes_nothing_and_recovers",)),
    Row("F-53", "kill -9 at any step", "the same end as without it; nothing is forgotten", (CRASH + "every_step_of_a_synchronisation_survives_kill_9", SERVER + "kill_9_at_every_journal_step_against_a_real_server", CRASH + "two_crashes_in_a_row")),
    Row("F-54", "SIGTERM", "ends after the object in hand; the lease is given back", (SHOP + "run_follows_git_heals_and_ends_cleanly",)),
    Row("F-55", "the disk is full", "nothing is written to the cluster that cannot be recorded", (API + "unwritable_state_directory_stops_before_any_write", OPS + "an_unwritable_audit_log_stops_the_writes")),
    Row("F-56", "state and journal torn, lost, of a newer version", "rebuilt from the cluster, or refused", (CRASH + "torn_journal_does_no_harm", CRASH + "journal_of_a_newer_version_is_refused", PRUNE + "lost_state_is_rebuilt_from_the_cluster")),
    Row("F-57", "two processes on one state directory", "the second is kept out", (CRASH + "second_process_is_kept_out_of_the_state_directory",)),
    Row("F-58", "two replicas, a lost lease", "nothing is written after the deadline", (LEASE + "nothing_may_be_written_after_the_deadline", LEASE + "a_living_holder_elsewhere_keeps_it", LEASE + "losing_a_race_for_it_is_said")),
    Row("F-59", "a clock that is wrong by days", "keys outside their time are refused", (TRUST + "rotated_and_expired_ssh_keys",)),
    Row("F-60", "leaks over many rounds", "not shown"),
    Row("F-61", "reload of an invalid configuration", "the old one stays, and it is told", (SHOP + "run_is_woken_by_a_webhook_serves_metrics_and_reads_its_configuration_again",)),
    Row("F-62", "upgrade with a journal in flight", "a newer format is refused", (CRASH + "journal_of_a_newer_version_is_refused",)),
    Row("F-63", "a slow network", "time limits; converges", (SERVER + "a_fault_in_any_request_of_a_change_is_overcome",)),
    Row("F-64", "webhook floods, bad proofs, replays, slow and huge bodies", "refused without work", (OPS + "hostile_requests_do_no_work", OPS + "slow_and_cut_bodies_are_given_up", OPS + "one_peer_cannot_flood", OPS + "proofs_of_each_sender")),
    Row("F-65", "a webhook before the ref is visible", "looked at again, never lost", (SHOP + "run_is_woken_by_a_webhook_serves_metrics_and_reads_its_configuration_again",)),
    Row("F-66", "the API for statuses is down or limits us", "a bounded queue; rounds are never blocked", (OPS + "notifications_wait_as_told_and_give_up_without_blocking", OPS + "a_full_queue_drops_the_oldest")),
    Row("F-67", "the log's reader is gone", "not shown"),
    Row("F-68", "the template cannot be written", "its CronWorkflow is not written", (API + "write_failing_for_good_stops_before_the_crons", RANDOM + "invariants_hold_over_random_histories")),
    Row("F-69", "a template goes in the commit that switches its users", "users first, then the deletion", (PRUNE + "switching_a_cron_to_a_new_template_in_the_commit_that_removes_the_old_one",)),
    Row("F-70", "a CronWorkflow is renamed while it runs", "handed over; its runs survive", (TRUST + "under_forbid_the_new_one_waits_for_the_runs_of_the_old_one", TRUST + "without_forbid_the_runs_go_on_beside_the_new_one", TRUST + "a_renamed_cron_hands_over_without_a_moment_of_both_or_none")),
    Row("F-71", "a write that would start a missed run", "told; held if configured", (CYCLE + "plan_says_that_a_label_would_start_a_missed_run", CYCLE + "surprise_runs_can_be_held_until_the_deadline_has_passed")),
    Row("F-72", "templateReferencing Secure with active runs", "not built"),
    Row("F-73", "the workflow controller is down", "CronNotFiring", (CYCLE + "cron_that_does_not_tick_is_reported",)),
    Row("F-74", "the controller writes at the same moment", "no conflict", (API + "status_written_by_the_controller_meanwhile_is_no_conflict",)),
    Row("F-75", "a template that fails at run time", "RunsFail; going back is a person's decision", (TRUST + "runs_that_fail_since_a_revision_are_told_and_end_with_a_good_one",)),
    Row("F-76", "a rollback to something that was pruned", "what was last good is closed under references", (RANDOM + "invariants_hold_over_random_histories", CYCLE + "rollback_works_without_git_and_ends_when_git_moves_on")),
    Row("F-77", "canary runs", "not built"),
    Row("F-78", "edits, deletions, suspensions by hand", "each as configured", (CYCLE + "drift_is_set_back", CYCLE + "deleted_object_is_made_again", CYCLE + "cron_suspended_by_hand_stays_suspended", RANDOM + "invariants_hold_over_random_histories")),
    Row("F-79", "the object existed before", "adopted only without a conflict", (CYCLE + "existing_object_with_the_same_values_is_adopted", CYCLE + "existing_object_with_other_values_is_a_conflict_that_names_field_and_owner")),
    Row("F-80", "another GitOps tool looks after it", "refused", (CYCLE + "object_of_another_gitops_tool_is_refused",)),
    Row("F-81", "a target is taken out of the configuration", "not shown: its objects stay"),
    Row("F-82", "the namespace of a target changes", "not shown"),
    Row("F-83", "many deletions in one commit", "held until approved", (PRUNE + "many_deletions_need_an_approval_that_is_bound_to_them",)),
    Row("F-84", "a new commit after an approval or a saved plan", "the approval is void unless the deletions are the same; the plan is refused", (PRUNE + "many_deletions_need_an_approval_that_is_bound_to_them", PLANS + "saved_plan_is_refused_when_an_input_moved")),
    Row("F-85", "a freeze, and an urgent fix", "nothing is written, unless overridden with a reason that is audited", (TRUST + "nothing_is_written_in_a_freeze_unless_a_person_says_so",)),
    Row("F-86", "targets that depend on each other", "not built"),
    Row("F-87", "one failing target among others", "delays no other", (LOOP + "two_targets_one_failing_do_not_disturb_each_other",)),
    Row("F-88", "a cluster restored from a backup", "not shown"),
    Row("F-89", "a very large inventory", "kept in a file, not in the cluster: no such limit"),
    Row("F-90", "a template of others goes away behind our back", "told with file and line", (CYCLE + "template_removed_behind_our_back_is_reported_with_file_and_line",)),
    Row("F-91", "a baseline expires", "not built"),
    Row("F-92", "a newer argolint refuses what is applied", "not shown: what was last good stays and is healed"),
)  # fmt: skip


def main() -> int:
    """Run the matrix and write the page; 0 when every test passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--sample", action="store_true", help="not every fault at every request")
    args = parser.parse_args()
    passed = run(full=not args.sample)
    args.out.write_text(page(passed), encoding="utf-8")
    bad = [row.id for row in ROWS if row.tests and word(row, passed) != "holds"]
    print(
        f"{args.out}: {len(ROWS)} faults, {sum(1 for r in ROWS if r.tests)} shown, failed: {', '.join(bad) or 'none'}"
    )
    return 1 if bad else 0


def run(*, full: bool) -> dict[str, bool]:
    """Whether each test function (`file::name`) passed, every parameter of it."""
    wanted = sorted({test for row in ROWS for test in row.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        env = {**os.environ, "ARGOSYNC_FAULTS": "full" if full else ""}
        argv = [sys.executable, "-m", "pytest", f"--junit-xml={report}", "-q", *wanted]
        subprocess.run(argv, cwd=ROOT, env=env, check=False)
        return results(report)


def results(report: Path) -> dict[str, bool]:
    """From a JUnit report: `file::function` -> passed."""
    out: dict[str, bool] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        file = case.get("classname", "").replace(".", "/") + ".py"
        name = f"{file}::{case.get('name', '').split('[')[0]}"
        good = not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        out[name] = out.get(name, True) and good
    return out


def word(row: Row, passed: dict[str, bool]) -> str:
    """The result of a row."""
    if not row.tests:
        return "-"
    found = [passed.get(test) for test in row.tests]
    return "holds" if all(found) else "not run" if any(f is None for f in found) else "FAILS"


def page(passed: dict[str, bool]) -> str:
    """The table as Markdown."""
    shown = sum(1 for row in ROWS if row.tests)
    lines = [
        "# Faults",
        "",
        "What argosync does when something breaks, and the tests that show it. Written by `make faults`, which runs them with lost and",
        "refused answers at every request of a change, and a kill -9 at every step of it, against the embedded API server.",
        "The ordinary tests run a sample of these.",
        "",
        f"{shown} of {len(ROWS)} faults are shown by tests; the others say why not.",
        "",
        "| id | fault | what must come of it | result | shown by |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        tests = "<br>".join(f"`{test.rsplit('::test_', 1)[1]}`" for test in row.tests)
        lines.append(f"| {row.id} | {row.fault} | {row.outcome} | {word(row, passed)} | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
