"""The past as rows of what the service tells of its guardrails."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.columns import chosen, instants, only
from demo.limits import changes
from demo.names import Names
from demo.past import Past
from demo.requests import NAMES
from demo.rhythm import HOUR


def guardrail_rejections(past: Past, shared: Names) -> pa.Table:  # noqa: ARG001 - as every table is asked for
    """One row an hour, user and guardrail."""
    turned = past.rejected
    groups = np.stack((turned.at // HOUR, turned.user, turned.refused_by), axis=1).astype(np.int64)
    groups, index, requests = np.unique(groups, axis=0, return_inverse=True, return_counts=True)
    hour, user, limit = groups.T
    last = np.zeros(len(requests))
    np.maximum.at(last, index, turned.at)
    return pa.table(
        {
            "hour": instants(hour * HOUR),
            "user_key": chosen(past.users.keys, user),
            "guardrail": chosen(NAMES, limit),
            "requests": requests,
            "last_at": instants(last),
        }
    )


def guardrail_history(past: Past, shared: Names) -> pa.Table:  # noqa: ARG001 - as every table is asked for
    """One row a change, oldest first."""
    made = changes(past.course)
    expiry = np.array([row.expires_at or np.nan for row in made])
    return pa.table(
        {
            "at": instants(np.array([row.at for row in made])),
            "name": pa.array([row.name for row in made], pa.string()),
            "old_value": pa.array([row.old for row in made], pa.int64()),
            "new_value": pa.array([row.new for row in made], pa.int64()),
            "expires_at": only(instants(np.nan_to_num(expiry)), ~np.isnan(expiry)),
            "actor": pa.array([row.actor for row in made], pa.string()),
            "reason": pa.array([row.reason for row in made], pa.string()),
        }
    )
