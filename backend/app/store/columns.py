"""How our columns are written: one word each for a key, money, a moment, words and a reference. Tables of every file share `metadata`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

from app.store.types import AnyText, ExactDecimal, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id() -> Column[int]:
    """A number of the row's own."""
    return Column("id", Integer, primary_key=True, autoincrement=True)


def money(name: str, *, null: bool = False) -> Column[object]:
    """An exact Decimal."""
    return Column(name, ExactDecimal, nullable=null)


def monies(*names: str, null: bool = False) -> list[Column[object]]:
    """Several exact Decimals."""
    return [money(name, null=null) for name in names]


def moment(name: str, *, null: bool = False) -> Column[object]:
    """A time in UTC."""
    return Column(name, UtcTime, nullable=null)


def words(name: str, *, null: bool = False) -> Column[str]:
    """Text, whoever wrote it."""
    return Column(name, AnyText, nullable=null)


def count(name: str) -> Column[int]:
    """A whole number that starts at zero."""
    return Column(name, Integer, nullable=False, server_default="0")


def large_count(name: str) -> Column[int]:
    """A sum that may outgrow 32 bits, such as a year's tokens."""
    return Column(name, BigInteger, nullable=False, server_default="0")


def whole_numbers(*names: str) -> list[Column[int]]:
    """Whole numbers that may be unknown."""
    return [Column(name, Integer, nullable=True) for name in names]


def reference(name: str, target: str, *, null: bool = False, primary: bool = False) -> Column[object]:
    """The key of a row elsewhere."""
    return Column(name, ForeignKey(target), nullable=null, primary_key=primary)
