#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil ..module_utils._json
#AnsibleRequires -CSharpUtil ..module_utils._calls
#AnsibleRequires -CSharpUtil ..module_utils._event_log
#AnsibleRequires -CSharpUtil ..module_utils._registry
#AnsibleRequires -CSharpUtil ..module_utils._maintenance_record
#AnsibleRequires -CSharpUtil ..module_utils._logon_mode

[ansible_collections.winops.rds.plugins.module_utils._logon_mode.Engine]::Run($complex_args.request)
