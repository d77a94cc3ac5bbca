# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

<#
.SYNOPSIS
Compiles the C# of every entry script as Ansible's own wrapper does, warnings as errors.

.PARAMETER Folder
Where payloads.py has recorded: csharp/ENTRY_SCRIPT/*.cs, and Ansible.ModuleUtils.AddType.psm1 of its ansible-core.
#>
[CmdletBinding()]
param (
    [Parameter(Mandatory)][string]$Folder
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

"PowerShell $($PSVersionTable.PSVersion), CLR $([System.Environment]::Version)"
Import-Module -Name (Join-Path $Folder 'Ansible.ModuleUtils.AddType.psm1')
foreach ($entry_script in Get-ChildItem -Path (Join-Path $Folder 'csharp') -Directory) {
    $sources = Get-ChildItem -Path $entry_script.FullName -Filter *.cs | Sort-Object -Property Name |
        ForEach-Object { [System.IO.File]::ReadAllText($_.FullName) }
    $began = [System.Diagnostics.Stopwatch]::StartNew()
    Add-CSharpType -References $sources
    '{0}: {1} files, {2:n0} ms' -f $entry_script.Name, @($sources).Count, $began.Elapsed.TotalMilliseconds
}
