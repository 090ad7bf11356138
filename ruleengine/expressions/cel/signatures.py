"""What the operators and functions of rules take and give, as a table.

A row: the types of the arguments, the value that a function is called on first, and the type
of the result; ``A`` and ``B`` stand for any type, the same in one row. Whatever is not in the
table takes and gives ``dyn``. (CEL, and the functions that Kubernetes adds to it in 1.34.)
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from ruleengine.expressions.cel.types import Type

Signature = tuple[tuple[Type, ...], Type]

_TABLE: Final = """
! : bool -> bool
- : int -> int | double -> double | int int -> int | uint uint -> uint | double double -> double
- : timestamp timestamp -> duration | timestamp duration -> timestamp
- : duration duration -> duration
+ : int int -> int | uint uint -> uint | double double -> double | string string -> string
+ : bytes bytes -> bytes | list(A) list(A) -> list(A) | timestamp duration -> timestamp
+ : duration timestamp -> timestamp | duration duration -> duration
* / : int int -> int | uint uint -> uint | double double -> double
% : int int -> int | uint uint -> uint
== != : A A -> bool
in : A list(A) -> bool | A map(A,B) -> bool
size : string -> int | bytes -> int | list(A) -> int | map(A,B) -> int
contains : string string -> bool | cidr ip -> bool
startsWith endsWith matches : string string -> bool
charAt : string int -> string
indexOf lastIndexOf : string string -> int | string string int -> int | list(A) A -> int
lowerAscii upperAscii trim strings.quote : string -> string
replace : string string string -> string | string string string int -> string
split : string string -> list(string) | string string int -> list(string)
substring : string int -> string | string int int -> string
join : list(string) -> string | list(string) string -> string
format : string list(A) -> string
find : string string -> string
findAll : string string -> list(string) | string string int -> list(string)
isSorted : list(A) -> bool
sum min max : list(A) -> A
distinct sort : list(A) -> list(A)
reverse : list(A) -> list(A) | string -> string
slice : list(A) int int -> list(A)
first last : list(A) -> optional_type(A)
lists.range : int -> list(int)
sets.contains sets.equivalent sets.intersects : list(A) list(A) -> bool
isURL isIP isCIDR isQuantity ip.isCanonical : string -> bool
isSemver : string -> bool | string bool -> bool
url : string -> url
quantity : string -> quantity
semver : string -> semver | string bool -> semver
cidr : string -> cidr
ip : string -> ip | cidr -> ip
getScheme getHost getHostname getPort getEscapedPath : url -> string
getQuery : url -> map(string,list(string))
family : ip -> int
isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast : ip -> bool
containsIP : cidr ip -> bool | cidr string -> bool
containsCIDR : cidr cidr -> bool | cidr string -> bool
masked : cidr -> cidr
prefixLength : cidr -> int
sign : quantity -> int
isInteger : quantity -> bool
asInteger : quantity -> int
asApproximateFloat : quantity -> double
add sub : quantity quantity -> quantity | quantity int -> quantity
isGreaterThan isLessThan : quantity quantity -> bool | semver semver -> bool
compareTo : quantity quantity -> int | semver semver -> int
major minor patch : semver -> int
getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getMonth : timestamp -> int
getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getMonth : timestamp string -> int
getHours getMinutes getSeconds getMilliseconds : timestamp -> int | timestamp string -> int
getHours getMinutes getSeconds getMilliseconds : duration -> int
bool : bool -> bool | string -> bool
bytes : bytes -> bytes | string -> bytes
double : double -> double | int -> double | uint -> double | string -> double
int : int -> int | uint -> int | double -> int | string -> int | timestamp -> int | duration -> int
uint : uint -> uint | int -> uint | double -> uint | string -> uint
string : string -> string | int -> string | uint -> string | double -> string | bool -> string
string : bytes -> string | timestamp -> string | duration -> string
string : url -> string | ip -> string | cidr -> string
timestamp : timestamp -> timestamp | string -> timestamp | int -> timestamp
duration : duration -> duration | string -> duration
optional.of optional.ofNonZeroValue : A -> optional_type(A)
optional.none : -> optional_type(A)
hasValue : optional_type(A) -> bool
value : optional_type(A) -> A
orValue : optional_type(A) A -> A
or : optional_type(A) optional_type(A) -> optional_type(A)
unwrapOpt optional.unwrap : list(optional_type(A)) -> list(A)
"""


@cache
def signatures() -> Mapping[str, tuple[Signature, ...]]:
    """Return what each function and operator takes and gives."""
    found: dict[str, tuple[Signature, ...]] = {}
    for line in _TABLE.strip().splitlines():
        names, _, rows = line.partition(" : ")
        made = tuple(_signature(one) for one in rows.split("|"))
        for name in names.split():
            found[name] = (*found.get(name, ()), *made)
    return found


def _signature(row: str) -> Signature:
    arguments, _, result = row.partition("->")
    return tuple(_type(one) for one in arguments.split()), _type(result.strip())


def _type(text: str) -> Type:
    name, bracket, rest = text.partition("(")
    if not bracket:
        return Type(name)
    return Type(name, tuple(_type(one) for one in _parts(rest.removesuffix(")"))))


def _parts(text: str) -> list[str]:
    """Return the parts between the commas that are in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
