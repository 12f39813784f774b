"""The file: a zip with each table as PostgreSQL's COPY writes it (text format), and a manifest that is written last.

Whoever reads it needs no Deals: `unzip` and COPY are enough.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deals_app.domain.errors import DealsError

MANIFEST: Final = "manifest.json"
SECRET_KEY: Final = "secret_key"  # noqa: S105 (the entry's name)
BLOCK_BYTES: Final = 1 << 20


class BackupRefused(DealsError):
    """The file cannot be restored; the message says why. Nothing was changed."""

    code = "BACKUP_REFUSED"


class TableContent(BaseModel):
    """A table in the file: what must come out of it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    columns: tuple[str, ...]
    rows: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the rows in COPY's text format, in the key's order")


class Manifest(BaseModel):
    """What is in the file. `highest_transaction` is the number below which all transactions of its ledger lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = 1
    revision: str
    taken_at: AwareDatetime
    highest_transaction: int = Field(gt=0)
    tables: tuple[TableContent, ...]
    secret_key_sha256: str | None


def write_table(file: zipfile.ZipFile, name: str, columns: tuple[str, ...], blocks: Iterable[bytes]) -> TableContent:
    """Stream a table into the file."""
    digest, rows = hashlib.sha256(), 0
    with file.open(_entry(name), "w", force_zip64=True) as entry:
        for block in blocks:
            entry.write(block)
            digest.update(block)
            # In COPY's text format a line break inside a value is written as \n.
            rows += block.count(b"\n")
    return TableContent(name=name, columns=columns, rows=rows, sha256=digest.hexdigest())


class Backup:
    """A file that is read."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        """Raises BackupRefused when it is none."""
        self._file = file
        try:
            self.manifest = Manifest.model_validate_json(file.read(MANIFEST))
        except KeyError as error:
            raise BackupRefused(_NO_BACKUP) from error
        except ValidationError as error:
            message = f"its manifest cannot be read: {error.errors()[0]['msg']}"
            raise BackupRefused(message) from error

    @property
    def secret_key(self) -> str | None:
        """The key that was kept in the data directory; None when the environment had it."""
        if self.manifest.secret_key_sha256 is None:
            return None
        content = b"".join(self._checked(SECRET_KEY, self.manifest.secret_key_sha256))
        return content.decode("ascii")

    def check(self) -> None:
        """Read everything; raises BackupRefused unless all of it is as it was written."""
        expected = {MANIFEST, *(_entry(table.name) for table in self.manifest.tables)}
        if self.manifest.secret_key_sha256 is not None:
            expected.add(SECRET_KEY)
        if sorted(self._file.namelist()) != sorted(expected):
            message = "its contents are not those that its manifest lists"
            raise BackupRefused(message)
        for table in self.manifest.tables:
            rows = sum(block.count(b"\n") for block in self.blocks(table))
            if rows != table.rows:
                message = f"table {table.name} has {rows} rows instead of {table.rows}"
                raise BackupRefused(message)
        _ = self.secret_key

    def blocks(self, table: TableContent) -> Iterator[bytes]:
        """A table's rows; raises BackupRefused at the end when they are not those that were written."""
        return self._checked(_entry(table.name), table.sha256)

    def _checked(self, name: str, sha256: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with _reading(), self._file.open(name) as entry:
            while block := entry.read(BLOCK_BYTES):
                digest.update(block)
                yield block
        if digest.hexdigest() != sha256:
            message = f"{name} is not what was written: its sha256 differs"
            raise BackupRefused(message)


@contextmanager
def opened_backup(path: Path) -> Generator[Backup]:
    """The backup in a file; raises BackupRefused when it is none, or only a part of one."""
    with _reading(), zipfile.ZipFile(path) as file:
        yield Backup(file)


def new_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """A zip that is written as a stream."""
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)


_NO_BACKUP = "it is no backup of Deals, or only a part of one"


@contextmanager
def _reading() -> Generator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise BackupRefused(_NO_BACKUP) from error


def _entry(table: str) -> str:
    return f"tables/{table}.copy"
