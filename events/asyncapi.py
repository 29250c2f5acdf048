"""The contract as the code holds it: an AsyncAPI 3 document with JSON Schemas, made from the models.

`python -m events.asyncapi` writes it to docs/asyncapi.json.
"""

from inspect import getdoc
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from events.envelope import STRUCTURED
from events.registry import EVENT_TYPES, MODELS
from events.topics import BUSINESSES, DEFAULT_PARTITIONS, ENTITIES, MAX_MESSAGE_BYTES
from events.types import ID_PATTERN, MAX_TEXT

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "asyncapi.json"
PREFIX: Final = "servicehub."
PUBLISHED: Final = "payments"
"""The one topic the portal publishes to; it reads all of them."""

_KAFKA_BINDING: Final = "0.5.0"
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_ID: Final = {"type": "string", "pattern": ID_PATTERN}
_ATTRIBUTES: Final[dict[str, dict[str, Any]]] = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "Unique per event within `source`; a redelivery repeats it."},
    "source": {**_TEXT, "description": "Producing service, e.g. `/servicehub/dispatch`."},
    "type": {**_TEXT, "description": "`servicehub.<entity>.<fact>.v<N>`."},
    "subject": {**_ID, "description": "Id of the entity the event is about."},
    "time": {"type": "string", "format": "date-time", "description": "RFC 3339, UTC: when it happened."},
    "datacontenttype": {"const": "application/json"},
    "businessid": {**_ID, "description": "Tenant id."},
    "partitionkey": {**_TEXT, "description": "Equals the Kafka message key."},
    "sequence": {
        "type": "string",
        "pattern": "^[1-9][0-9]{0,15}$",
        "description": "1, 2, 3 … per business, entity kind (second part of `type`) and `subject`.",
    },
    "sequencetype": {"const": "Integer"},
}
_OPTIONAL: Final = frozenset({"datacontenttype", "sequencetype"})
_ENVELOPES: Final[dict[str, dict[str, Any]]] = {
    "BusinessEnvelope": {
        "description": "CloudEvents attributes of a business's event; `partitionkey` is `<businessid>`.",
        "type": "object",
        "properties": _ATTRIBUTES,
        "required": [name for name in _ATTRIBUTES if name not in _OPTIONAL],
    },
    "CustomerEnvelope": {
        "description": "CloudEvents attributes of all others; `partitionkey` is `<businessid>/<customerid>`.",
        "type": "object",
        "properties": {
            **_ATTRIBUTES,
            "customerid": {**_ID, "description": "Customer id within the tenant."},
        },
        "required": [*(name for name in _ATTRIBUTES if name not in _OPTIONAL), "customerid"],
    },
}


class _Schema(GenerateJsonSchema):
    """JSON Schemas without a title that only repeats the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def document() -> dict[str, Any]:
    """Build the document: a channel per topic, a message per type, a schema per model."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in MODELS.values()],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schema,
    )
    topics = dict.fromkeys(ENTITIES.values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ServiceHub domain events",
            "version": "1.0.0",
            "description": (
                "What the portal reads, and on one topic publishes. Messages are shown in CloudEvents structured mode; "
                "in binary mode the same attributes are `ce_` headers, `datacontenttype` is the header `content-type` "
                "and the value is `data`. Both occur on every topic. Unknown attributes, fields and types are ignored."
            ),
        },
        "defaultContentType": STRUCTURED.decode(),
        "channels": {topic: _channel(topic) for topic in topics},
        "operations": {
            **{f"read.{topic}": _operation("receive", topic) for topic in topics},
            f"publish.{PUBLISHED}": _operation("send", PUBLISHED),
        },
        "components": {
            "messages": {name: _message(name, model) for name, model in MODELS.items()},
            "schemas": {**_ENVELOPES, **definitions["$defs"]},
        },
    }


def _channel(topic: str) -> dict[str, Any]:
    names = [name for name in MODELS if EVENT_TYPES[PREFIX + name].topic == topic]
    return {
        "address": PREFIX + topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "partitions": DEFAULT_PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": -1,
                    "retention.bytes": -1,
                    "max.message.bytes": MAX_MESSAGE_BYTES,
                },
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _operation(action: str, topic: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}


def _message(name: str, model: type[BaseModel]) -> dict[str, Any]:
    known = EVENT_TYPES[PREFIX + name]
    envelope = "BusinessEnvelope" if known.topic == BUSINESSES else "CustomerEnvelope"
    data: dict[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        "name": PREFIX + name,
        "summary": getdoc(model),
        "contentType": STRUCTURED.decode(),
        "payload": {
            "allOf": [
                {"$ref": f"#/components/schemas/{envelope}"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": PREFIX + name},
                        "data": {"anyOf": [data, {"type": "null"}]} if known.may_lack_data else data,
                    },
                    "required": [] if known.may_lack_data else ["data"],
                },
            ]
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The attribute `partitionkey`."},
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def render() -> bytes:
    """Give the document as the bytes of docs/asyncapi.json."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    DOCUMENT.write_bytes(render())
