# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task's options on their way from what was typed to typed values.

Ansible is generous: it makes text of whatever it is given, takes null for a value, and ``["a"]`` in quotes for a name.
Here each of these could log off somebody who was to be spared, so they are refused, before any host is contacted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.splitter import split_args

from .choices import choice_meant
from .durations import Duration, duration_of_fields, is_duration
from .errors import OptionError, nearest
from .free_form import free_form_text
from .names import NOTHING
from .other_names import written_here
from .selection import otherwise

Spec = Mapping[str, Mapping[str, Any]]

#: What Ansible calls the words of ``-a`` that belong to no option.
FREE_FORM = "_raw_params"

#: Lists whose values may be whole numbers, too, which are session IDs, and records of sessions.
WITH_NUMBERS = ("sessions", "exclude_sessions")

#: The options that spare sessions.
EXCLUDING = ("exclude_users", "exclude_sessions")

#: The options for which null, and a text that stands for it, is as not given: none of their values spares more people
#: than the default does, gives them more time or tells them more. For the others it is a variable that should have held
#: something.
NULL_IS_DEFAULT = frozenset(
    [
        "disconnected_grace",
        "icon",
        "message_title",
        "newcomers",
        "on_timeout",
        "processes",
        "protect_console",
        "reason",
        "server_timeout",
        "show_for",
        "title",
        "unknown_exclusions",
        "wait",
    ]
)

#: How like an option a name has to be, to be taken for a slip of it. With less, ``exclude_admins`` is like
#: ``exclude_ids``.
_LIKENESS = 0.82

#: The field of a session's record that a list of records was probably meant to give.
_FIELDS = {
    "users": "account",
    "states": "state",
    "clients": "client_name",
    "protocols": "protocol",
    "server": "server",
}


def validated_options(given: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """Return the options of a task with their declared types and defaults.

    :raises OptionError: an option is unknown, not of its type, or given in a way in which Ansible would not see what
        was meant.
    """
    if isinstance(given.get(FREE_FORM), Mapping):  # the whole of the options is a template: `win_rds_logoff: "{{ … }}"`
        given = {**given, **given[FREE_FORM]}
        del given[FREE_FORM]
    given = {name: _decrypted(value) for name, value in given.items()}
    _refuse_free_form(given, spec)
    _refuse_separators(given, spec)
    _refuse_unknown(given, spec)
    for name, option in spec.items():
        spellings = [spelling for spelling in _spellings(name, option) if spelling in given]
        if len(spellings) > 1:
            raise OptionError(f"{' and '.join(spellings)} are one option: give one of them")
        for spelling in spellings:
            if _is_nothing(name, option, given[spelling]):
                if name not in NULL_IS_DEFAULT:
                    _refuse_nothing(spelling, name, option, given[spelling])
                del given[spelling]
                continue
            given[spelling] = _meant_value(name, option, given[spelling])
            _refuse_type(spelling, name, option, given[spelling])
            if option["type"] == "list":
                given[spelling] = _separated(given[spelling], of_accounts=name.endswith("users"))
            if name in WITH_NUMBERS:
                given[spelling] = _ids_and_records(given[spelling])
        if option.get("required") and not spellings:
            raise OptionError(f"missing required arguments: {name}{_choices(option, ', ')}")
    checked = ArgumentSpecValidator({name: _of_ansible(option) for name, option in spec.items()}).validate(given)
    if checked.error_messages:
        raise OptionError(". ".join(checked.error_messages))
    return {name: _typed(name, option, checked.validated_parameters[name]) for name, option in spec.items()}


def _meant_value(name: str, option: Mapping[str, Any], value: Any) -> Any:
    """A value as Ansible would take it, of one that can mean nothing else: a choice in other words, a list in text, as
    JSON and YAML write it, and a list in a list, as ``["{{ names }}"]`` makes one."""
    if option["type"] == "list":
        found = _list_in_text(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
        # An empty one that was to spare somebody is an empty value, and refused as such.
        nobody = [""] if name in EXCLUDING else []
        # A set is what some versions of ansible-core make of unique and union.
        found = sorted(found, key=str) if isinstance(found, (set, frozenset)) else found
        return _flattened(found, nobody) if isinstance(found, (list, tuple)) else found
    return choice_meant(option, value) if "choices" in option else value


def _flattened(values: Sequence[Any], nobody: Sequence[Any] = ()) -> list[Any]:
    """Return the values of a list, and of the lists that are among them."""
    return [
        element for value in values for element in ((value or nobody) if isinstance(value, (list, tuple)) else [value])
    ]


def _separated(value: Any, *, of_accounts: bool) -> Any:
    """Values that are separated by semicolons, which no name has, as if by commas. Brackets may group something, and
    beside commas semicolons separate people: ``Smith, Alice; Jones, Bob``, who may be others than Alice and Bob."""
    groups = re.compile(r"[(),\[\]{}]" if of_accounts else r"[()\[\]{}]")
    if isinstance(value, str):
        return value if groups.search(value) else value.replace(";", ",")
    if not isinstance(value, list):
        return value
    return [
        part
        for each in value
        for part in (each.split(";") if isinstance(each, str) and not groups.search(each) else [each])
    ]


def _list_in_text(text: str) -> Any:
    if re.search(r"[\[,]\s*[!&]", text):  # a tag or an anchor, which would be left out
        return text
    try:
        # No scalar becomes a number or a truth value by this loader, so that 0012345 and no stay what they are.
        found = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return text
    return found if isinstance(found, list) else text


def _ids_and_records(value: Any) -> Any:
    """Values as Ansible takes them for text, without making text of records. One alone is ``item`` of a loop."""
    if isinstance(value, Mapping):
        return [value]
    return [each if isinstance(each, Mapping) else str(each) for each in value] if isinstance(value, list) else value


def _of_ansible(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option as Ansible takes it, to which a duration is a text, and which knows no other words for a choice."""
    return {key: "str" if isinstance(value, Duration) else value for key, value in option.items() if key != "meant"}


def _typed(name: str, option: Mapping[str, Any], value: Any) -> Any:
    """A value with the type that is not Ansible's own."""
    if value is None:
        return None
    if isinstance(kind := option.get("type"), Duration):
        return kind.seconds(name, value)
    if isinstance(kind := option.get("elements"), Duration):
        return [_one_of_several(name, kind, element) for element in value]
    return value


def _one_of_several(name: str, kind: Duration, element: str) -> float:
    try:
        return kind.seconds(name, element)
    except OptionError:
        parts = re.split(r"\s*[;|]\s*|\s+(?:and\s+)?", element.strip())
        if len(parts) < 2 or not all(map(is_duration, parts)):
            raise
        raise OptionError(f"{name}: {element!r} is several: separate them by commas ({','.join(parts)})") from None


def refuse_repeated(*places: Any) -> None:
    """Refuse an option that is given twice, of which Ansible takes one without a word.

    :param places: where the options of one task are given: each a text of ``name=value`` or of JSON, or a mapping.
    :raises OptionError: there is one.
    """
    names = [name for place in places for name in _names_in(place)]
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"{name} is given twice, and only one of them would count: give its values in one, a,b")


def places_of_options(task: Mapping[str, Any], module: str) -> list[Any]:
    """Return where a task gives its options, for :func:`refuse_repeated`.

    :param task: as it stands in the playbook.
    :param module: its module, with or without the name of the collection.
    """
    of_module = {name for name in task if str(name).rpartition(".")[2] == module.rpartition(".")[2]}
    return [task.get(name) for name in (*of_module, "action", "local_action", "args")]


def options_of_defaults(
    defaults: Sequence[Any], keys: Collection[str], *, replaced: bool = False
) -> list[Mapping[str, Any]]:
    """Return the options that ``module_defaults`` have for a module, each of the plays and blocks around its task.

    Ansible takes those of the innermost alone, and a task's own instead. An exclusion is there to protect somebody,
    whoever says it, so that all of them count.

    :param defaults: those of the task, from the outermost to the innermost.
    :param keys: the module's whole name, and those of its groups as ``group/name``.
    :param replaced: the innermost alone, the module's own last.
    """
    found = [(key, options) for each in defaults if isinstance(each, Mapping) for key, options in each.items()]
    if replaced:
        found = sorted(dict(found).items(), key=lambda item: not item[0].startswith("group/"))
    return [options for key, options in found if key in keys]


def spellings(spec: Spec, names: Iterable[str]) -> set[str]:
    """Return by which words a module takes some options."""
    return {spelling for name in names if name in spec for spelling in _spellings(name, spec[name])}


def without_exclusions(given: Mapping[str, Any], defaults: Sequence[Mapping[str, Any]], spec: Spec) -> dict[str, Any]:
    """Return the options of a task without the exclusions that it has from ``module_defaults``.

    Ansible merges the two by name. So where they have an exclusion under different names, the task seems to give one
    option twice. What is left out here, :func:`with_exclusions` adds.

    :param given: as Ansible hands them to the action.
    :param defaults: options of the same module.
    """
    excluding = spellings(spec, EXCLUDING)
    return {
        name: value
        for name, value in given.items()
        if name not in excluding or not any(name in each and each[name] == value for each in defaults)
    }


def with_exclusions(options: Mapping[str, Any], defaults: Sequence[Mapping[str, Any]], spec: Spec) -> dict[str, Any]:
    """Return the options of a task with the exclusions of ``module_defaults`` added to its own.

    :param options: as :func:`validated_options` returns them.
    :param defaults: options of the same module.
    :raises OptionError: an exclusion is not of its type.
    """
    added = dict(options)
    for option in (name for name in EXCLUDING if name in spec):
        for given in (each[name] for each in defaults for name in _spellings(option, spec[option]) if name in each):
            values = validated_options({option: given}, {option: spec[option]})[option]
            if not values:
                raise OptionError(f"{option} of module_defaults is an empty list; give values, or leave it out")
            own = added[option]
            # An empty list of the task's own is refused later.
            if own != []:
                added[option] = list(dict.fromkeys([*(own or ()), *values]))
    return added


def _names_in(place: Any) -> list[str]:
    if isinstance(place, Mapping):
        return [str(name) for name in place]
    if not isinstance(place, str):
        return []
    if place.lstrip().startswith("{"):
        try:
            names = json.loads(place, object_pairs_hook=lambda pairs: [name for name, _value in pairs])
        except ValueError:  # a template
            return []
        return [str(name) for name in names]
    return [word.partition("=")[0].strip() for word in split_args(place) if "=" in word]


def _decrypted(value: Any) -> Any:
    """ansible-core before 2.19 has a class of its own for text that is in a vault; later versions have none."""
    if isinstance(value, list):
        return [_decrypted(element) for element in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value


def _spellings(name: str, option: Mapping[str, Any]) -> tuple[str, ...]:
    return (name, *option.get("aliases", ()))


def _refuse_free_form(given: Mapping[str, Any], spec: Spec) -> None:
    if FREE_FORM in given:
        others = {name: value for name, value in given.items() if name != FREE_FORM}
        raise OptionError(free_form_text(str(given[FREE_FORM]).strip(), others, spec))


def _refuse_separators(given: Mapping[str, Any], spec: Spec) -> None:
    """Refuse ``all=true,exclude_users=alice``, of which Ansible makes one option, and the same with another character
    that is no blank to Ansible, such as a tab."""
    names = "|".join(spelling for name, option in spec.items() for spelling in _spellings(name, option))
    for name, value in given.items():
        # What people read may hold anything.
        if not isinstance(value, str) or re.search("message|msg|title|reason", str(name)):
            continue
        if of_two := re.fullmatch(rf"([^\s=]+?)([,;]|[^\S ])\s*((?:{names})=.+)", value):
            by = "commas" if of_two[2] == "," else f"{of_two[2]!r}"
            raise OptionError(f"options are separated by blanks, and not by {by}: {name}={of_two[1]} {of_two[3]}")


def _refuse_unknown(given: Mapping[str, Any], spec: Spec) -> None:
    known = [spelling for name, option in spec.items() for spelling in _spellings(name, option)]
    unknown = sorted(str(name) for name in given if name not in known)
    if not unknown:
        return
    advice = "".join(_advice(name, given.get(name), known, spec) for name in unknown)
    if not spec:
        raise OptionError(f"unknown option {', '.join(unknown)}; this module has none{advice.rstrip(';')}")
    raise OptionError(f"unknown option {', '.join(unknown)}{advice or ';'} accepted are {', '.join(sorted(spec))}")


def _advice(name: str, value: Any, known: Sequence[str], spec: Spec) -> str:
    if written := written_here(name, spec, value):
        return f"; for {name}, {written};"
    if (bare := name.strip("\"'")) in known and bare != name:
        return f"; quotes belong around a value, {bare}='…';"
    like = nearest(name, [each for each in known if each[:1] == name[:1].lower()], _LIKENESS)
    guess = like or next((each for each in known if sorted(each) == sorted(name.lower())), None)
    return f"; did you mean {guess} instead of {name}?" if guess else ""


def _is_nothing(name: str, option: Mapping[str, Any], value: Any) -> bool:
    """Whether it is null, or a text that stands for it, where such a text can mean nothing else: a survey has "" for an
    answer that was left empty, and templates write null as ``None``."""
    if value is None:
        return True
    if option["type"] in ("list", "str") and "choices" not in option and name not in NULL_IS_DEFAULT:
        return False
    return str(value).strip().lower() in {"", *NOTHING} - {*option.get("choices", ())}


def _refuse_nothing(spelling: str, name: str, option: Mapping[str, Any], value: Any) -> None:
    """Refuse what Ansible takes instead of the default."""
    told = "null" if value is None else f"{value!r}, which stands for nothing" if value.strip() else "empty"
    instead = "" if option.get("required") else f", or {otherwise(name)}"
    raise OptionError(f"{spelling} is {told}; give {_choices(option) or 'a value'}{instead}")


def _choices(option: Mapping[str, Any], before: str = "") -> str:
    """What an option accepts, where it accepts some words only."""
    return f"{before}one of {', '.join(option['choices'])}" if "choices" in option else ""


def _refuse_type(spelling: str, name: str, option: Mapping[str, Any], value: Any) -> None:
    """Refuse what Ansible would make a text or a number of."""
    kind = option["type"]
    if kind == "list":
        _refuse_list(spelling, name, option, value)
    elif (kind == "str" or isinstance(kind, Duration)) and (
        isinstance(value, bool) or not isinstance(value, (str, int, float))
    ):
        raise OptionError(f"{spelling}: {value!r} is not text{_text_hint(spelling, kind, value)}")
    elif name == "wait" and (is_duration(str(value)) or re.fullmatch(r"\d\d+|[2-9]", str(value))):
        raise OptionError(f"{spelling} is true or false, and {value!r} is how long: give timeout={value}")
    elif kind == "int" and (isinstance(value, bool) or not re.fullmatch(r"\s*[+-]?\d+(\.0+)?\s*", str(value), re.A)):
        raise OptionError(f"{spelling}: {value!r} is not a whole number")
    elif kind == "bool" and not _is_truth_value(value):
        raise OptionError(f"{spelling} is true or false, and {value!r} is neither")
    elif value not in option.get("choices", (value,)):
        accepted = ", ".join(option["choices"])
        raise OptionError(
            f"value of {spelling} must be one of: {accepted}, got: {value}{_choice_hint(name, option, value)}"
        )


def _is_truth_value(value: Any) -> bool:
    try:
        boolean(value)
    except TypeError:
        return False
    return True


def _choice_hint(name: str, option: Mapping[str, Any], value: Any) -> str:
    word = str(value).lower()
    if name == "at_deadline" and re.match(r"\d", word):
        return " (how long users have is grace)"
    begun = [choice for choice in option["choices"] if choice.startswith(word) or word.startswith(choice)]
    guess = begun[0] if len(begun) == 1 else nearest(word, option["choices"], _LIKENESS)
    return f" (write {guess})" if guess else ""


def _text_hint(spelling: str, kind: str | Duration, value: Any) -> str:
    if isinstance(kind, Duration) and isinstance(value, (bool, date)):
        return "; it is how long, such as 15m" + ("" if isinstance(value, bool) else ", and no date")
    if isinstance(value, date):
        return "; write it in quotes"
    if isinstance(value, bool):
        return "; in YAML, yes, no, on and off need quotes"
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], (str, int)):
        return f"; give the one value and no list: {spelling}: {value[0]}"
    if isinstance(value, Mapping) and isinstance(kind, Duration) and (written := duration_of_fields(value)):
        return f"; write {spelling}: {written}"
    return ""


def _refuse_list(spelling: str, name: str, option: Mapping[str, Any], value: Any) -> None:
    if isinstance(value, str):
        # Some versions of ansible-core make a list of it, and some the names `["alice"` and `"bob"]`.
        # A template that Ansible did not fill in is told where the value is read.
        if re.match(r"\s*(@?[\[({](?![{%])|- )", value):
            raise OptionError(
                f"{spelling}: {value!r} is text that looks like a list; give a list, which after -e is JSON as a whole "
                f'(-e \'{{"{spelling}": ["a", "b"]}}\'), or separate the values by commas (a,b)'
            )
        return
    for element in value if isinstance(value, (list, tuple)) else [value]:
        # A number alone has no unit, which is said of it where its duration is read.
        is_number = isinstance(element, (int, float)) and not isinstance(element, bool)
        if not (is_number and isinstance(option.get("elements"), Duration)):
            _refuse_element(spelling, name, element, value)


def _refuse_element(spelling: str, name: str, element: Any, value: Any) -> None:
    if isinstance(element, Mapping):
        if name in WITH_NUMBERS:
            return
        field = _FIELDS.get(name.removeprefix("exclude_"))
        instead = f"one field of each, as in {{{{ found.sessions | map(attribute='{field}') }}}}" if field else "text"
        if name == "registered":
            instead = "the name of the variable, without braces"
        raise OptionError(f"{spelling}: a record is not a value; give {instead}")
    if isinstance(element, (list, tuple, set)):
        raise OptionError(f"{spelling}: {value!r} is a list in a list; make it one, with the filter flatten")
    if element is None:
        raise OptionError(f"{spelling}: {value!r} holds null; give values, or leave them out")
    is_number = isinstance(element, int) and not isinstance(element, bool)
    if isinstance(element, str) or (is_number and name in WITH_NUMBERS):
        return
    if is_number:
        why = " (YAML changes numbers: 0012345 becomes 5349)"
    elif isinstance(element, bool):
        why = " (in YAML, yes, no, on and off are no text without)"
    else:
        why = ""
    if isinstance(element, float) and name in WITH_NUMBERS:
        raise OptionError(f"{spelling}: {element!r} is not text; accepted is text and whole numbers, or records")
    accepted = "text and whole numbers, or records" if name in WITH_NUMBERS else "text"
    raise OptionError(f"{spelling}: {element!r} is not text; accepted is {accepted}: write it in quotes{why}")
