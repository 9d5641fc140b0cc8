using System.ComponentModel;
using System.Diagnostics;
using Verathos.GpuRuntime.Native;

namespace Verathos.Host.Doctor;

/// <summary>How the doctor sees a machine: files below a root, and programs that it may run. A test gives both.</summary>
public sealed class MachineView
{
    private static readonly TimeSpan ProgramPatience = TimeSpan.FromSeconds(10);

    private readonly string _root;
    private readonly Func<string, IReadOnlyList<string>, string?> _run;

    /// <summary>The machine that this process runs on.</summary>
    public static MachineView Real { get; } = new("/", RunProgram);

    /// <summary>A machine whose files are below <paramref name="root"/> and whose programs answer through <paramref name="run"/>.</summary>
    /// <param name="root">The folder that stands for <c>/</c>.</param>
    /// <param name="run">Gives a program's standard output, or null when it is absent or fails.</param>
    public MachineView(string root, Func<string, IReadOnlyList<string>, string?> run) => (_root, _run) = (root, run);

    /// <summary>The memory that a process here can still take, limits around it counted in.</summary>
    public MachineMemory Memory => MachineMemory.Read(_root);

    /// <summary>Whether a file, folder or device is there.</summary>
    public bool Exists(string path) => File.Exists(At(path)) || Directory.Exists(At(path));

    /// <summary>Whether this user may open a device or file for reading.</summary>
    public bool CanRead(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(At(path));
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A file's text without white space around it, or null when it cannot be read.</summary>
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(At(path)).Trim();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A program's standard output, or null when it is absent or fails.</summary>
    public string? Run(string program, params IReadOnlyList<string> arguments) => _run(program, arguments);

    private string At(string path) => Path.Combine(_root, path.TrimStart('/'));

    private static string? RunProgram(string program, IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(ProgramPatience))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }

            Task.WaitAll(output, error);
            return process.ExitCode == 0 ? output.Result : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
