// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Calls that may not come back.
//
// Theory of operation. A call to a server may hang, for minutes or for ever. Its thread cannot be stopped, so it is left
// behind, and another goes on. All that the threads of one server know is guarded by a lock, the gate. A thread holds it
// whenever it runs, except during a call to Windows: then whoever looks on can see how long the call has lasted.
//
//   running   -- begins a call, opening the gate ---> calling
//   calling   -- the call returns, the gate closes -> running
//   calling   -- it lasts too long ----------------> abandoned: its session is settled as unanswered, and a new thread
//                takes over; where the call was about no session, or too many have hung, it is the server that is given up
//   abandoned -- the call returns after all -------> ended, by GivenUpException, touching nothing
//   running   -- nothing is left to do ------------> calling, for the last time (WTSCloseServer) -> ended
//
// What is still to be done is in queues, so whoever takes over does nothing twice. What an abandoned call was to do may
// still be done by Windows: that is reported as not known, and never asked for again.

using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;

namespace ansible_collections.winops.rds.plugins.module_utils._calls
{
using _win32;

// Nobody waits for this thread any more: it is to stop, and to touch nothing.
sealed class GivenUpException : Exception
{
}

// The calls of one thread, which holds the gate between them.
sealed class CallWatch
{
	readonly object gate;
	readonly Stopwatch time = new Stopwatch();
	Int64 userTime; // milliseconds that a user may take to answer the call

	internal string Calling; // the call in progress; null: none
	internal bool GivenUp;

	internal CallWatch(object gate)
	{
		this.gate = gate;
	}

	internal bool HasLasted(Int64 milliseconds)
	{
		return Calling != null && time.ElapsedMilliseconds >= milliseconds + userTime;
	}

	// Makes a call that Windows may refuse.
	internal void Call(string name, Func<bool> native, Int64 mayTake = 0)
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

	// Makes the last call of a thread, which is made also by one that was given up.
	internal void CallLast(string name, Action native)
	{
		Open(name, 0, native);
	}

	void Open(string name, Int64 mayTake, Action native)
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
