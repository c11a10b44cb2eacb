"""Why an action was not taken, or failed. The first docstring paragraph is the operator's message.

OpsError
└── ActionError
    ├── PermissionDenied          ├── StateChanged           ├── ServiceError
    ├── ReadOnly, ActionRefused   │   └── BulkStateChanged,  │   ├── ServiceUnavailable
    ├── TooManyActions            │   (sign in again: SessionOver)
    ├── NotRecorded               │       Intake…Already,    │   │   └── ServiceUnreachable
    ├── OutcomeNotRecorded        │       GuardrailsChanged, │   ├── ServiceRejectedKey
    ├── AlreadyPerformed          │       ProposalDecided    │   ├── ServiceRejected
    ├── ReasonMissing             ├── NotRetryable           │   │   └── ServiceBusy
    ├── ReasonTooLong             ├── RetryLimitReached      │   └── MalformedAnswer
    ├── NameUnfit, NameTaken      ├── AlreadyFinished        ├── NotOffered
    ├── ViewNotFound              ├── ProviderUnavailable    ├── BulkNotFound
    ├── LimitOutOfRange           ├── JobNotFound            ├── ApprovalNeeded, OwnProposal
    ├── ExpiryPassed, …TooLate    ├── TooManyJobs            ├── ProposalNotFound, ProposalLapsed
    ├── NoSuchRevision            ├── TypedMeanwhile         └── NotKept
    └── NumberNotTyped            └── AuditLogLost
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from queries.errors import OpsError


class ActionError(OpsError):
    """The action was not taken."""


class PermissionDenied(ActionError):
    """{actor} is {role} and may not do this ({action}). Ask somebody who is {needed}."""


class ReadOnly(ActionError):
    """This console is read-only ({setting}): nothing was done."""


class ActionRefused(ActionError):
    """This console does not do this ({action}): {setting} takes it away from everybody. Nothing was done."""


class TooManyActions(ActionError):
    """{actor} took {limit} actions within a minute, which is the limit: wait {seconds} s. Nothing was done."""


class SessionOver(ActionError):
    """You have to sign in again: this session ended. Nothing was done."""


class NotRecorded(ActionError):
    """The audit log cannot be written ({detail}), and what cannot be recorded is not done. Nothing was done."""


class NotKept(ActionError):
    """The console's own records cannot be written ({detail}). Check what the role of {setting} may do there."""


class AuditLogLost(ActionError):
    """Revision {revision} has no audit log: {rows} rows would be lost. If that may be: --losing-audit-log"""


class NoSuchRevision(ActionError):
    """There is no revision {revision}: this console knows base and {known}."""


class OutcomeNotRecorded(ActionError):
    """{message} The audit log holds the intent, but this outcome could not be recorded ({detail})."""


class AlreadyPerformed(ActionError):
    """This was already asked for: nothing was done a second time."""


class ReasonMissing(ActionError):
    """Give a reason: it goes into the audit log. Nothing was done."""


class NumberNotTyped(ActionError):
    """Type {n} to confirm: that many jobs will be changed. Nothing was done."""


class TypedMeanwhile(ActionError):
    """What the button named is not what is typed now: look again and press once more. Nothing was done."""


class ReasonTooLong(ActionError):
    """The reason has {length} characters and may have {limit}. Nothing was done."""


class NameUnfit(ActionError):
    """A name has 1 to {limit} characters; this one has {length}. Nothing was saved."""


class NameTaken(ActionError):
    """There is a view named {name} already. Nothing was saved."""


class ViewNotFound(ActionError):
    """There is no view named {name} any more."""


class TooManyJobs(ActionError):
    """{count} jobs are more than the {limit} that one bulk action may touch. Nothing was done."""


class StateChanged(ActionError):
    """Somebody or something changed this job meanwhile: it is {status} now. Nothing was done."""


class IntakeClosedAlready(StateChanged):
    """Intake is closed already: somebody else stopped it meanwhile. Nothing was done."""


class IntakeOpenAlready(StateChanged):
    """Intake is open already: somebody else resumed it meanwhile. Nothing was done."""


class BulkStateChanged(StateChanged):
    """This bulk action is {status} now: nothing was changed."""


class BulkNotFound(ActionError):
    """There is no bulk action {bulk_id}."""


class GuardrailsChanged(StateChanged):
    """Somebody or something changed the guardrails meanwhile: look at what holds now. Nothing was done."""


class LimitOutOfRange(ActionError):
    """{limit} may be {min} to {max}. Nothing was done."""


class ExpiryPassed(ActionError):
    """The end of a temporary value must lie in the future. Nothing was done."""


class ExpiryTooLate(ActionError):
    """A temporary value may hold for {days} days at most. Nothing was done."""


class ApprovalNeeded(ActionError):
    """More than ${threshold} may be at stake: propose it, so that a second admin approves. Nothing was done."""


class OwnProposal(ActionError):
    """This is your own proposal: another admin has to approve it. Nothing was done."""


class ProposalDecided(StateChanged):
    """This proposal is {status} already, by {by}. Nothing was done."""


class ProposalLapsed(ActionError):
    """This proposal is older than {hours} h: propose it anew. Nothing was done."""


class ProposalNotFound(ActionError):
    """There is no proposal {proposal_id}."""


class NotRetryable(ActionError):
    """A job that is {status} cannot be retried."""


class RetryLimitReached(ActionError):
    """This job was retried {limit} times already, which is the limit."""


class AlreadyFinished(ActionError):
    """This job is finished already ({status}): there is nothing to cancel."""


class ProviderUnavailable(ActionError):
    """The provider that this job needs is down; the service asks to wait {seconds} s."""


class JobNotFound(ActionError):
    """There is no job {job_id}."""


class NotOffered(ActionError):
    """This service does not offer {action}."""


class ServiceError(ActionError):
    """The service could not do it."""


class ServiceUnavailable(ServiceError):
    """The service does not answer ({detail}). Whether it acted is unknown: look before you repeat it."""


class ServiceUnreachable(ServiceUnavailable):
    """The service cannot be reached ({detail}). Nothing was done."""


class ServiceRejectedKey(ServiceError):
    """The service refused the console's admin key. Check {setting}."""


class ServiceRejected(ServiceError):
    """The service refused ({status} {code}): {detail}"""


class ServiceBusy(ServiceRejected):
    """The service asks to wait {seconds} s: it gets more requests than it takes. Nothing was done."""


class MalformedAnswer(ServiceError):
    """The service's answer cannot be read ({detail}). Look before you repeat it."""


def recalled(name: str, fields: Mapping[str, Any]) -> OpsError | None:
    """The error that the audit log keeps as class name and fields; None where an older console meant another."""
    kind = {known.__name__: known for known in _descendants(OpsError)}.get(name)
    try:
        return None if kind is None else kind(**fields)
    except KeyError:
        return None


def _descendants(kind: type[OpsError]) -> Iterator[type[OpsError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _descendants(child)
