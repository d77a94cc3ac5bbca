// SPDX-License-Identifier: GPL-3.0-or-later

// Values of HKEY_LOCAL_MACHINE, always those of the 64-bit registry.

using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.rds.plugins.module_utils._registry
{
using _calls;

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

sealed class RegistryKey
{
	internal const uint KEY_QUERY_VALUE = 0x1;
	internal const uint KEY_SET_VALUE = 0x2;
	// A 32-bit PowerShell would otherwise see a SOFTWARE key of its own:
	// https://learn.microsoft.com/windows/win32/winprog64/accessing-an-alternate-registry-view
	internal const uint KEY_WOW64_64KEY = 0x100;

	internal static readonly IntPtr HKEY_LOCAL_MACHINE = new IntPtr(unchecked((int)0x80000002));

	internal readonly string Path;

	internal RegistryKey(string path)
	{
		Path = path;
	}

	internal int Call(uint access, Func<IntPtr, int> call)
	{
		IntPtr key;
		int code = NativeMethods.RegOpenKeyExW(HKEY_LOCAL_MACHINE, Path, 0, access | KEY_WOW64_64KEY, out key);
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegOpenKeyEx " + Path, code);
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

sealed class RegistryValue
{
	internal const uint REG_SZ = 1;
	internal const uint REG_DWORD = 4;

	internal readonly RegistryKey Key;
	internal readonly string Name;
	readonly uint properType;

	internal RegistryValue(string path, string name, uint properType)
	{
		Key = new RegistryKey(path);
		Name = name;
		this.properType = properType;
	}

	// Null if there is no such value. The text of one that is longer than any of ours is empty.
	internal ValueReport Read()
	{
		uint type = 0;
		byte[] data = new byte[0];
		try
		{
			data = ReadRaw(out type);
		}
		catch (WindowsException refusal)
		{
			if (refusal.Code != Win32Error.ERROR_MORE_DATA) // its type is told all the same
				throw;
		}
		if (data == null)
			return null;
		var value = new ValueReport { type = type };
		if (type == REG_SZ)
			value.text = Encoding.Unicode.GetString(data).TrimEnd('\0');
		else if (type == REG_DWORD && data.Length == 4)
			value.text = BitConverter.ToUInt32(data, 0).ToString(CultureInfo.InvariantCulture);
		else
			value.text = BitConverter.ToString(data, 0, Math.Min(data.Length, 64));
		return value;
	}

	internal byte[] ReadRaw(out uint type)
	{
		byte[] data = new byte[2048];
		uint size = (uint)data.Length;
		uint found = 0;
		int code = Key.Call(RegistryKey.KEY_QUERY_VALUE, key => NativeMethods.RegQueryValueExW(key, Name, IntPtr.Zero, out found, data, ref size));
		type = found;
		if (code == Win32Error.ERROR_FILE_NOT_FOUND)
			return null;
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegQueryValueEx " + Name, code);
		Array.Resize(ref data, (int)size);
		return data;
	}

	internal void Write(string text)
	{
		WriteRaw(properType, properType == REG_DWORD
			? BitConverter.GetBytes(UInt32.Parse(text, CultureInfo.InvariantCulture))
			: Encoding.Unicode.GetBytes(text + "\0"));
	}

	internal void WriteRaw(uint type, byte[] data)
	{
		int code = Key.Call(RegistryKey.KEY_SET_VALUE, key => NativeMethods.RegSetValueExW(key, Name, 0, type, data, (uint)data.Length));
		if (code != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("RegSetValueEx " + Name, code);
	}

	// Whether the value is this text already. An absent one is as 0.
	internal bool Is(string text, ValueReport value)
	{
		return value == null ? text == "0" : value.type == properType && value.text == text;
	}
}
}
