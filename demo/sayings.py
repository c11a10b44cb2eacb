"""What failing programs really say, the hostile among it included."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, ...]] = {
    "SAFETY_INPUT": (
        "Input rejected by moderation: violence=0.91",
        "Input rejected by moderation: sexual/minors=0.44 > 0.10",
        "Theme refused: contains a real person's name",
    ),
    "SAFETY_OUTPUT": (
        "Output rejected by moderation on page 7: violence=0.63",
        "Output rejected: forbidden word on page 3",
    ),
    "LLM_TIMEOUT": (
        "httpx.ReadTimeout: The read operation timed out",
        "openai.APITimeoutError: Request timed out.",
        "story-llm: no answer within 60 s",
    ),
    "LLM_JSON_INVALID": (
        "json.decoder.JSONDecodeError: Expecting ',' delimiter: line 41 column 5 (char 1873)",
        "2 validation errors for Story\npages.11.text\n  Field required [type=missing, input_value={'page': 12}]",
        "story-llm: unreadable answer",
        'Expecting value: line 1 column 1 (char 0): "<script>alert(document.cookie)</script>"',
        "Unterminated string starting at: **Once upon a time** [click here](https://example.invalid) $x^2$",
    ),
    "IMAGE_FAILED": (
        "picture-one: connection refused",
        "picture-one: 500 internal error",
        "httpx.ConnectError: [Errno 111] Connection refused",
        "replicate.exceptions.ModelError: NSFW content detected. Try running it again, or try a different prompt.",
        "<img src=x onerror=alert(1)> is not a valid prompt",
    ),
    "IMAGE_TIMEOUT": (
        "picture-one: no answer within 60 s",
        "asyncio.exceptions.TimeoutError",
        "Prediction did not finish in 120.0 s (status: processing)",
    ),
    "IMAGE_RATE_LIMIT": (
        "picture-one: 429 too many requests",
        'Error code: 429 - {"error": {"message": "Rate limit reached for images per minute: limit 50"}}',
    ),
    "STORAGE_UPLOAD_FAILED": (
        "storage-one: 500 internal error",
        "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL",
        "An error occurred (SlowDown) when calling the PutObject operation: Please reduce your request rate.",
    ),
    "DB_WRITE_FAILED": (
        "(psycopg.errors.SerializationFailure) could not serialize access due to concurrent update",
        "(psycopg.OperationalError) server closed the connection unexpectedly",
    ),
    "QUEUE_FAILED": ("redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",),
    "SLA_BREACH": ("stopped by the job monitor while running at generate_images", "Job exceeded SLA of 600s"),
    "STUCK_RUNNING": ("No update for more than 900 s; retries used up",),
    "STUCK_QUEUED": ("Waited for more than 1800 s",),
    "MANUAL_RECOVERY": ("Failed by hand after the incident of the evening",),
    "UNKNOWN": (
        "KeyError: 'pages'",
        "null",
        "",
        "'; drop table jobs; --",
        "\u202eesrever si txet siht\u202c",
        "생성 중 알 수 없는 오류가 발생했습니다",
        "{{7*7}} ${7*7} %s %(name)s {user_key}",
    ),
    "": ("Traceback (most recent call last):", "NULL", "None", "MemoryError", "\u0007bell and \u200bzero width"),
}
