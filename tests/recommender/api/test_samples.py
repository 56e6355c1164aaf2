import jsonschema
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from recommender.api.samples import BODIES

DOCUMENT = SchemaGenerator().get_schema(public=True)


def bodies() -> dict[str, dict]:
    """The schema of each operation's JSON body by the operation's name."""
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    contents = {each["operationId"]: each.get("requestBody", {}).get("content", {}) for each in operations}
    return {name: found["application/json"] for name, found in contents.items() if "application/json" in found}


def test_each_example_is_one_of_its_schema():
    assert BODIES.keys() == bodies().keys()
    for name, content in bodies().items():
        jsonschema.validate(content["example"], {**content["schema"], "components": DOCUMENT["components"]})
        assert content["example"] == BODIES[name]


def test_the_document_is_valid_openapi():
    validate_schema(DOCUMENT)
