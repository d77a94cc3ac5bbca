// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// The part of win_rds_logon_mode that runs on the Windows host: reads the two registry values that `change logon`
// keeps, writes those that it is told to, and reads them again. What they mean is decided by Python on the controller
// (plugins/plugin_utils/_logon_mode.py); where it is known from: docs/logon-mode.md.
//
// Compiled by Windows PowerShell 5.1 (a C# 5 compiler), by PowerShell 7 and, in the tests, by Mono: no newer syntax.
// Indented with tabs, as SessionEngine.cs.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.rds.plugins.module_utils.LogonMode
{
	internal static class NativeMethods
	{
		// These return the error and set no last error: https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regopenkeyexw
		[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
		internal static extern Int32 RegOpenKeyExW(IntPtr hKey, string lpSubKey, UInt32 ulOptions, UInt32 samDesired, out IntPtr phkResult);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
		internal static extern Int32 RegQueryValueExW(IntPtr hKey, string lpValueName, IntPtr lpReserved, out UInt32 lpType, byte[] lpData, ref UInt32 lpcbData);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
		internal static extern Int32 RegSetValueExW(IntPtr hKey, string lpValueName, UInt32 Reserved, UInt32 dwType, byte[] lpData, UInt32 cbData);

		[DllImport("advapi32.dll")]
		internal static extern Int32 RegCloseKey(IntPtr hKey);
	}

	internal class RegistryException : Exception
	{
		internal readonly Dictionary<string, object> Error = new Dictionary<string, object>();

		internal RegistryException(string call, int code)
		{
			Error["call"] = call;
			Error["code"] = code;
		}
	}

	/// <summary>A value in HKEY_LOCAL_MACHINE.</summary>
	internal class RegistryValue
	{
		private const int ERROR_FILE_NOT_FOUND = 2;
		private const int ERROR_MORE_DATA = 234;
		private const UInt32 KEY_QUERY_VALUE = 0x1;
		private const UInt32 KEY_SET_VALUE = 0x2;
		// A 32-bit PowerShell would otherwise see a Winlogon key of its own:
		// https://learn.microsoft.com/windows/win32/winprog64/accessing-an-alternate-registry-view
		private const UInt32 KEY_WOW64_64KEY = 0x100;
		internal const UInt32 REG_SZ = 1;
		internal const UInt32 REG_DWORD = 4;

		private static readonly IntPtr HKEY_LOCAL_MACHINE = new IntPtr(unchecked((Int32)0x80000002));

		private readonly string _key;
		private readonly string _name;
		private readonly UInt32 _type;
		internal readonly string Option;

		internal RegistryValue(string option, string key, string name, UInt32 type)
		{
			Option = option;
			_key = key;
			_name = name;
			_type = type;
		}

		/// <summary>{type, text}; null if there is no such value.</summary>
		internal Dictionary<string, object> Read()
		{
			byte[] data = new byte[256];
			UInt32 size = (UInt32)data.Length;
			UInt32 type = 0;
			int code = Call(KEY_QUERY_VALUE, key => NativeMethods.RegQueryValueExW(key, _name, IntPtr.Zero, out type, data, ref size));
			if (code == ERROR_FILE_NOT_FOUND)
				return null;
			if (code == ERROR_MORE_DATA)
				size = 0; // its type is told all the same, and no value of ours is so long
			else if (code != 0)
				throw new RegistryException("RegQueryValueEx " + _name, code);
			Dictionary<string, object> value = new Dictionary<string, object>();
			value["type"] = (Int64)type;
			if (type == REG_SZ)
				value["text"] = Encoding.Unicode.GetString(data, 0, (int)size).TrimEnd('\0');
			else if (type == REG_DWORD && size == 4)
				value["text"] = BitConverter.ToUInt32(data, 0).ToString(CultureInfo.InvariantCulture);
			else
				value["text"] = BitConverter.ToString(data, 0, (int)size);
			return value;
		}

		internal void Write(string text)
		{
			byte[] data = _type == REG_DWORD
				? BitConverter.GetBytes(UInt32.Parse(text, CultureInfo.InvariantCulture))
				: Encoding.Unicode.GetBytes(text + "\0");
			int code = Call(KEY_SET_VALUE, key => NativeMethods.RegSetValueExW(key, _name, 0, _type, data, (UInt32)data.Length));
			if (code != 0)
				throw new RegistryException("RegSetValueEx " + _name, code);
		}

		/// <summary>Whether the value is this text already. An absent one is as 0.</summary>
		internal bool Is(string text, Dictionary<string, object> value)
		{
			return value == null ? text == "0" : (Int64)value["type"] == _type && (string)value["text"] == text;
		}

		private int Call(UInt32 access, Func<IntPtr, int> call)
		{
			IntPtr key;
			int code = NativeMethods.RegOpenKeyExW(HKEY_LOCAL_MACHINE, _key, 0, access | KEY_WOW64_64KEY, out key);
			if (code != 0)
				throw new RegistryException("RegOpenKeyEx " + _key, code);
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
		// In the order in which they are written: when disabled becomes drain, no moment lies between that lets anybody in.
		private static readonly RegistryValue[] Values =
		{
			new RegistryValue("drain_mode", @"SYSTEM\CurrentControlSet\Control\Terminal Server", "TSServerDrainMode", RegistryValue.REG_DWORD),
			new RegistryValue("winstations_disabled", @"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "WinStationsDisabled", RegistryValue.REG_SZ),
		};

		/// <summary>Parameters: for each of these values the text to write; null leaves it as it is.</summary>
		public static Dictionary<string, object> Run(IDictionary parameters, bool checkMode)
		{
			Dictionary<string, object> report = new Dictionary<string, object>();
			List<object> written = new List<object>();
			report["before"] = null;
			report["after"] = null;
			report["written"] = written;
			report["error"] = null;
			try
			{
				Dictionary<string, object> before = ReadAll();
				report["before"] = report["after"] = before;
				if (checkMode)
					return report;
				try
				{
					foreach (RegistryValue value in Values)
					{
						string text = (string)parameters[value.Option];
						if (text == null || value.Is(text, (Dictionary<string, object>)before[value.Option]))
							continue;
						value.Write(text);
						written.Add(value.Option);
					}
				}
				catch (RegistryException refusal)
				{
					report["error"] = refusal.Error;
				}
				if (written.Count > 0)
				{
					report["after"] = null;
					report["after"] = ReadAll();
				}
			}
			catch (RegistryException refusal)
			{
				report["error"] = report["error"] ?? refusal.Error;
			}
			return report;
		}

		private static Dictionary<string, object> ReadAll()
		{
			Dictionary<string, object> values = new Dictionary<string, object>();
			foreach (RegistryValue value in Values)
				values[value.Option] = value.Read();
			return values;
		}
	}
}
