#!powershell

# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# The doorway: hands the options to SessionEngine.cs and its report back, and decides nothing.
# Numbers travel as text because Ansible.Basic's int has 32 bits with a sign.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ..module_utils.SessionEngine

$spec = @{
    options = @{
        action = @{ type = 'str'; required = $true }
        session_ids = @{ type = 'list'; elements = 'str' }
        session_names = @{ type = 'list'; elements = 'str' }
        current = @{ type = 'bool'; required = $true }
        users = @{ type = 'list'; elements = 'str' }
        states = @{ type = 'list'; elements = 'str' }
        idle_for = @{ type = 'str' }
        disconnected_for = @{ type = 'str' }
        logged_on_for = @{ type = 'str' }
        client_names = @{ type = 'list'; elements = 'str' }
        client_networks = @{ type = 'list'; elements = 'str' }
        all = @{ type = 'bool'; required = $true }
        exclude_session_ids = @{ type = 'list'; elements = 'str' }
        exclude_session_names = @{ type = 'list'; elements = 'str' }
        exclude_current = @{ type = 'bool'; required = $true }
        exclude_users = @{ type = 'list'; elements = 'str' }
        logons = @{ type = 'list'; elements = 'str' }
        newcomers = @{ type = 'bool'; required = $true }
        servers = @{ type = 'list'; elements = 'str'; required = $true }
        server_timeout_ms = @{ type = 'str'; required = $true }
        protect_console = @{ type = 'bool'; required = $true }
        wait = @{ type = 'bool'; required = $true }
        timeout_ms = @{ type = 'str'; required = $true }
        max_parallel = @{ type = 'str' }
        terminate = @{ type = 'bool'; required = $true }
        title = @{ type = 'str' }
        message = @{ type = 'str' }
        message_style = @{ type = 'str' }
        message_seconds = @{ type = 'str' }
        wait_for_answer = @{ type = 'bool'; required = $true }
        remaining_ms = @{ type = 'str' }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

try {
    $module.Result.report = [ansible_collections.winops.rds.plugins.module_utils.SessionEngine.Engine]::Run($module.Params, $module.CheckMode)
}
catch {
    $module.FailJson("The session engine stopped: $($_.Exception.GetBaseException().Message)", $_)
}
$module.ExitJson()
