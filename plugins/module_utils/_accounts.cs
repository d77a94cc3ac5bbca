// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Who a name or a SID stands for, as Windows knows accounts.

using System;
using System.Runtime.InteropServices;
using System.Text;
using ansible_collections.winops.rds.plugins.module_utils._win32;

namespace ansible_collections.winops.rds.plugins.module_utils._accounts
{
	internal static class NativeMethods
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

	internal static class Account
	{
		private const int NameSamCompatible = 2; // EXTENDED_NAME_FORMAT: DOMAIN\user
		private const int LongestName = 512;
		private const int SECURITY_MAX_SID_SIZE = 68;

		// The call in progress, for whoever waits for it.
		internal static volatile string Calling = "";

		// The account that this runs as, as DOMAIN\user.
		internal static string Current()
		{
			Calling = "GetUserNameEx";
			UInt32 length = LongestName;
			StringBuilder name = new StringBuilder(LongestName);
			if (!NativeMethods.GetUserNameExW(NameSamCompatible, name, ref length))
				throw new WindowsException(Calling, Marshal.GetLastWin32Error());
			return name.ToString();
		}

		// The DOMAIN\user of a SID or a user principal name; null if there is no such account.
		internal static string Resolve(string text)
		{
			try
			{
				return NameOf(text.IndexOf('@') < 0 ? ParseSid(text) : LookUpSid(text));
			}
			catch (WindowsException error)
			{
				if (error.Code == Win32Error.ERROR_NONE_MAPPED)
					return null;
				throw;
			}
		}

		private static string NameOf(byte[] sid)
		{
			Calling = "LookupAccountSid";
			UInt32 nameLength = LongestName, domainLength = LongestName;
			StringBuilder name = new StringBuilder(LongestName), domain = new StringBuilder(LongestName);
			Int32 use;
			if (!NativeMethods.LookupAccountSidW(null, sid, name, ref nameLength, domain, ref domainLength, out use))
				throw new WindowsException(Calling, Marshal.GetLastWin32Error());
			return domain + "\\" + name;
		}

		private static byte[] LookUpSid(string name)
		{
			Calling = "LookupAccountName";
			byte[] sid = new byte[SECURITY_MAX_SID_SIZE];
			UInt32 sidLength = SECURITY_MAX_SID_SIZE, domainLength = LongestName;
			StringBuilder domain = new StringBuilder(LongestName);
			Int32 use;
			if (!NativeMethods.LookupAccountNameW(null, name, sid, ref sidLength, domain, ref domainLength, out use))
				throw new WindowsException(Calling, Marshal.GetLastWin32Error());
			return sid;
		}

		private static byte[] ParseSid(string text)
		{
			Calling = "ConvertStringSidToSid";
			IntPtr pointer;
			if (!NativeMethods.ConvertStringSidToSidW(text, out pointer))
				throw new WindowsException(Calling, Marshal.GetLastWin32Error());
			byte[] sid = new byte[8 + 4 * Marshal.ReadByte(pointer, 1)];
			Marshal.Copy(pointer, sid, 0, sid.Length);
			NativeMethods.LocalFree(pointer);
			return sid;
		}
	}
}
