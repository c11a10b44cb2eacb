"""Sections of the runbook, found by the anchors that links to them use."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import runbook

TEXT = """# Title
before
## Alerts
How to load them: [rules](#rules), [settings](settings.md), [outside](https://example.com).
### StuckJobs
- **Means**: stuck
```
# no heading
```
#### Deeper
more
### "3 jobs stuck, for up to 41 min."
another
## Runbook
### StuckJobs
a second one
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    document = tmp_path / "operating.md"
    document.write_text(TEXT)
    monkeypatch.setattr(runbook, "DOCUMENT", document)
    return document


@pytest.mark.usefixtures("written")
def test_a_section_ends_at_the_next_heading_of_its_level() -> None:
    told = "- **Means**: stuck\n```\n# no heading\n```\n#### Deeper\nmore"
    assert runbook.section("operating.md#stuckjobs") == told
    assert runbook.section("stuckjobs") == told
    assert runbook.section("#3-jobs-stuck-for-up-to-41-min") == "another"


@pytest.mark.usefixtures("written")
def test_links_within_the_document_leave_their_words() -> None:
    told = runbook.section("alerts") or ""
    assert told.startswith("How to load them: rules, settings, [outside](https://example.com).")
    assert told.endswith("another")


def test_what_is_not_there_is_none(written: Path) -> None:
    assert runbook.section("operating.md#nothing") is None
    assert runbook.section("") is None
    written.unlink()
    runbook._sections.cache_clear()
    assert runbook.section("stuckjobs") is None
