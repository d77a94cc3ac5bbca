// SPDX-License-Identifier: GPL-3.0-or-later

// Calls of Windows. The guide to developing has the theory of those that do not come back, and says what this C# is
// written for.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

// From nowhere else, whatever lies in the folder that PowerShell was started in (code analysis rule CA5392).
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace ansible_collections.winops.rds.plugins.module_utils._calls
{
// As in winerror.h. What they mean for the user is said on the controller.
static class Win32Error
{
	internal const int ERROR_SUCCESS = 0;
	internal const int ERROR_FILE_NOT_FOUND = 2;
	internal const int ERROR_ACCESS_DENIED = 5;
	internal const int ERROR_MORE_DATA = 234;
	internal const int ERROR_NONE_MAPPED = 1332;
	internal const int ERROR_CTX_CLOSE_PENDING = 7007;
	internal const int ERROR_CTX_WINSTATION_NOT_FOUND = 7022;
	internal const int ERROR_CTX_WINSTATION_BUSY = 7024;
	internal const int ERROR_CTX_WINSTATION_ACCESS_DENIED = 7045;
}

// A call that Windows refused, and the error that it gave. ERROR_SUCCESS: it gave nothing else, either. Null: it did
// not answer.
sealed class WindowsException : Exception
{
	internal readonly string Call;
	internal readonly int? Code;

	internal WindowsException(string call, int? code) : base(call)
	{
		Call = call;
		Code = code;
	}

	// No other error says so, least of all "no access".
	internal bool SaysSessionIsGone { get { return Code == Win32Error.ERROR_FILE_NOT_FOUND || Code == Win32Error.ERROR_CTX_WINSTATION_NOT_FOUND; } }

	internal bool SaysDenied { get { return Code == Win32Error.ERROR_ACCESS_DENIED || Code == Win32Error.ERROR_CTX_WINSTATION_ACCESS_DENIED; } }
}

public sealed class CallReport
{
	public string call;
	public int? code;

	internal static CallReport Of(WindowsException error)
	{
		return error == null ? null : new CallReport { call = error.Call, code = error.Code };
	}
}

// Memory that Windows has filled.
static class Memory
{
	internal static T Structure<T>(IntPtr pointer)
	{
		return (T)Marshal.PtrToStructure(pointer, typeof(T));
	}

	internal static List<T> Array<T>(IntPtr pointer, uint count)
	{
		var items = new List<T>((int)count);
		int size = Marshal.SizeOf(typeof(T));
		for (uint i = 0; i < count; i++)
			items.Add(Structure<T>(new IntPtr(pointer.ToInt64() + (long)i * size)));
		return items;
	}

	internal static string Text(IntPtr pointer)
	{
		return Marshal.PtrToStringUni(pointer) ?? "";
	}
}

static class NativeMethods
{
	[DllImport("secur32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	[return: MarshalAs(UnmanagedType.U1)]
	internal static extern bool GetUserNameExW(int NameFormat, StringBuilder lpNameBuffer, ref uint nSize);
}

// Calls that may wait for a domain controller, or a service, that does not answer.
static class TimedCalls
{
	const int NameSamCompatible = 2; // EXTENDED_NAME_FORMAT: DOMAIN\user
	const int LongestName = 512;

	static volatile string calling = "";

	internal static void Call(string name, Func<bool> native)
	{
		calling = name;
		if (!native())
			throw new WindowsException(name, Marshal.GetLastWin32Error());
	}

	internal static T Within<T>(long milliseconds, Func<T> calls)
	{
		Task<T> task = Task.Run(calls);
		if (Task.WaitAny(new Task[] { task }, (int)Math.Min(milliseconds, Int32.MaxValue)) < 0)
			throw new WindowsException(calling, null);
		return task.GetAwaiter().GetResult();
	}

	// The account that this runs as.
	internal static string OwnAccount()
	{
		uint length = LongestName;
		var name = new StringBuilder(LongestName);
		Call("GetUserNameEx", () => NativeMethods.GetUserNameExW(NameSamCompatible, name, ref length));
		return name.ToString();
	}
}

// Nobody waits for this thread any more.
sealed class GivenUpException : Exception
{
}

// The calls of one thread, which holds the gate between them.
sealed class CallWatch
{
	readonly object gate;
	readonly Stopwatch time = new Stopwatch();
	long userTime; // milliseconds that a user may take to answer the call

	internal string Calling; // the call in progress; null: none
	internal bool GivenUp { get; set; }

	internal CallWatch(object gate)
	{
		this.gate = gate;
	}

	internal bool HasLasted(long milliseconds)
	{
		return Calling != null && time.ElapsedMilliseconds >= milliseconds + userTime;
	}

	internal void Call(string name, Func<bool> native, long mayTake = 0)
	{
		if (GivenUp)
			throw new GivenUpException();
		bool succeeded = false;
		int error = 0;
		Open(name, mayTake, () =>
		{
			succeeded = native();
			error = Marshal.GetLastWin32Error();
		});
		if (GivenUp)
			throw new GivenUpException();
		if (!succeeded)
			throw new WindowsException(name, error);
	}

	// The last call of a thread, made also by one that was given up.
	internal void CallLast(string name, Action native)
	{
		Open(name, 0, native);
	}

	void Open(string name, long mayTake, Action native)
	{
		Calling = name;
		userTime = mayTake;
		time.Restart();
		Monitor.Exit(gate);
		try
		{
			native();
		}
		finally
		{
			Monitor.Enter(gate);
			Calling = null;
		}
	}
}
}
