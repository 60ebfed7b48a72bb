"""The order of tables, and the statements that put them back."""

from emulator.tables import BASELINE, Table, Tables, deletion, keeping, parents_first, restoration


def table(name: str, *parents: str, key: tuple[str, ...] = ("id",)) -> Table:
    return Table(name, ("id", "body"), key, frozenset(), parents)


def test_parents_come_before_their_children() -> None:
    ordered = parents_first([table("votes", "clips"), table("clips", "users"), table("users")])

    assert [one.name for one in ordered] == ["users", "clips", "votes"]


def test_a_circle_is_cut_and_every_table_is_there_once() -> None:
    ordered = parents_first([table("a", "b"), table("b", "a"), table("c", "elsewhere")])

    assert sorted(one.name for one in ordered) == ["a", "b", "c"]


def test_children_are_emptied_before_their_parents() -> None:
    tables = Tables(parents_first([table("clips", "users"), table("users")]), (), {})

    assert deletion(tables) == 'DELETE FROM public."clips";DELETE FROM public."users";'


def test_a_table_without_a_key_or_a_copy_is_emptied_whole() -> None:
    tables = Tables((table("log", key=()), table("new")), (), {"log": ("id", "body")})

    script = restoration(tables)

    assert 'DELETE FROM public."log";' in script
    assert 'DELETE FROM public."new";' in script
    assert 'INSERT INTO public."log" ("id", "body") SELECT s."id", s."body" FROM seed."log" s;' in script
    assert 'INSERT INTO public."new"' not in script


def test_names_are_quoted() -> None:
    tables = Tables((table('odd"name'),), (), {})

    assert keeping(tables).count('"odd""name"') == 2
    assert BASELINE in keeping(tables)
