// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What every import of a Windows function rests on: where the libraries come from, and what a refused call is.
//
// All C# of this collection is compiled by Windows PowerShell 5.1 (a C# 5 compiler), by PowerShell 7 and, in the tests,
// by Mono: no newer syntax. Each byte travels with each task, in Base64 of Base64: tabs, and no modifier that says what
// holds anyway (private, of a member; internal, of a type).

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;

// From System32 and nowhere else, whatever lies in the folder that PowerShell was started in:
// https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca5392
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace ansible_collections.winops.rds.plugins.module_utils._win32
{
// Error codes, named as in winerror.h. What a code means for the user is said on the controller.
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

// A call that Windows refused: which one, and the Win32 error code that it gave. ERROR_SUCCESS: it gave nothing else,
// either. Null: it did not answer.
sealed class WindowsException : Exception
{
	internal readonly string Call;
	internal readonly int? Code;

	internal WindowsException(string call, int? code)
		: base(String.Format(CultureInfo.InvariantCulture, "{0} failed with Win32 error {1}", call, code))
	{
		Call = call;
		Code = code;
	}

	// Windows says that it does not have the session. No other error says so, least of all "no access".
	internal bool SaysSessionIsGone { get { return Code == Win32Error.ERROR_FILE_NOT_FOUND || Code == Win32Error.ERROR_CTX_WINSTATION_NOT_FOUND; } }

	internal bool SaysDenied { get { return Code == Win32Error.ERROR_ACCESS_DENIED || Code == Win32Error.ERROR_CTX_WINSTATION_ACCESS_DENIED; } }
}

// A refused call, as it is reported.
public sealed class CallReport
{
	public string call;
	public int? code;

	internal static CallReport Of(WindowsException error)
	{
		return error == null ? null : new CallReport { call = error.Call, code = error.Code };
	}
}

// What lies in memory that Windows has filled.
static class Memory
{
	internal static T Structure<T>(IntPtr pointer)
	{
		return (T)Marshal.PtrToStructure(pointer, typeof(T));
	}

	internal static List<T> Array<T>(IntPtr pointer, UInt32 count)
	{
		List<T> items = new List<T>((int)count);
		int size = Marshal.SizeOf(typeof(T));
		for (UInt32 i = 0; i < count; i++)
			items.Add(Structure<T>(new IntPtr(pointer.ToInt64() + (Int64)i * size)));
		return items;
	}

	internal static string Text(IntPtr pointer)
	{
		return Marshal.PtrToStringUni(pointer) ?? "";
	}
}
}
