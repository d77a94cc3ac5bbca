// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logon_mode: reads the two registry values that `change logon` keeps, writes those that it is told
// to, and reads them again. What they mean is decided by Python on the controller (plugins/plugin_utils/_logon_mode/modes.py);
// where it is known from: docs/docsite/rst/logon_mode.rst.

using System.Collections.Generic;

namespace ansible_collections.winops.rds.plugins.module_utils._logon_mode
{
using _calls;
using _event_log;
using _json;
using _maintenance_record;
using _registry;

public sealed class LogonModeRequest
{
	// Read and report; write nothing.
	public bool check_mode;
	// The text to write to TSServerDrainMode, in decimal; null leaves it as it is.
	public string drain_mode;
	// The text to write to WinStationsDisabled; null leaves it as it is.
	public string winstations_disabled;
	// How an event about it begins.
	public string trace;
}

public sealed class LogonModeReport
{
	// The values at first; null: they could not be read.
	public Reading before;
	// The values at the end.
	public Reading after;
	// Those that were written, because they were different.
	public List<string> written;
	// Null: the host is not in maintenance.
	public MaintenanceRecord maintenance;
	public CallReport error;
	// Of the event; null: nothing was written, so there is none.
	public CallReport logged;
}

public sealed class Reading
{
	public ValueReport drain_mode;
	public ValueReport winstations_disabled;
}

// The two values of the host.
static class LogonMode
{
	internal static readonly RegistryValue DrainMode = new RegistryValue(
		@"SYSTEM\CurrentControlSet\Control\Terminal Server", "TSServerDrainMode", RegistryValue.REG_DWORD);
	internal static readonly RegistryValue WinStationsDisabled = new RegistryValue(
		@"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "WinStationsDisabled", RegistryValue.REG_SZ);

	internal static Reading Read()
	{
		return new Reading { drain_mode = DrainMode.Read(), winstations_disabled = WinStationsDisabled.Read() };
	}

	// In this order: when disabled becomes drain, no moment lies between that lets anybody in. Null leaves a value as it is.
	internal static void Write(string drainMode, string winStationsDisabled, Reading before, List<string> written)
	{
		Write(DrainMode, "drain_mode", drainMode, before.drain_mode, written);
		Write(WinStationsDisabled, "winstations_disabled", winStationsDisabled, before.winstations_disabled, written);
	}

	static void Write(RegistryValue value, string name, string text, ValueReport before, List<string> written)
	{
		if (text == null || value.Is(text, before))
			return;
		value.Write(text);
		written.Add(name);
	}
}

public static class Engine
{
	// LogonModeRequest in, LogonModeReport out, as JSON.
	public static string Run(string request)
	{
		return Json.Answer<LogonModeRequest>(request, Run);
	}

	static LogonModeReport Run(LogonModeRequest request)
	{
		var report = new LogonModeReport { written = new List<string>() };
		try
		{
			report.before = report.after = LogonMode.Read();
			report.maintenance = MaintenanceRecord.Read();
			if (request.check_mode)
				return report;
			try
			{
				LogonMode.Write(request.drain_mode, request.winstations_disabled, report.before, report.written);
			}
			catch (WindowsException refusal)
			{
				report.error = CallReport.Of(refusal);
			}
			report.logged = EventLog.Write(request.trace, report.written);
			if (report.written.Count > 0)
			{
				report.after = null;
				report.after = LogonMode.Read();
			}
		}
		catch (WindowsException refusal)
		{
			report.error = report.error ?? CallReport.Of(refusal);
		}
		return report;
	}
}
}
