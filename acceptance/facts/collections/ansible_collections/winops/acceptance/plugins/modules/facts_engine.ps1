#!powershell

# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._calls
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._accounts
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._sessions
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._selection
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._report
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._json
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._run
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._event_log
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._trace
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._logoff
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._processes
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._disconnect
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._message
#AnsibleRequires -CSharpUtil ansible_collections.winops.rds.plugins.module_utils._registry
#AnsibleRequires -CSharpUtil ..module_utils._questions
#AnsibleRequires -CSharpUtil ..module_utils._host_questions
#AnsibleRequires -CSharpUtil ..module_utils._session_questions
#AnsibleRequires -CSharpUtil ..module_utils._facts

[ansible_collections.winops.acceptance.plugins.module_utils._facts.Engine]::Run($complex_args.request)
