from __future__ import annotations

from xml.etree import ElementTree

import pytest

from orchestrator.cli.ese_map import COLUMNS, MAX_ROWS, cells_of, rows_of
from orchestrator.cli.ese_map_svg import MappedDatabase, map_svg
from orchestrator.cli.ese_map_text import map_text

SVG = "{http://www.w3.org/2000/svg}"
MARKS = ((9, 9, "correctable"), (143, 158, "bad"))


@pytest.mark.parametrize("pages", [1, 63, 64, 65, 1023, 1024, 1025, 3_276_800, 1 << 31])
def test_the_cells_hold_every_page_once_and_are_equally_large(pages: int) -> None:
    cells = cells_of(pages, ())
    assert len(cells) == min(pages, COLUMNS * MAX_ROWS)
    assert [cell.first_page for cell in cells] == [1, *(cell.last_page + 1 for cell in cells[:-1])]
    assert cells[-1].last_page == pages
    sizes = {cell.last_page - cell.first_page + 1 for cell in cells}
    assert max(sizes) - min(sizes) <= 1
    assert all(cell.kind == "good" for cell in cells)


@pytest.mark.parametrize("pages", [158, 1024, 1500, 99_991])
def test_every_marked_page_is_counted_in_its_cell(pages: int) -> None:
    marks = ((1, 1, "bad"), (2, 40, "correctable"), (41, 41, "bad"), (100, pages, "bad"))
    cells = cells_of(pages, marks)
    assert sum(cell.bad for cell in cells) == 2 + pages - 99
    assert sum(cell.correctable for cell in cells) == 39
    for cell in cells:
        inside = range(cell.first_page, cell.last_page + 1)
        assert cell.bad == sum(page in (1, 41) or page >= 100 for page in inside)
        assert cell.correctable == sum(2 <= page <= 40 for page in inside)


def test_a_cell_shows_the_worst_of_its_pages() -> None:
    (first, *_) = cells_of(10_240, ((1, 1, "correctable"), (2, 2, "bad")))
    assert (first.last_page, first.bad, first.correctable, first.kind) == (10, 1, 1, "bad")


def test_a_database_without_pages_has_no_cells() -> None:
    assert cells_of(0, ()) == []
    assert map_text(0, ())
    assert ElementTree.fromstring(map_svg([MappedDatabase("DB01.edb", "", 0, ())])) is not None


def test_the_map_as_text() -> None:
    assert map_text(158, MARKS) == [
        "  1 -  64 |........c.......................................................|",
        " 65 - 128 |................................................................|",
        "129 - 158 |..............XXXXXXXXXXXXXXXX                                  |",
        ". good or blank, c one bit wrong, X bad; each sign is a page, and shows the worst of them",
        "correctable: page 9",
        "bad: pages 143 to 158 (16)",
    ]


def test_the_map_of_a_large_database_fits_a_screen() -> None:
    lines = map_text(3_276_800, ((100_000, 100_120, "bad"),))
    assert len(lines) == MAX_ROWS + 2
    assert max(map(len, lines)) <= 100
    assert (
        lines[0] == "        1 -   204,800 |...............................X................................|"
    )
    assert "each sign is up to 3,200 pages" in lines[-2]


def test_many_ranges_are_cut_short_in_words() -> None:
    marks = tuple((page, page, "bad") for page in range(1, 40, 2))
    assert map_text(100, marks)[-1] == "... and 10 more ranges"


def drawn(*databases: MappedDatabase) -> ElementTree.Element:
    return ElementTree.fromstring(map_svg(databases))


def test_the_picture_has_a_cell_for_every_cell_with_its_pages_as_tooltip() -> None:
    root = drawn(MappedDatabase("DB01.edb", "158 pages", 158, MARKS))
    cells = [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert len(cells) == 158
    titles = [cell.findtext(f"{SVG}title") for cell in cells]
    assert titles[0] == "page 1: good or blank"
    assert titles[8] == "page 9: 1 correctable"
    assert titles[142:] == [f"page {page}: 1 bad" for page in range(143, 159)]
    assert [cell.get("class") for cell in cells].count("bad") == 16
    assert [cell.get("class") for cell in cells].count("correctable") == 1
    assert len({(cell.get("x"), cell.get("y")) for cell in cells}) == 158


def test_the_picture_needs_nothing_beside_it_and_tells_kinds_apart_without_colour() -> None:
    root = drawn(MappedDatabase("DB01.edb", "158 pages", 158, MARKS))
    assert not [key for element in root.iter() for key in element.keys() if "href" in key]  # noqa: SIM118 - an element is no mapping
    assert "url(" not in map_svg([MappedDatabase("DB01.edb", "", 158, MARKS)])
    signs = [path.get("d", "").partition("l")[0] for path in root.iter(f"{SVG}path")]
    assert len(signs) == 17 + 2  # one a marked cell, and those of the legend
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"DB01.edb", "158 pages", "good or blank", "bad"} <= set(words)


def test_several_databases_stand_below_each_other() -> None:
    one = MappedDatabase("DB01.edb", "", 200, ())
    root = drawn(one, one._replace(name="DB02.edb"))
    rows = [text for text in root.iter(f"{SVG}text") if text.get("class") == "n"]
    assert len(rows) == 2 * len(rows_of(cells_of(200, ())))
    places = [int(text.get("y", "0")) for text in rows]
    assert places == sorted(set(places))
    assert int(root.get("height", "0")) > max(places)


def test_names_may_hold_anything() -> None:
    name = "<a href='x'>&\x00\x1b\udcff\n]]>.edb"
    root = drawn(MappedDatabase(name, "", 5, ()))
    (heading,) = (text.text for text in root.iter(f"{SVG}text") if text.get("class") == "h")
    assert heading == "<a href='x'>&????]]>.edb"
