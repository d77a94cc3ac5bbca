# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SOAP faults as the WinRM service of Windows gives them.

Codes are those of wsmerror.h (0x8033xxxx, decimal on the wire) or of Win32. "Recorded" means seen in an exchange with
Windows; "documented" means that code, subcode or text are documented but the whole envelope was not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from .namespaces import PREFIXES, element

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_INVALID_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors "
    "for the resource. "
)


@dataclass
class Fault(Exception):
    """A request failed.

    ``subcode`` has the prefix of its namespace. ``reason`` defaults to ``message``. ``detail`` is the last part of a
    DMTF fault detail URI. ``provider``: the shell plug-in reported it. ``wmi``: the error stands in MSFT_WmiError
    instead of WSManFault.
    """

    code: int
    subcode: str
    message: str
    receiver: bool = False
    reason: str = ""
    detail: str = ""
    provider: bool = False
    wmi: bool = False

    @property
    def is_of_addressing(self) -> bool:
        """Whether WS-Addressing defines it, and so the action of the reply. Recorded: invalid_timeout."""
        return self.subcode.startswith("a:")

    def element(self, machine: str) -> etree._Element:
        """The s:Fault element, said by that machine."""
        detail = element("s:Detail")
        if self.detail:
            detail.append(element("w:FaultDetail", _DETAIL + self.detail))
        detail.append(self._wmi_error() if self.wmi else self._wsman_fault(machine))
        text = element("s:Text", self.reason or self.message)
        text.set(f"{{{PREFIXES['xml']}}}lang", "en-US")
        return element(
            "s:Fault",
            element(
                "s:Code",
                element("s:Value", "s:Receiver" if self.receiver else "s:Sender"),
                element("s:Subcode", element("s:Value", self.subcode)),
            ),
            element("s:Reason", text),
            detail,
        )

    def _wsman_fault(self, machine: str) -> etree._Element:
        message = element("f:Message")
        if self.provider:
            path = r"%systemroot%\system32\winrscmd.dll"
            message.append(element("f:ProviderFault", self.message, provider="Shell cmd plugin", path=path))
        else:
            message.text = self.message
        return element("f:WSManFault", message, Code=str(self.code), Machine=machine)

    def _wmi_error(self) -> etree._Element:
        """Recorded (here without its empty elements): pywinrm's tests, test_wsman_fault_wmi_error_detail."""
        values = {
            "CIMStatusCode": "27",
            "Message": self.message,
            "MessageID": f"HRESULT 0x{self.code:x}",
            "error_Category": "30",
            "error_Code": str(self.code),
            "error_Type": "HRESULT",
            "error_WindowsErrorMessage": self.message,
        }
        error = element("wmi:MSFT_WmiError", *(element(f"wmi:{name}", value) for name, value in values.items()))
        error.set(f"{{{_XSI}}}type", "wmi:MSFT_WmiError_Type")
        return error


def timed_out() -> Fault:
    """A Receive had nothing to give within its OperationTimeout; clients ask again. Recorded."""
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return Fault(2150858793, "w:TimedOut", text, receiver=True)


def shell_not_found(shell_id: str) -> Fault:
    """Recorded: https://github.com/WinRb/WinRM/issues/253."""
    message = (
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. "
    )
    return Fault(2150858843, "w:InvalidSelectors", message, reason=_INVALID_SELECTORS, detail="UnexpectedSelectors")


def shell_id_missing() -> Fault:
    """Recorded: https://github.com/Openwsman/openwsman/issues/83."""
    message = (
        "The Windows Remote Shell cannot process the request because it requires the following selector: ShellId. "
        "Retry with the correct selector. "
    )
    return Fault(2150858843, "w:InvalidSelectors", message, reason=_INVALID_SELECTORS, detail="UnexpectedSelectors")


def command_not_found() -> Fault:
    """Recorded: pypsrp's tests, test_winrs_bad_cmd_id."""
    message = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return Fault(2150858843, "w:InvalidSelectors", message, reason=_INVALID_SELECTORS, detail="UnexpectedSelectors")


def invalid_parameter() -> Fault:
    """ERROR_INVALID_PARAMETER, such as a Receive without a CommandId. Recorded: pypsrp."""
    return Fault(87, "w:InvalidParameter", "The parameter is incorrect. ", detail="InvalidValue", provider=True)


def file_not_found() -> Fault:
    """WINRS_SKIP_CMD_SHELL needs the full path of an executable. Recorded."""
    return _plugin_failure(2147942402, "The system cannot find the file specified. ")


def busy() -> Fault:
    """ERROR_BUSY: another request of that kind is under way. Documented: ansible-core's winrm connection plugin."""
    return _plugin_failure(170, "The requested resource is in use. ")


def input_closed() -> Fault:
    """ERROR_NO_DATA: input for a command whose standard input was closed. [MS-WSMV] does not say which error."""
    return _plugin_failure(232, "The pipe is being closed. ")


def aborted() -> Fault:
    """ERROR_OPERATION_ABORTED: shell or command were closed meanwhile. Documented: WinRb/WinRM."""
    text = "The I/O operation has been aborted because of either a thread exit or an application request. "
    return _plugin_failure(995, text)


def _plugin_failure(code: int, text: str) -> Fault:
    return Fault(code, "w:InternalError", text, receiver=True, provider=True)


def access_denied() -> Fault:
    """ERROR_ACCESS_DENIED: the shell belongs to another account (documented), or the account may open none.

    The latter as a Windows host said it: https://github.com/diyan/pywinrm/issues/336.
    """
    return Fault(5, "w:AccessDenied", "Access is denied. ")


def already_exists() -> Fault:
    """ERROR_WSMAN_ALREADY_EXISTS: a client chose an ID that is taken. Documented."""
    text = "The WS-Management service cannot create the resource because it already exists. "
    return Fault(2150858803, "w:AlreadyExists", text)


def max_operations(limit: int) -> Fault:
    """ERROR_WSMAN_QUOTA_MAX_OPERATIONS, 0x803381A6; clients open a new shell. Recorded: pywinrm's tests."""
    text = (
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} "
        "concurrent operations, which has been exceeded. Close existing operations for this user, or raise the quota "
        "for this user. "
    )
    return Fault(2150859174, "w:InternalError", text, receiver=True, wmi=True)


def max_shells(limit: int) -> Fault:
    """ERROR_WSMAN_QUOTA_MAX_SHELLS, 0x803381A5. Recorded: https://github.com/hashicorp/vagrant/issues/7489."""
    text = (
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} "
        "concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. "
    )
    return Fault(2150859173, "w:InternalError", text, receiver=True)


def schema_validation() -> Fault:
    """What arrived is not the XML that the operation needs. Recorded for a wrong element: psrpcore's tests."""
    text = (
        "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "
    )
    return Fault(2150858817, "w:SchemaValidationError", text)


def header_missing() -> Fault:
    """ERROR_WSMAN_MESSAGE_INFORMATION_HEADER_REQUIRED. Documented."""
    text = (
        "The WS-Management service cannot process the request. "
        "The request does not have all the expected SOAP headers. "
    )
    return Fault(2150858769, "a:MessageInformationHeaderRequired", text)


def invalid_timeout(timeout: str) -> Fault:
    """ERROR_WSMAN_INVALID_MESSAGE_INFORMATION_HEADER: an OperationTimeout that is no duration, or a negative one.

    Recorded for PT-1S: pypsrp's tests, test_psrp_is_alive_other_wsman_error; seen with P and 60:
    https://github.com/NetDocuments-Archive/rd-winrm-plugin/issues/3, https://github.com/test-kitchen/kitchen-dsc/issues/17
    """
    text = (
        "The WS-Management service cannot process the request. "
        f"The XML contains an invalid timeout field in the SOAP header: {timeout}. "
    )
    reason = (
        "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. "
    )
    return Fault(2150858767, "a:InvalidMessageInformationHeader", text, reason=reason)


def action_not_supported() -> Fault:
    """ERROR_WSMAN_ACTION_NOT_SUPPORTED. Documented: [MS-WSMV] 3.1.4.1.34.1."""
    text = "The WS-Management service does not support the action specified in the request. "
    return Fault(2150858771, "a:ActionNotSupported", text)


def resource_uri_not_found(uri: str) -> Fault:
    """ERROR_WSMAN_INVALID_RESOURCE_URI. Code and text recorded: https://github.com/jborean93/pypsrp/issues/192."""
    text = (
        f"The WS-Management service cannot process the request. The resource URI ({uri}) was not found in the "
        "WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. "
    )
    return Fault(2150858811, "a:DestinationUnreachable", text, detail="InvalidResourceURI")


def envelope_too_small() -> Fault:
    """ERROR_WSMAN_MIN_ENVELOPE_SIZE: MaxEnvelopeSize below 8192. Documented: [MS-WSMV] 3.1.4.1.7."""
    text = (
        "The WS-Management service cannot process the request because the envelope size in the request is too small. "
    )
    return Fault(2150858878, "w:EncodingLimit", text, detail="MinimumEnvelopeLimit")


def options_not_supported() -> Fault:
    """ERROR_WSMAN_OPTIONS_NOT_SUPPORTED: an unknown option that must be complied with. Documented."""
    text = (
        "The WS-Management provider does not support the specified option set because mustComply for one of the "
        "options is set to true. Change mustComply for one of the options to false. "
    )
    return Fault(2150858833, "w:InvalidOptions", text, detail="NotSupported")
