// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Calls a static method that takes a text and returns one, as the one statement of a module's PowerShell does. Its class
// and name are the arguments; for each line on stdin there is a line on stdout. The engines mono and wine send one.
//
// Mono is told by a file which library stands in for Windows' (build.py). .NET, on wine, asks StandIn: those whose names
// STAND_IN_FOR lists are answered by the DLL STAND_IN, and all others by Wine's own.

using System;
using System.IO;
using System.Reflection;
#if CORECLR
using System.Runtime.InteropServices;
#endif
using System.Text;

internal static class EntryScript
{
    private static void Main(string[] arguments)
    {
        StreamReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        StreamWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
#if CORECLR
        StandIn.Register();
#endif
        MethodInfo method = Assembly.GetExecutingAssembly().GetType(arguments[0], true).GetMethod(arguments[1]);
        string line;
        while ((line = input.ReadLine()) != null)
            output.WriteLine(method.Invoke(null, new object[] { line }));
#if CORECLR
        StandIn.ReportLeaks();
#endif
        // Like a process of Windows, without waiting for threads whose call hangs: at the end of Main, Mono aborts them first.
        Environment.Exit(0);
    }
}

#if CORECLR
internal static class StandIn
{
    private static readonly IntPtr Library = NativeLibrary.Load(Environment.GetEnvironmentVariable("STAND_IN"));
    private static readonly string[] Names = Environment.GetEnvironmentVariable("STAND_IN_FOR").Split(';');

    internal static void Register()
    {
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(),
            (name, asking, paths) => Array.IndexOf(Names, name) >= 0 ? Library : IntPtr.Zero);
    }

    internal static void ReportLeaks()
    {
        ((Action)Marshal.GetDelegateForFunctionPointer(NativeLibrary.GetExport(Library, "ReportLeaks"), typeof(Action)))();
    }
}
#endif
