# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Makes a hosted Windows runner, which is thrown away afterwards, a host for `make acceptance`.

.DESCRIPTION
Makes an administrator for Ansible and accounts that log on by Remote Desktop, lets both in from this machine's own
networks, and writes an inventory. Not for a machine that is kept.

.PARAMETER Inventory
The file to write.
#>
[CmdletBinding()]
param (
    [Parameter(Mandatory)][string]$Inventory
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

# Well-known SIDs, since the groups' names are in the language of Windows:
# https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
$administrators = 'S-1-5-32-544'
$remoteDesktopUsers = 'S-1-5-32-555'

function Add-Account {
    param ([string]$Name, [string]$Group)
    # Letters of both cases and digits, as the policy for passwords wants them.
    $password = "Aa1-$([guid]::NewGuid())"
    # GitHub hides it in the log: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    [System.Console]::WriteLine("::add-mask::$password")
    $secret = New-Object -TypeName System.Security.SecureString
    $password.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
    New-LocalUser -Name $Name -Password $secret -PasswordNeverExpires | Out-Null
    Add-LocalGroupMember -SID $Group -Member $Name
    $password
}

$ansible = Add-Account -Name ansible -Group $administrators
$testers = foreach ($name in 'rds-alice', 'rds-bob', 'rds-carol') {
    @{ user = "$env:COMPUTERNAME\$name"; password = Add-Account -Name $name -Group $remoteDesktopUsers }
}

# A local administrator is one over the network, too:
# https://learn.microsoft.com/troubleshoot/windows-server/windows-security/user-account-control-and-remote-restriction
$policies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
Set-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -Value 1 -Type DWord
Enable-PSRemoting -SkipNetworkProfileCheck -Force | Out-Null

# https://learn.microsoft.com/windows-hardware/customize/desktop/unattend/microsoft-windows-terminalservices-localsessionmanager-fdenytsconnections
Set-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server' -Name fDenyTSConnections -Value 0 -Type DWord
Start-Service -Name TermService

# The Linux of WSL 2 is a machine of its own on a network of this one.
$rule = @{
    DisplayName = 'winops.rds acceptance'
    Direction = 'Inbound'
    Protocol = 'TCP'
    LocalPort = 3389, 5985
    RemoteAddress = 'LocalSubnet'
    Action = 'Allow'
}
New-NetFirewallRule @rule | Out-Null

$address = Get-NetIPConfiguration | Where-Object { $_.IPv4DefaultGateway } | Select-Object -First 1
$variables = @{
    ansible_connection = 'winrm'
    ansible_winrm_transport = 'ntlm'
    ansible_port = 5985
    ansible_host = @($address.IPv4Address)[0].IPAddress
    ansible_user = "$env:COMPUTERNAME\ansible"
    ansible_password = $ansible
    acceptance_accounts = @($testers)
}
$content = @{ all = @{ hosts = @{ $env:COMPUTERNAME = $variables } } } | ConvertTo-Json -Depth 9
# Without a byte order mark, which Windows PowerShell's own cmdlets write.
[System.IO.File]::WriteAllText($Inventory, $content)
