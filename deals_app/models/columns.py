"""Column types that every model shares; the invariants stand in the migrations, where the database holds them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, Text, func, text
from sqlalchemy.orm import mapped_column

TenantId = Annotated[UUID, mapped_column(primary_key=True)]
Id = Annotated[UUID, mapped_column(primary_key=True, server_default=text("new_id()"))]
String = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
MadeAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
