"""Schedules of CronWorkflows: grammar, fire times, missed runs and what a write would start. Pure.

Upstream: robfig/cron v3, "standard" parser, and Argo's cron controller.
"""

from __future__ import annotations

from argolint.analysis.cron.fire import next_fires, parse_all, previous_fire
from argolint.analysis.cron.missed import (
    LAST_USED_SCHEDULE,
    Prediction,
    last_used_schedule,
    missed_run,
    schedule_strings,
    will_run_now,
)
from argolint.analysis.cron.schedule import Every, Schedule, ScheduleError, Spec, parse
from argolint.analysis.cron.zones import load_zone, nearest_zones, zone_exists

__all__ = [
    "LAST_USED_SCHEDULE",
    "Every",
    "Prediction",
    "Schedule",
    "ScheduleError",
    "Spec",
    "last_used_schedule",
    "load_zone",
    "missed_run",
    "nearest_zones",
    "next_fires",
    "parse",
    "parse_all",
    "previous_fire",
    "schedule_strings",
    "will_run_now",
    "zone_exists",
]
