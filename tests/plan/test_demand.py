"""Demand files, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from plan.asking import demand, row

from smalti.errors import InvalidRequest
from smalti.plan.demand import read_demand, write_demand
from smalti.plan.fleet import FleetSpec
from smalti.plan.sources import demand_at


@pytest.mark.parametrize("name", ["demand.csv", "demand.csv.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    asked = demand(row(0.5), row(2.25, "ben", "free", 294.0, 3, 600.0))
    write_demand(tmp_path / name, asked)
    assert list(read_demand(tmp_path / name).rows) == list(asked.rows)


HEAD = "arrival_s,user,org,tier,region,model,images,work\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with ''"),
        ("a,b\n", "begins with 'a,b'"),
        (HEAD, "holds no request"),
        (HEAD + "1,a,o,free,DE,m,1\n", "line 2 has 7 values, not 8"),
        (HEAD + "soon,a,o,free,DE,m,1,9\n", "line 2: arrival_s has value 'soon'"),
        (HEAD + "1796250000,a,o,free,DE,m,1,9\n", "arrival_s has value '1796250000'. It must be"),
        (HEAD + "1,a,o,free,DE,m,0,9\n", "images has value '0'"),
        (HEAD + "1,a,o,free,DE,m,1.5,9\n", "images has value '1.5'"),
        (HEAD + "1,a,o,free,DE,m,11,9\n", "It must be a whole number from 1 to 10"),
        (HEAD + "1,a,o,free,DE,m,1,nan\n", "work has value 'nan'"),
        (HEAD + "1,a,o,free,DE,m,1,inf\n", "work has value 'inf'"),
        (HEAD[:-1] + ",service,tip\n", "work,service,tip'. It must begin with"),
        (HEAD[:-1] + ",service\n1,a,o,free,DE,m,1,9,fast\n", "line 2: 'fast' is no service tier"),
        (HEAD[:-1] + ",patience_s\n1,a,o,free,DE,m,1,9,0\n", "line 2: patience_s has value '0'"),
        (HEAD + f"1,{'a' * 200_000},o,free,DE,m,1,9\n", "cannot be read as a demand"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "demand.csv"
    file.write_text(text)
    with pytest.raises(InvalidRequest) as raised:
        read_demand(file)
    assert says in raised.value.message


def test_a_file_may_say_service_and_patience_or_leave_them_open(tmp_path: Path) -> None:
    """Requests of the same moment stay in the order of the file; all up to what is said may be."""
    file = tmp_path / "demand.csv"
    file.write_text(
        HEAD[:-1] + ",service,patience_s\n31622400,z,o,free,de,m,10,9,flex,30\n"
        "7,b,o,free,DE,m,1,9,,\n7,a,o,free,DE,m,1,9,priority,\n7,a,o,free,DE,m,1,9,,2.5\n"
    )
    rows = read_demand(file).rows
    assert [(its.arrival_s, its.user, its.service, its.patience_s) for its in rows] == [
        (7.0, "b", "auto", None),
        (7.0, "a", "priority", None),
        (7.0, "a", "auto", 2.5),
        (31_622_400.0, "z", "flex", 30.0),
    ]
    assert (rows[-1].images, rows[-1].region) == (10, "DE")


def test_a_packed_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    file = tmp_path / "demand.csv.gz"
    write_demand(file, demand(row(0.5)))
    whole = bytearray(file.read_bytes())
    whole[10] = 0xFF
    file.write_bytes(whole)
    with pytest.raises(InvalidRequest, match=r"demand\.csv\.gz cannot be read"):
        read_demand(file)


def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    file = tmp_path / "demand.csv"
    file.write_text(HEAD + "1,a,o,free,DE,m,1,9\n", encoding="utf-8-sig", newline="\r\n")
    assert [asked.user for asked in read_demand(file).rows] == ["a"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"nowhere\.csv cannot be read"):
        read_demand(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(("load", "step_s"), [(1e3, 0.006), (1.0, 1e-320)])
def test_more_requests_than_can_be_replayed_are_not_made(
    tmp_path: Path, load: float, step_s: float
) -> None:
    with pytest.raises(InvalidRequest, match=r"requests for this fleet\. It must be 20000000 or"):
        demand_at("equal_users", tmp_path, load, FleetSpec(100_000, (step_s,)))
