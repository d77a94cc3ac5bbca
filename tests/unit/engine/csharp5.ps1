# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# csharp5.ps1 REFERENCES FILE...: compiles files together as C# 5, by the Roslyn that PowerShell 7 brings, against the
# assemblies in a folder, and prints what the compiler has to say.
param([string]$References, [Parameter(ValueFromRemainingArguments)][string[]]$Files)
$ErrorActionPreference = 'Stop'

foreach ($name in 'Microsoft.CodeAnalysis', 'Microsoft.CodeAnalysis.CSharp') {
    [void][Reflection.Assembly]::LoadFrom((Join-Path $PSHOME "$name.dll"))
}
$language = [Microsoft.CodeAnalysis.CSharp.CSharpParseOptions]::Default.WithLanguageVersion('CSharp5')
[Microsoft.CodeAnalysis.SyntaxTree[]]$trees = foreach ($file in $Files) {
    [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree]::ParseText([IO.File]::ReadAllText($file), $language, $file)
}
[Microsoft.CodeAnalysis.MetadataReference[]]$assemblies = foreach ($name in 'mscorlib', 'System', 'System.Core', 'System.Web.Extensions') {
    [Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile((Join-Path $References "$name.dll"))
}
$options = [Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions]::new('DynamicallyLinkedLibrary').WithWarningLevel(4)
$compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create('engine', $trees, $assemblies, $options)
$compilation.GetDiagnostics() | Where-Object Severity -GE 'Warning' | ForEach-Object { "$_" }
