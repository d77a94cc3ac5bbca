#!powershell

# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The doorway: hands the options to LogonMode.cs and its report back, and decides nothing.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils.LogonMode

$spec = @{
    options = @{
        drain_mode = @{ type = 'str' }
        winstations_disabled = @{ type = 'str' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

try {
    $module.Result.report = [ansible_collections.winops.rds.plugins.module_utils.LogonMode.Engine]::Run($module.Params, $module.CheckMode)
}
catch {
    $module.FailJson("The logon mode engine stopped: $($_.Exception.GetBaseException().Message)", $_)
}
$module.ExitJson()
