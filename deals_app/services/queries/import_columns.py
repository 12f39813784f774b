"""The columns of a draft: what each is taken for, and its first values."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from deals_app.domain.actor import Actor
from deals_app.integrations.sources import csv_file
from deals_app.services.queries.imports import found_import
from deals_app.services.unit_of_work import reading


@dataclass(frozen=True, kw_only=True)
class MappedColumn:
    """A column of the file: what it is taken for, and its first values."""

    header: str
    target: str
    samples: tuple[str, ...]


def mapped_columns(actor: Actor, import_id: UUID) -> list[MappedColumn]:
    """The columns of a draft with samples from the first part of its file; raises NotFound."""
    with reading(actor) as session:
        found = found_import(session, import_id)
        shape, mapping = csv_file.FileShape.from_json(found.shape), found.mapping
    samples = [
        [row[column][:60] for row in shape.first_rows if column < len(row)] for column in range(len(shape.header))
    ]
    return [
        MappedColumn(header=header, target=mapping.get(header, csv_file.FIELDS[-1].key), samples=tuple(values))
        for header, values in zip(shape.header, samples, strict=True)
    ]


def mapping_targets() -> list[tuple[str, str]]:
    """What a column can be taken for: (key, label)."""
    return [(field.key, field.label) for field in csv_file.FIELDS]
