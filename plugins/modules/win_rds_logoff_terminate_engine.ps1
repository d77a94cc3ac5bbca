#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil ..module_utils._calls
#AnsibleRequires -CSharpUtil ..module_utils._accounts
#AnsibleRequires -CSharpUtil ..module_utils._sessions
#AnsibleRequires -CSharpUtil ..module_utils._selection
#AnsibleRequires -CSharpUtil ..module_utils._report
#AnsibleRequires -CSharpUtil ..module_utils._json
#AnsibleRequires -CSharpUtil ..module_utils._run
#AnsibleRequires -CSharpUtil ..module_utils._event_log
#AnsibleRequires -CSharpUtil ..module_utils._trace
#AnsibleRequires -CSharpUtil ..module_utils._logoff
#AnsibleRequires -CSharpUtil ..module_utils._processes
#AnsibleRequires -CSharpUtil ..module_utils._logoff_terminate

[ansible_collections.winops.rds.plugins.module_utils._logoff_terminate.Engine]::Run($complex_args.request)
