"""Who changed what, for those who must answer for it. Rows are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from smalti.store.rows import AuditRow
from smalti.store.schema import audit


def note(connection: Connection, at: float, who: str, action: str, detail: dict[str, Any]) -> None:
    """action: as in `key.revoke`; detail: JSON, without secrets."""
    connection.execute(insert(audit).values(at=at, who=who, action=action, detail=detail))


def since(connection: Connection, at: float, limit: int) -> list[AuditRow]:
    """Newest first."""
    newest_first = select(audit).where(audit.c.at >= at).order_by(audit.c.number.desc())
    return [
        AuditRow(at=row.at, who=row.who, action=row.action, detail=row.detail)
        for row in connection.execute(newest_first.limit(limit))
    ]
