using System.Diagnostics;
using System.Text;

namespace Verathos.Host.Tests.Processes;

/// <summary>A process that a test started; it ends with the test.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
    }

    public int Id => _process.Id;

    public string Output => Text(_output);

    public string Error => Text(_error);

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program in a folder of its own, which is also its home and its place for temporary files.</summary>
    public static ChildProcess Start(string folder, string program, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [program, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string variable in (string[])["HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"])
        {
            start.Environment[variable] = folder;
        }

        start.Environment["DOTNET_NOLOGO"] = "1";
        ChildProcess child = new(Process.Start(start)!);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits until standard error has a text; fails with everything said when the process ends before.</summary>
    public async Task SaysAsync(string text)
    {
        await Eventually.TrueAsync(() => Error.Contains(text, StringComparison.Ordinal) || HasExited);
        Assert.True(Error.Contains(text, StringComparison.Ordinal), $"the process ended without saying '{text}': {Output} {Error}");
    }

    /// <summary>Waits for the address in the line "listening on ADDRESS;".</summary>
    public async Task<Uri> AddressAsync()
    {
        const string before = "listening on ";
        await SaysAsync(before);
        string rest = Error[(Error.IndexOf(before, StringComparison.Ordinal) + before.Length)..];
        return new Uri(rest[..rest.IndexOf(';', StringComparison.Ordinal)]);
    }

    public void Signal(int signal) => NativeSignal.Send(Id, signal);

    /// <summary>Waits for the end and gives the exit status.</summary>
    public async Task<int> ExitAsync()
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.Append(line).Append('\n');
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
