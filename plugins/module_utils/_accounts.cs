// SPDX-License-Identifier: GPL-3.0-or-later

// Accounts, as Windows knows them.

using System;
using System.Runtime.InteropServices;
using System.Text;

namespace ansible_collections.winops.rds.plugins.module_utils._accounts
{
using _calls;

static class NativeMethods
{
	[DllImport("kernel32.dll")]
	internal static extern IntPtr LocalFree(IntPtr hMem);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool ConvertStringSidToSidW(string StringSid, out IntPtr Sid);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool LookupAccountNameW(
		string lpSystemName, string lpAccountName, byte[] Sid, ref uint cbSid,
		StringBuilder ReferencedDomainName, ref uint cchReferencedDomainName, out int peUse);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool LookupAccountSidW(
		string lpSystemName, byte[] Sid, StringBuilder Name, ref uint cchName,
		StringBuilder ReferencedDomainName, ref uint cchReferencedDomainName, out int peUse);
}

// Whom a name stands for: an account, a group, a domain.
sealed class Account
{
	internal const int SidTypeUser = 1; // SID_NAME_USE
	internal const int SidTypeDomain = 3;
	const int LongestName = 512;
	const int SECURITY_MAX_SID_SIZE = 68;

	internal string Name; // DOMAIN\user
	internal string Sid;
	internal int Use;     // SID_NAME_USE; 0: there is none

	// By a SID, a user principal name, DOMAIN\user (with either name of the domain) or a name alone.
	internal static Account Find(string name, string server = null)
	{
		byte[] sid = new byte[SECURITY_MAX_SID_SIZE];
		uint sidLength = SECURITY_MAX_SID_SIZE, userLength = LongestName, domainLength = LongestName;
		StringBuilder user = new StringBuilder(LongestName), domain = new StringBuilder(LongestName);
		int use = 0;
		try
		{
			if (name.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase))
				sid = ParseSid(name);
			else
				TimedCalls.Call("LookupAccountName", () => NativeMethods.LookupAccountNameW(server, name, sid, ref sidLength, domain, ref domainLength, out use));
			domainLength = LongestName;
			TimedCalls.Call("LookupAccountSid", () => NativeMethods.LookupAccountSidW(server, sid, user, ref userLength, domain, ref domainLength, out use));
			return new Account { Name = domain + "\\" + user, Sid = Text(sid), Use = use };
		}
		catch (WindowsException error)
		{
			if (error.Code != Win32Error.ERROR_NONE_MAPPED)
				throw;
			return new Account();
		}
	}

	static byte[] ParseSid(string text)
	{
		IntPtr pointer = IntPtr.Zero;
		TimedCalls.Call("ConvertStringSidToSid", () => NativeMethods.ConvertStringSidToSidW(text, out pointer));
		byte[] sid = new byte[8 + 4 * Marshal.ReadByte(pointer, 1)];
		Marshal.Copy(pointer, sid, 0, sid.Length);
		NativeMethods.LocalFree(pointer);
		return sid;
	}

	static string Text(byte[] sid)
	{
		string text = "S-1-" + sid[7]; // no authority has a number of more than this byte
		for (int i = 0; i < sid[1]; i++)
			text += "-" + BitConverter.ToUInt32(sid, 8 + 4 * i);
		return text;
	}
}
}
