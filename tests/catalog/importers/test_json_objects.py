from catalog.importers.json_objects import first_of, names_of, objects_in


def test_objects_of_lists_and_of_graphql():
    nodes = [{"a": 1}, {"a": 2}]

    assert objects_in(nodes) == nodes
    assert objects_in({"edges": [{"node": node, "cursor": "x"} for node in nodes]}) == nodes
    assert objects_in({"nodes": nodes, "pageInfo": {"hasNextPage": False}}) == nodes
    assert objects_in(["x", {}, 7], "src") == [{"src": "x"}]
    assert objects_in("x") == objects_in(None) == []


def test_what_is_empty_is_passed_over():
    assert first_of({"a": "", "b": None, "c": False, "d": 1}, "a", "b", "c", "d") is False
    assert names_of([{"name": "A"}, {"name": ""}, "B", {"id": 1}]) == ["A", "B"]
