"""Says in the words of the settings what is wrong with a KAFKA_CONF_* that librdkafka refuses."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer

from common.setting_names import holds_password
from common.settings import KAFKA_CONF_PREFIX, SettingsError
from publisher.kafka.property_table import Property, property_table

CONFIGURATION = "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md"

#: What confluent_kafka raises for a property that it or librdkafka does not accept.
REJECTIONS = (KafkaException, TypeError, ValueError)

_SHOWN = 200  # characters of a value
_MECHANISMS = ("sasl.mechanism", "sasl.mechanisms")
#: Begins the error of a client whose properties are valid, each by itself.
_NO_CLIENT = re.compile(r"^Failed to create [a-z ]+: ")
#: What may be the name of a property in a text, but not a word of it.
_NAME = re.compile(r"\w+(?:\.\w+)+")
#: No property has this name, so that no client is created where it is among the properties.
_NO_PROPERTY = "no.property"


def variable_of(name: str) -> str:
    """Return the environment variable that sets the property *name*."""
    return KAFKA_CONF_PREFIX + name.upper().replace(".", "_")


@contextmanager
def explaining_rejections(properties: Mapping[str, object]) -> Iterator[None]:
    """Raise SettingsError where a client with *properties*, which is made within, is refused."""
    try:
        yield
    except REJECTIONS as error:
        raise rejected_properties(error, properties) from None


def rejected_properties(error: Exception, properties: Mapping[str, object]) -> SettingsError:
    """
    Return the error to show the user for librdkafka's *error* about *properties*.

    It has a line for each property that is wrong by itself; else one for those that do not fit.
    """
    given = {name: value for name, value in properties.items() if isinstance(value, str)}
    wrong = [text for name, value in given.items() if (text := _what_is_wrong(name, value))]
    return SettingsError("\n".join(wrong) or _what_does_not_fit(_text_of(error), given))


def _text_of(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return (cause.str() if isinstance(cause, KafkaError) else str(cause)).strip()


def _what_is_wrong(name: str, value: str) -> str:
    """Return what is wrong with a property by itself; empty if nothing is."""
    text = _rejection(name, value)
    if not text:
        return ""
    known = property_table()
    about = known.get(name.removeprefix("topic."))
    if about is None and known:
        # Not the value: it may be a secret.
        return (
            f"{variable_of(name)} is set, but librdkafka has no property {name}"
            f"{_hint(name, known)} (see {CONFIGURATION})"
        )
    wanted = _wanted(about) if about is not None else ""
    if wanted:
        return f"{_holding(name, value)}, but should hold {wanted}"
    return f"{_holding(name, value)}, but librdkafka says: {text} (see {CONFIGURATION})"


def _rejection(name: str, value: str) -> str:
    """Return librdkafka's text about a property by itself; empty if it accepts it."""
    try:
        Producer({name: value, _NO_PROPERTY: ""})
    except REJECTIONS as error:
        text = _text_of(error)
        return "" if _NO_PROPERTY in text else text
    return ""


def _hint(name: str, known: Mapping[str, Property]) -> str:
    candidates = [each for each, about in known.items() if about.kind != "see dedicated API"]
    nearest = difflib.get_close_matches(name, candidates, n=1)
    return f"; did you mean {variable_of(nearest[0])}?" if nearest else ""


def _wanted(about: Property) -> str:
    match about.kind:
        case "integer" | "float":
            return f"a number, {about.range.replace(' .. ', ' to ')}" if about.range else ""
        case "boolean":
            return "true or false"
        case "CSV flags":
            return f"one or more of {about.range}, comma-separated"
        case _:
            return f"one of {about.range}" if about.range else ""


def _what_does_not_fit(text: str, given: Mapping[str, str]) -> str:
    """Return librdkafka's *text* about properties together, with the names of the variables."""
    text = _NO_CLIENT.sub("", text)
    for name, value in given.items():
        if holds_password(variable_of(name)):
            text = text.replace(value, "***")
    if "SASL mechanism" in text:
        return f"{_mechanism(given)}, but librdkafka supports no such SASL mechanism here: {text}"
    known = property_table()
    written = {name: _as_given(name, given) for name in _NAME.findall(text) if name in known}
    used = [name for name in dict.fromkeys(written.values()) if name in given]
    if unreadable := _unreadable(used, given):
        return unreadable
    variables = {name: variable_of(spelling) for name, spelling in written.items()}
    text = _NAME.sub(lambda found: variables.get(found[0], found[0]), text)
    subject = (
        " and ".join(_holding(name, given[name]) for name in used) or f"{KAFKA_CONF_PREFIX}* is set"
    )
    return f"{subject}, but librdkafka says: {text} (see {CONFIGURATION})"


def _mechanism(given: Mapping[str, str]) -> str:
    for name in _MECHANISMS:
        if name in given:
            return _holding(name, given[name])
    return f"{variable_of(_MECHANISMS[0])} is not set, which means GSSAPI"


def _as_given(name: str, given: Mapping[str, str]) -> str:
    """Return the name under which the property *name* is given, or *name* itself."""
    known = property_table()
    same = (each for each in given if each in known and known[each].name == known[name].name)
    return name if name in given else next(same, name)


def _unreadable(names: Iterable[str], given: Mapping[str, str]) -> str:
    """Return a text about the file that a property names, if it cannot be read."""
    for name in names:
        if name.endswith((".location", ".file")):
            value = given[name]
            try:
                # A folder is valid for some of them.
                os.stat(value)
                if not Path(value).is_dir():
                    os.close(os.open(value, os.O_RDONLY | os.O_NONBLOCK))
            except OSError as error:
                return f"{_holding(name, value)}, but that cannot be read: {error.strerror}"
    return ""


def _holding(name: str, value: str) -> str:
    variable = variable_of(name)
    return f"{variable} holds {'a secret' if holds_password(variable) else repr(value[:_SHOWN])}"
