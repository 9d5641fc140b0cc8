using System.Diagnostics;
using Verathos.Bench.Peers;

namespace Verathos.Bench.TrainingFaults;

/// <summary>A member's process, which can be killed and started again.</summary>
internal sealed class Member(string kind, string name, IReadOnlyList<string> command, string log) : IDisposable
{
    private Process? _process;

    /// <summary>coordinator, worker or validator.</summary>
    public string Kind { get; } = kind;

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Kills so far.</summary>
    public int Kills { get; private set; }

    /// <summary>Whether it is to be left down.</summary>
    public bool IsHeld { get; set; }

    /// <summary>When it is started again, on the stopwatch; null while it runs.</summary>
    public TimeSpan? Back { get; set; }

    /// <summary>Whether it ended by itself, with success.</summary>
    public bool IsDone => _process is { HasExited: true, ExitCode: 0 };

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts it.</summary>
    public void Start()
    {
        _process?.Dispose();
        Back = null;

        // The shell puts the program in its own place, so that what is killed is the program.
        ProcessStartInfo start = new("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(log);
        foreach (string argument in command)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start);
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        if (IsRunning)
        {
            _process!.Kill();
            _process.WaitForExit();
            Kills++;
        }
    }

    /// <summary>Throws where it ended by itself without success.</summary>
    /// <exception cref="ReferenceException">With the last lines of its log.</exception>
    public void Check()
    {
        if (Back is null && !IsHeld && _process is { HasExited: true, ExitCode: not 0 } ended)
        {
            throw new ReferenceException($"{Name} ended with status {ended.ExitCode}: {string.Join(" | ", File.ReadLines(log).TakeLast(3))}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (IsRunning)
        {
            _process!.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
    }
}
