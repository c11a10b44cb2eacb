"""The users' side: order a book, look at it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse
from pydantic import StringConstraints

from service import admission, metrics, rejections
from service.admission import Order, Rejected
from service.errors import JobNotFound
from service.jobs import utc
from service.providers import IMAGES_PER_BOOK
from service.requests import Body, NoNull, Serving, TraceId, UserKey

router = APIRouter(prefix="/v1/books", tags=["books"])

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), NoNull]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), NoNull]
IdempotencyKey = Annotated[str | None, Header(alias="X-Idempotency-Key", max_length=120)]


class BookRequest(Body):
    """A wish for a book."""

    title: Line
    theme: Line = "friendship"
    audio: bool = False
    profile_id: Name | None = None


@router.post("", status_code=202)
def order_book(
    body: BookRequest, service: Serving, user_key: UserKey, trace_id: TraceId, key: IdempotencyKey = None
) -> JSONResponse:
    """Queue a book, unless a limit forbids it."""
    request = body.model_dump(exclude={"profile_id"})
    order = Order(user_key, body.profile_id, key or None, trace_id, request)
    try:
        with service.pool.connection() as connection:
            job_id = admission.admit(connection, service.settings, order)
    except Rejected as rejected:
        metrics.rejections.labels(rejected.limit).inc()
        rejections.count(service.pool, user_key, rejected.limit)
        raise rejected.refusal from rejected
    return JSONResponse(
        {"job_id": job_id, "status": "queued"}, status_code=202, headers={"Location": f"/v1/books/{job_id}"}
    )


@router.get("/{job_id}")
def read_book(job_id: str, service: Serving, user_key: UserKey) -> dict[str, Any]:
    """The book's state, for its owner; to anybody else it does not exist."""
    if "\x00" in job_id:
        raise JobNotFound(job_id=job_id)
    with service.pool.connection() as connection:
        row = connection.execute(
            "select j.*, r.artefacts from jobs j left join runs r on r.job_id = j.id"
            " where j.id = %s and j.user_key = %s",
            [job_id, user_key],
        ).fetchone()
    if row is None:
        raise JobNotFound(job_id=job_id)
    images = len((row["artefacts"] or {}).get("images", {}))
    return {
        "job_id": row["id"],
        "status": row["status"],
        "progress": row["progress"],
        "current_step": row["current_step"],
        "error_code": row["error_code"],
        "images": images,
        "placeholder_images": IMAGES_PER_BOOK - images if row["status"] == "done" else 0,
        "created_at": utc(row["created_at"]).isoformat(),
        "updated_at": utc(row["updated_at"]).isoformat(),
    }
