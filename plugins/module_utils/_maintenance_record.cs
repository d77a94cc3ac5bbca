// SPDX-License-Identifier: GPL-3.0-or-later

// What stands on a host as long as it is in maintenance. What each value means: plugins/plugin_utils/_logon_mode/registry.py.

namespace ansible_collections.winops.rds.plugins.module_utils._maintenance_record
{
using _calls;
using _registry;

// A member is null where there is no such value.
public sealed class MaintenanceRecord
{
	public ValueReport drain_mode;
	public ValueReport winstations_disabled;
	public ValueReport states;
	public ValueReport since;
	public ValueReport account;
	public ValueReport reason;
	public ValueReport host;
	public ValueReport run;
	public ValueReport began;

	internal const string Parent = "SOFTWARE";
	internal const string Name = "winops.rds.maintenance";
	internal const string Path = Parent + @"\" + Name;

	internal static readonly RegistryValue DrainMode = new RegistryValue(Path, "PreviousTSServerDrainMode", RegistryValue.REG_DWORD);
	internal static readonly RegistryValue WinStationsDisabled = new RegistryValue(Path, "PreviousWinStationsDisabled", RegistryValue.REG_SZ);
	internal static readonly RegistryValue States = Text("States");
	internal static readonly RegistryValue Since = Text("Since");
	internal static readonly RegistryValue Account = Text("Account");
	internal static readonly RegistryValue Reason = Text("Reason");
	internal static readonly RegistryValue Host = Text("Host");
	internal static readonly RegistryValue Run = Text("Run");
	internal static readonly RegistryValue Began = Text("Began");

	// Null if there is none.
	internal static MaintenanceRecord Read()
	{
		try
		{
			return new MaintenanceRecord
			{
				drain_mode = DrainMode.Read(),
				winstations_disabled = WinStationsDisabled.Read(),
				states = States.Read(),
				since = Since.Read(),
				account = Account.Read(),
				reason = Reason.Read(),
				host = Host.Read(),
				run = Run.Read(),
				began = Began.Read()
			};
		}
		catch (WindowsException refusal)
		{
			if (refusal.Code == Win32Error.ERROR_FILE_NOT_FOUND) // there is no such key
				return null;
			throw;
		}
	}

	static RegistryValue Text(string name)
	{
		return new RegistryValue(Path, name, RegistryValue.REG_SZ);
	}
}
}
