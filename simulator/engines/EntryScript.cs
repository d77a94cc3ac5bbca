// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Calls a static method that takes a text and returns one, as the one statement of a module's PowerShell does. Its class
// and name are the arguments; for each line on stdin there is a line on stdout. The mono engine sends one.

using System;
using System.IO;
using System.Reflection;
using System.Text;

internal static class EntryScript
{
    private static void Main(string[] arguments)
    {
        StreamReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        StreamWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        MethodInfo method = Assembly.GetExecutingAssembly().GetType(arguments[0], true).GetMethod(arguments[1]);
        string line;
        while ((line = input.ReadLine()) != null)
            output.WriteLine(method.Invoke(null, new object[] { line }));
        // Like a process of Windows, without waiting for threads whose call hangs: at the end of Main, Mono aborts them first.
        Environment.Exit(0);
    }
}
