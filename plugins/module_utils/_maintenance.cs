// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_maintenance: closes a host and remembers there what was before, or brings that back. What is
// remembered is on the disk before the first value of the logon mode is written, and it is forgotten when the last is
// back. In between, a launch may be cut off anywhere.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;

namespace ansible_collections.winops.rds.plugins.module_utils._maintenance
{
using _calls;
using _event_log;
using _json;
using _logon_mode;
using _maintenance_record;
using _registry;

public sealed class MaintenanceRequest
{
	public bool check_mode;
	public bool enter;
	public bool write_mode;
	public bool keep_promise;
	public long promise_ms;
	public string drain_mode;
	public string winstations_disabled;
	public string reason;
	public string host;
	public string run;
	public string attempt;
	public string trace;
}

public sealed class MaintenanceReport
{
	public Reading before;
	public Reading after;
	public MaintenanceRecord found;
	public MaintenanceRecord record;
	public bool went_on;
	public bool would_restore;
	public long promised_ms;
	public bool is_odd;
	public string other_host;
	public List<string> written;
	public CallReport error;
	public CallReport logged;
}

static class NativeMethods
{
	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegCreateKeyExW(
		IntPtr hKey, string lpSubKey, uint Reserved, string lpClass, uint dwOptions, uint samDesired, IntPtr lpSecurityAttributes,
		out IntPtr phkResult, out uint lpdwDisposition);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegDeleteValueW(IntPtr hKey, string lpValueName);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegDeleteTreeW(IntPtr hKey, string lpSubKey);

	[DllImport("advapi32.dll")]
	internal static extern int RegFlushKey(IntPtr hKey);

	[DllImport("advapi32.dll")]
	internal static extern int RegCloseKey(IntPtr hKey);
}

public static class Engine
{
	const uint KEY_ENUMERATE_SUB_KEYS = 0x8;
	const uint DELETE = 0x10000;
	const uint REG_CREATED_NEW_KEY = 1;
	const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
	// Until when users were told that they have time.
	static readonly RegistryValue Promised = new RegistryValue(MaintenanceRecord.Path, "Promised", RegistryValue.REG_SZ);

	// MaintenanceRequest in, MaintenanceReport out, as JSON.
	public static string Run(string request)
	{
		return Json.Answer<MaintenanceRequest>(request, Run);
	}

	static MaintenanceReport Run(MaintenanceRequest request)
	{
		var report = new MaintenanceReport { written = new List<string>() };
		try
		{
			report.before = report.after = LogonMode.Read();
			report.found = report.record = MaintenanceRecord.Read();
			report.is_odd = IsOdd(report.found);
			report.would_restore = !report.is_odd && report.found != null && report.found.since != null && Knows(report.found, report.before);
			report.promised_ms = PromisedFor(report.found);
			report.other_host = OtherHost(request);
			if (request.check_mode || report.is_odd || report.other_host != null || request.keep_promise && report.promised_ms != 0)
				return report;
			var changes = new List<string>();
			try
			{
				if (request.enter)
					Enter(request, report, changes);
				else if (report.found != null)
					Exit(request, report, changes);
			}
			catch (WindowsException refusal)
			{
				report.error = CallReport.Of(refusal);
			}
			changes.AddRange(report.written);
			report.logged = EventLog.Write(request.trace, changes);
			report.after = null;
			report.after = LogonMode.Read();
			report.record = MaintenanceRecord.Read();
		}
		catch (WindowsException refusal)
		{
			report.error = report.error ?? CallReport.Of(refusal);
		}
		return report;
	}

	// Whether it holds what this engine does not write. One without a time was cut off while it was written, before the
	// mode was.
	static bool IsOdd(MaintenanceRecord found)
	{
		DateTime time;
		return found != null && found.since != null && !(
			IsText(found.since) && IsText(found.states) && IsText(found.host) && IsText(found.run)
			&& IsTime(found.since, out time));
	}

	// For how long users still have time, by what they were told. -1: nobody can tell.
	static long PromisedFor(MaintenanceRecord found)
	{
		ValueReport until = found == null || found.since == null ? null : Promised.Read();
		DateTime time;
		if (until == null)
			return 0;
		if (!IsTime(until, out time))
			return -1;
		return Math.Max(0, (long)(time - DateTime.UtcNow).TotalMilliseconds);
	}

	static bool IsTime(ValueReport value, out DateTime time)
	{
		return DateTime.TryParseExact(value.text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
	}

	static string Text(DateTime time)
	{
		return time.ToString(TimeFormat, CultureInfo.InvariantCulture);
	}

	static bool IsText(ValueReport value)
	{
		return value != null && value.type == RegistryValue.REG_SZ;
	}

	// The key of a run below the record. Who creates it works on this host in that run.
	static RegistryValue HostOf(MaintenanceRequest request)
	{
		return new RegistryValue(MaintenanceRecord.Path + @"\" + request.run, "Host", RegistryValue.REG_SZ);
	}

	// The other name by which this run works on this host; null: it does not.
	static string OtherHost(MaintenanceRequest request)
	{
		string name = ClaimedBy(request);
		if (name == "")
		{
			// It is about to be written, unless that was cut off.
			Thread.Sleep(1000);
			name = ClaimedBy(request);
		}
		return name == "" || name == request.host ? null : name;
	}

	// Empty: it is not said yet. Null: nobody works on this host in that run.
	static string ClaimedBy(MaintenanceRequest request)
	{
		try
		{
			ValueReport host = HostOf(request).Read();
			return host == null ? "" : host.text;
		}
		catch (WindowsException refusal)
		{
			if (refusal.Code != Win32Error.ERROR_FILE_NOT_FOUND)
				throw;
			return null;
		}
	}

	static void Enter(MaintenanceRequest request, MaintenanceReport report, List<string> changes)
	{
		Reading before = report.before;
		MaintenanceRecord found = report.found;
		// Where somebody has set another mode meanwhile, that is the one that was before.
		bool goesOn = found != null && found.since != null && (found.states.text == "" || report.would_restore);
		if (!Create(HostOf(request).Key) && (report.other_host = OtherHost(request)) != null)
			return;
		try
		{
			Keep(HostOf(request), request.host);
			if (!goesOn)
			{
				Delete(MaintenanceRecord.Since);
				Copy(LogonMode.DrainMode, MaintenanceRecord.DrainMode);
				Copy(LogonMode.WinStationsDisabled, MaintenanceRecord.WinStationsDisabled);
				Keep(MaintenanceRecord.Account, TimedCalls.OwnAccount());
				Delete(MaintenanceRecord.Reason);
				Delete(Promised);
			}
			// A task that goes on from another one's takes it over: that one does not open the host any more.
			Keep(MaintenanceRecord.Began, goesOn ? "" : request.attempt ?? "");
			Keep(MaintenanceRecord.States, States(request, before, goesOn ? found : null));
			if (request.reason != null)
				Keep(MaintenanceRecord.Reason, request.reason);
			Keep(MaintenanceRecord.Host, request.host);
			Keep(MaintenanceRecord.Run, request.run);
			// Users are told right after this, and the time that they are promised begins then. A later time stays, as not
			// all may hear of the new one.
			if (request.promise_ms > report.promised_ms)
				Keep(Promised, Text(DateTime.UtcNow.AddMilliseconds(request.promise_ms)));
			// The last one: without it, nothing is remembered.
			if (!goesOn)
				Keep(MaintenanceRecord.Since, Text(DateTime.UtcNow));
			Flush(MaintenanceRecord.Since.Key);
		}
		catch (WindowsException)
		{
			if (!goesOn)
				TryToForget();
			throw;
		}
		report.went_on = goesOn;
		if (!goesOn)
			changes.Add("record");
		if (request.write_mode)
			LogonMode.Write(request.drain_mode, request.winstations_disabled, before, report.written);
	}

	static void Exit(MaintenanceRequest request, MaintenanceReport report, List<string> changes)
	{
		ValueReport began = report.found.began;
		if (request.attempt != null && report.found.since != null && (began == null || began.text != request.attempt))
			return;
		if (request.drain_mode != null || request.winstations_disabled != null)
			LogonMode.Write(request.drain_mode, request.winstations_disabled, report.before, report.written);
		else if (report.would_restore)
		{
			// The other way round than they were written, so that what is between is known as well.
			Restore(MaintenanceRecord.WinStationsDisabled, LogonMode.WinStationsDisabled, "winstations_disabled", report);
			Restore(MaintenanceRecord.DrainMode, LogonMode.DrainMode, "drain_mode", report);
		}
		// The two are in different files on the disk.
		Flush(LogonMode.DrainMode.Key);
		Flush(LogonMode.WinStationsDisabled.Key);
		Forget();
		changes.Add("record");
	}

	static void Restore(RegistryValue from, RegistryValue to, string name, MaintenanceReport report)
	{
		if (Copy(from, to))
			report.written.Add(name);
	}

	// ---- the states of the two values that this engine makes, or meets on its way

	static bool Knows(MaintenanceRecord record, Reading now)
	{
		return Array.IndexOf(record.states.text.Split(' '), Drain(now.drain_mode) + "/" + Disabled(now.winstations_disabled)) >= 0;
	}

	static string States(MaintenanceRequest request, Reading before, MaintenanceRecord earlier)
	{
		var states = new List<string>((earlier == null ? "" : earlier.states.text).Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries));
		if (request.drain_mode == null && request.winstations_disabled == null)
			return String.Join(" ", states);
		string drainWas = Drain(before.drain_mode), disabledWas = Disabled(before.winstations_disabled);
		string drain = request.drain_mode == null ? drainWas : "4:" + request.drain_mode;
		string disabled = request.winstations_disabled == null ? disabledWas : "1:" + request.winstations_disabled;
		var made = new List<string> { drainWas + "/" + disabledWas, drain + "/" + disabledWas, drain + "/" + disabled };
		if (earlier != null)
		{
			string first = Disabled(earlier.winstations_disabled);
			made.Add(drain + "/" + first);
			made.Add(Drain(earlier.drain_mode) + "/" + first);
		}
		// What a restart of the host may make of them.
		if (request.drain_mode == "1")
			made.Add("4:0/" + disabled);
		if (request.winstations_disabled == "1")
			made.Add(drain + "/1:0");
		foreach (string state in made)
			if (!states.Contains(state))
				states.Add(state);
		return String.Join(" ", states);
	}

	static string Drain(ValueReport value)
	{
		return Token(value, "4:0");
	}

	static string Disabled(ValueReport value)
	{
		return Token(value, "1:0");
	}

	static string Token(ValueReport value, string absent)
	{
		return value == null ? absent : value.type + ":" + Uri.EscapeDataString(value.text);
	}

	// ---- the registry

	// Whether the key was not there. Of several programs that create it at the same time, one hears so.
	static bool Create(RegistryKey path)
	{
		IntPtr key;
		uint disposition;
		// No security attributes: it inherits the permissions of SOFTWARE, which users only read:
		// https://www.tenable.com/audits/items/CIS_Microsoft_Windows_10_STIG_v1.0.0_CAT_II.audit:589ad9506a07b40128fa050b8fefffc1
		int code = NativeMethods.RegCreateKeyExW(
			RegistryKey.HKEY_LOCAL_MACHINE, path.Path, 0, null, 0, RegistryKey.KEY_QUERY_VALUE | RegistryKey.KEY_WOW64_64KEY, IntPtr.Zero,
			out key, out disposition);
		Check("RegCreateKeyEx " + path.Path, code);
		NativeMethods.RegCloseKey(key);
		return disposition == REG_CREATED_NEW_KEY;
	}

	static void Keep(RegistryValue value, string text)
	{
		value.Write(text);
		if (!value.Is(text, value.Read()))
			throw new WindowsException("RegQueryValueEx " + value.Name, Win32Error.ERROR_SUCCESS);
	}

	// Whether the values were different. An absent one makes the other one absent.
	static bool Copy(RegistryValue from, RegistryValue to)
	{
		uint type, other;
		byte[] data = from.ReadRaw(out type), present = to.ReadRaw(out other);
		if (Same(data, type, present, other))
			return false;
		if (data == null)
			Delete(to);
		else
			to.WriteRaw(type, data);
		if (!Same(data, type, to.ReadRaw(out other), other))
			throw new WindowsException("RegQueryValueEx " + to.Name, Win32Error.ERROR_SUCCESS);
		return true;
	}

	static bool Same(byte[] one, uint type, byte[] other, uint otherType)
	{
		return one == null || other == null ? one == other : type == otherType && BitConverter.ToString(one) == BitConverter.ToString(other);
	}

	static void Delete(RegistryValue value)
	{
		int code = value.Key.Call(RegistryKey.KEY_SET_VALUE, key => NativeMethods.RegDeleteValueW(key, value.Name));
		if (code != Win32Error.ERROR_FILE_NOT_FOUND)
			Check("RegDeleteValue " + value.Name, code);
	}

	// After power is lost, what was written last is lost, and the logon mode is in another file than the record:
	// https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regflushkey
	static void Flush(RegistryKey path)
	{
		Check("RegFlushKey " + path.Path, path.Call(RegistryKey.KEY_QUERY_VALUE, NativeMethods.RegFlushKey));
	}

	// Without its time it is none, even where the rest stays.
	static void Forget()
	{
		Delete(MaintenanceRecord.Since);
		int code = new RegistryKey(MaintenanceRecord.Parent).Call(
			DELETE | KEY_ENUMERATE_SUB_KEYS | RegistryKey.KEY_QUERY_VALUE | RegistryKey.KEY_SET_VALUE,
			key => NativeMethods.RegDeleteTreeW(key, MaintenanceRecord.Name));
		Check("RegDeleteTree " + MaintenanceRecord.Path, code);
	}

	static void TryToForget()
	{
		try
		{
			Forget();
		}
		catch (WindowsException)
		{
		}
	}

	static void Check(string call, int code)
	{
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException(call, code);
	}
}
}
