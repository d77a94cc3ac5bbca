# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible says where Kerberos or CredSSP do not work, by each connection plugin. Told in the guide to errors."""

from __future__ import annotations

SEEN = {
    "no KDC for the realm": {"winrm": "Cannot find KDC for realm", "psrp": "Cannot find KDC for realm"},
    "realm in small letters": {"winrm": "KDC reply did not match expectations", "psrp": ""},
    "KDC down": {"winrm": "Cannot contact any KDC for realm", "psrp": "Cannot contact any KDC for realm"},
    "unknown host": {"winrm": "Server not found in Kerberos database", "psrp": "Server not found in Kerberos database"},
    "unknown host, MIT's KDC": {
        "winrm": "Server HTTP/alias.contoso.com@CONTOSO.COM not found in Kerberos database",
        "psrp": "Server WSMAN/alias.contoso.com@CONTOSO.COM not found in Kerberos database",
    },
    "unknown user": {
        "winrm": "Client 'nobody@CONTOSO.COM' not found in Kerberos database",
        "psrp": "Client 'nobody@CONTOSO.COM' not found in Kerberos database",
    },
    "backslash": {
        "winrm": "Client 'CONTOSOansible@CONTOSO.COM' not found in Kerberos database",
        "psrp": "Client 'CONTOSOansible@CONTOSO.COM' not found in Kerberos database",
    },
    "wrong password": {"winrm": "kinit: Password incorrect", "psrp": "Preauthentication failed"},
    "wrong password, MIT's KDC": {"winrm": "kinit: Password incorrect", "psrp": "Decrypt integrity check failed"},
    "password expired": {"winrm": "kinit: Cannot read password", "psrp": "Password has expired"},
    "account disabled": {
        "winrm": "Client's credentials have been revoked",
        "psrp": "Client's credentials have been revoked",
    },
    "no ticket": {
        "winrm": "Can't find client principal ansible@CONTOSO.COM in cache collection",
        "psrp": "Can't find client principal ansible@CONTOSO.COM in cache collection",
    },
    "ticket expired": {"winrm": "Ticket expired", "psrp": "The referenced credential has expired"},
    "clock skew": {"winrm": "Clock skew too great", "psrp": "Clock skew too great"},
    "rejected": {
        "winrm": "kerberos: the specified credentials were rejected by the server",
        "psrp": "Failed to authenticate the user ansible@CONTOSO.COM with kerberos",
    },
    "ticket too large": {
        "winrm": "Bad HTTP response returned from server. Code 400",
        "psrp": "Bad HTTP response returned from the server. Code: 400",
    },
    "CredSSP is off": {
        "winrm": "The server did not response CredSSP being an available authentication method",
        "psrp": "The server did not response CredSSP being an available authentication method",
    },
    "CredSSP, wrong password": {"winrm": "UNKOWN_STATUS 0x8009030c", "psrp": "UNKOWN_STATUS 0x8009030c"},
}
