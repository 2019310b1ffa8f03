"""The JSON Schema of pipeline files, made from the verbs' Options: editors complete with it."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.verbs.run.pipeline_file import POLICIES
from datakit.verbs.run.step_options import fields_of, step_verbs
from datakit.verbs.shared.options import SourceOptions

_POLICY = {"enum": ["stop", "continue"]}
_SRC = {
    "description": "a path beside this file, an earlier step's name, or several [default: the "
    "last dataset that a step made]",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}


def pipeline_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12): one kind of step for each verb."""
    verbs = step_verbs()
    _, shared = msgspec.json.schema_components(verbs.values(), ref_template="#/$defs/{name}")
    options = {name: _properties(kind, name) for name, kind in verbs.items()}
    inner = {name: schema for name, schema in shared.items() if not name.endswith("Options")}
    policies: dict[str, Any] = dict.fromkeys(POLICIES, _POLICY)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipeline",
        "description": "what `datakit run PIPELINE.yaml -o DST` walks",
        "type": "object",
        "required": ["steps"],
        "additionalProperties": False,
        "properties": {
            "seed": {"type": "integer", "minimum": 0, "description": "for steps that have a seed"},
            **policies,
            "steps": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "anyOf": [
                        {"enum": [*verbs]},
                        *({"$ref": f"#/$defs/{name}"} for name in verbs),
                    ]
                },
            },
        },
        "$defs": inner | options,
    }


def _properties(kind: type[SourceOptions], verb: str) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    taken = fields_of(kind)
    own = {name: schema["properties"][name] for name in taken}
    return {
        "type": "object",
        "required": ["verb", *(name for name in schema.get("required", ()) if name in taken)],
        "additionalProperties": False,
        "properties": {
            "verb": {"const": verb},
            "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"},
            "src": _SRC,
            **dict.fromkeys(POLICIES, _POLICY),
            **own,
            # Dashes serve as well, as on the command line.
            **{name.replace("_", "-"): schema for name, schema in own.items()},
        },
    }
