// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Who a name or a SID stands for, as Windows knows accounts.

using System;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.rds.plugins.module_utils._accounts
{
using _win32;

static class NativeMethods
{
	[DllImport("kernel32.dll")]
	internal static extern IntPtr LocalFree(IntPtr hMem);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool ConvertStringSidToSidW(string StringSid, out IntPtr Sid);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool LookupAccountNameW(
		string lpSystemName, string lpAccountName, byte[] Sid, ref UInt32 cbSid,
		StringBuilder ReferencedDomainName, ref UInt32 cchReferencedDomainName, out Int32 peUse);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool LookupAccountSidW(
		string lpSystemName, byte[] Sid, StringBuilder Name, ref UInt32 cchName,
		StringBuilder ReferencedDomainName, ref UInt32 cchReferencedDomainName, out Int32 peUse);

	[DllImport("secur32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	[return: MarshalAs(UnmanagedType.U1)]
	internal static extern bool GetUserNameExW(Int32 NameFormat, StringBuilder lpNameBuffer, ref UInt32 nSize);
}

// An account, a group or a domain that Windows knows.
sealed class Account
{
	internal const int SidTypeUser = 1; // SID_NAME_USE
	const int NameSamCompatible = 2; // EXTENDED_NAME_FORMAT: DOMAIN\user
	const int LongestName = 512;
	const int SECURITY_MAX_SID_SIZE = 68;

	// The call in progress, for whoever waits for it.
	internal static volatile string Calling = "";

	internal readonly string Name; // DOMAIN\user
	internal readonly int Use;     // SID_NAME_USE

	Account(string name, int use)
	{
		Name = name;
		Use = use;
	}

	// The account that this runs as, as DOMAIN\user.
	internal static string Current()
	{
		UInt32 length = LongestName;
		StringBuilder name = new StringBuilder(LongestName);
		Check("GetUserNameEx", () => NativeMethods.GetUserNameExW(NameSamCompatible, name, ref length));
		return name.ToString();
	}

	// Who a SID, a user principal name, DOMAIN\user (with either name of the domain) or a name alone stands for; null: nobody.
	internal static Account Find(string name, string server = null)
	{
		byte[] sid = new byte[SECURITY_MAX_SID_SIZE];
		UInt32 sidLength = SECURITY_MAX_SID_SIZE, userLength = LongestName, domainLength = LongestName;
		StringBuilder user = new StringBuilder(LongestName), domain = new StringBuilder(LongestName);
		Int32 use = 0;
		try
		{
			if (name.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase))
				sid = ParseSid(name);
			else
				Check("LookupAccountName", () => NativeMethods.LookupAccountNameW(server, name, sid, ref sidLength, domain, ref domainLength, out use));
			domainLength = LongestName;
			Check("LookupAccountSid", () => NativeMethods.LookupAccountSidW(server, sid, user, ref userLength, domain, ref domainLength, out use));
			return new Account(domain + "\\" + user, use);
		}
		catch (WindowsException error)
		{
			if (error.Code == Win32Error.ERROR_NONE_MAPPED)
				return null;
			throw;
		}
	}

	static byte[] ParseSid(string text)
	{
		IntPtr pointer = IntPtr.Zero;
		Check("ConvertStringSidToSid", () => NativeMethods.ConvertStringSidToSidW(text, out pointer));
		byte[] sid = new byte[8 + 4 * Marshal.ReadByte(pointer, 1)];
		Marshal.Copy(pointer, sid, 0, sid.Length);
		NativeMethods.LocalFree(pointer);
		return sid;
	}

	static void Check(string call, Func<bool> native)
	{
		Calling = call;
		if (!native())
			throw new WindowsException(call, Marshal.GetLastWin32Error());
	}
}
}
