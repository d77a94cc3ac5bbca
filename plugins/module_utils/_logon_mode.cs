// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logon_mode: reads the two registry values that `change logon` keeps, writes those that it is told
// to, and reads them again. What they mean is decided by Python on the controller (plugins/plugin_utils/_logon_mode/modes.py);
// where it is known from: docs/docsite/rst/logon_mode.rst.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.rds.plugins.module_utils._logon_mode
{
using _calls;
using _json;

public sealed class LogonModeRequest
{
	// Read and report; write nothing.
	public bool check_mode;
	// The text to write to TSServerDrainMode, in decimal; null leaves it as it is.
	public string drain_mode;
	// The text to write to WinStationsDisabled; null leaves it as it is.
	public string winstations_disabled;
}

public sealed class LogonModeReport
{
	// The values at first; null: they could not be read.
	public Reading before;
	// The values at the end.
	public Reading after;
	// Those that were written, because they were different.
	public List<string> written;
	public CallReport error;
}

public sealed class Reading
{
	public ValueReport drain_mode;
	public ValueReport winstations_disabled;
}

// A value of the registry.
public sealed class ValueReport
{
	public long type;
	public string text;
}

static class NativeMethods
{
	// These return the error and set no last error: https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regopenkeyexw
	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegOpenKeyExW(IntPtr hKey, string lpSubKey, uint ulOptions, uint samDesired, out IntPtr phkResult);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegQueryValueExW(IntPtr hKey, string lpValueName, IntPtr lpReserved, out uint lpType, byte[] lpData, ref uint lpcbData);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int RegSetValueExW(IntPtr hKey, string lpValueName, uint Reserved, uint dwType, byte[] lpData, uint cbData);

	[DllImport("advapi32.dll")]
	internal static extern int RegCloseKey(IntPtr hKey);
}

// A value in HKEY_LOCAL_MACHINE.
sealed class RegistryValue
{
	const uint KEY_QUERY_VALUE = 0x1;
	const uint KEY_SET_VALUE = 0x2;
	// A 32-bit PowerShell would otherwise see a Winlogon key of its own:
	// https://learn.microsoft.com/windows/win32/winprog64/accessing-an-alternate-registry-view
	const uint KEY_WOW64_64KEY = 0x100;
	internal const uint REG_SZ = 1;
	internal const uint REG_DWORD = 4;

	static readonly IntPtr HKEY_LOCAL_MACHINE = new IntPtr(unchecked((int)0x80000002));

	readonly string path;
	readonly string name;
	readonly uint properType;

	internal RegistryValue(string path, string name, uint properType)
	{
		this.path = path;
		this.name = name;
		this.properType = properType;
	}

	// Null if there is no such value.
	internal ValueReport Read()
	{
		byte[] data = new byte[256];
		uint size = (uint)data.Length;
		uint type = 0;
		int code = Call(KEY_QUERY_VALUE, key => NativeMethods.RegQueryValueExW(key, name, IntPtr.Zero, out type, data, ref size));
		if (code == Win32Error.ERROR_FILE_NOT_FOUND)
			return null;
		if (code == Win32Error.ERROR_MORE_DATA)
			size = 0; // its type is told all the same, and no value of ours is so long
		else if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegQueryValueEx " + name, code);
		var value = new ValueReport { type = type };
		if (type == REG_SZ)
			value.text = Encoding.Unicode.GetString(data, 0, (int)size).TrimEnd('\0');
		else if (type == REG_DWORD && size == 4)
			value.text = BitConverter.ToUInt32(data, 0).ToString(CultureInfo.InvariantCulture);
		else
			value.text = BitConverter.ToString(data, 0, (int)size);
		return value;
	}

	internal void Write(string text)
	{
		byte[] data = properType == REG_DWORD
			? BitConverter.GetBytes(UInt32.Parse(text, CultureInfo.InvariantCulture))
			: Encoding.Unicode.GetBytes(text + "\0");
		int code = Call(KEY_SET_VALUE, key => NativeMethods.RegSetValueExW(key, name, 0, properType, data, (uint)data.Length));
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegSetValueEx " + name, code);
	}

	// Whether the value is this text already. An absent one is as 0.
	internal bool Is(string text, ValueReport value)
	{
		return value == null ? text == "0" : value.type == properType && value.text == text;
	}

	int Call(uint access, Func<IntPtr, int> call)
	{
		IntPtr key;
		int code = NativeMethods.RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access | KEY_WOW64_64KEY, out key);
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegOpenKeyEx " + path, code);
		try
		{
			return call(key);
		}
		finally
		{
			NativeMethods.RegCloseKey(key);
		}
	}
}

public static class Engine
{
	static readonly RegistryValue DrainMode = new RegistryValue(
		@"SYSTEM\CurrentControlSet\Control\Terminal Server", "TSServerDrainMode", RegistryValue.REG_DWORD);
	static readonly RegistryValue WinStationsDisabled = new RegistryValue(
		@"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "WinStationsDisabled", RegistryValue.REG_SZ);

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
			report.before = report.after = Read();
			if (request.check_mode)
				return report;
			try
			{
				// In this order: when disabled becomes drain, no moment lies between that lets anybody in.
				Write(DrainMode, "drain_mode", request.drain_mode, report.before.drain_mode, report);
				Write(WinStationsDisabled, "winstations_disabled", request.winstations_disabled, report.before.winstations_disabled, report);
			}
			catch (WindowsException refusal)
			{
				report.error = CallReport.Of(refusal);
			}
			if (report.written.Count > 0)
			{
				report.after = null;
				report.after = Read();
			}
		}
		catch (WindowsException refusal)
		{
			report.error = report.error ?? CallReport.Of(refusal);
		}
		return report;
	}

	static Reading Read()
	{
		return new Reading { drain_mode = DrainMode.Read(), winstations_disabled = WinStationsDisabled.Read() };
	}

	static void Write(RegistryValue value, string name, string text, ValueReport before, LogonModeReport report)
	{
		if (text == null || value.Is(text, before))
			return;
		value.Write(text);
		report.written.Add(name);
	}
}
}
