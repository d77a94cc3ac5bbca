# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML namespaces of WS-Management, under the prefixes that Windows writes ([MS-WSMV] 2.2.1), and elements in them."""

from __future__ import annotations

from lxml import etree

PREFIXES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "cfg": "http://schemas.microsoft.com/wbem/wsman/1/config",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "psrp": "http://schemas.microsoft.com/powershell",
    "wmi": "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
SHELL = PREFIXES["rsp"]
TRANSFER = PREFIXES["x"]
ANONYMOUS = PREFIXES["a"] + "/role/anonymous"


def qualified(name: str) -> str:
    """``rsp:Shell`` as lxml writes it: ``{namespace}Shell``. A name without a prefix stays as it is."""
    prefix, _, local = name.rpartition(":")
    return f"{{{PREFIXES[prefix]}}}{local}" if prefix else local


def element(name: str, *content: str | etree._Element, **attributes: str) -> etree._Element:
    """An element of that prefixed name; a string in the content is its text, an element its child."""
    prefix = name.partition(":")[0]
    made = etree.Element(qualified(name), attributes, nsmap={prefix: PREFIXES[prefix]})
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made
