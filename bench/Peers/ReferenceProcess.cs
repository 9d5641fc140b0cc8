using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Verathos.Bench.Peers;

/// <summary>A script of bench/reference as a child process that answers one JSON object a line with one JSON object a line.</summary>
public sealed class ReferenceProcess : IDisposable
{
    private readonly Process _process;

    private ReferenceProcess(Process process) => _process = process;

    /// <summary>The folder bench/reference with its installed packages: the nearest one above the program or the current folder.</summary>
    /// <exception cref="ReferenceException">There is none, or its packages are not installed.</exception>
    public static string FindFolder()
    {
        foreach (string start in (string[])[Environment.CurrentDirectory, AppContext.BaseDirectory])
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, "bench", "reference");
                if (Directory.Exists(Path.Combine(candidate, "node_modules")))
                {
                    return candidate;
                }
            }
        }

        throw new ReferenceException("bench/reference/node_modules is in no folder above: run npm ci in bench/reference, or name the folder");
    }

    /// <summary>Starts a script.</summary>
    /// <param name="folder">bench/reference.</param>
    /// <param name="script">The script's file name.</param>
    /// <exception cref="ReferenceException">Node.js, or Python for a script of its own, is not installed.</exception>
    public static ReferenceProcess Start(string folder, string script) =>
        Start([Path.GetExtension(script) == ".py" ? "python3" : "node", Path.Combine(folder, script)], folder);

    /// <summary>Starts a program that answers in the same way.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="folder">Where it runs.</param>
    /// <exception cref="ReferenceException">The program is not installed.</exception>
    public static ReferenceProcess Start(IReadOnlyList<string> command, string folder)
    {
        ArgumentNullException.ThrowIfNull(command);
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        try
        {
            return new ReferenceProcess(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            throw new ReferenceException($"{command[0]} is not installed", e);
        }
    }

    /// <summary>The greatest resident memory of the process so far, in bytes.</summary>
    public long PeakBytes => ProcessMemory.PeakBytes(_process.Id);

    /// <summary>What the process holds of GPUs' memory now, in bytes; null where no tool says so.</summary>
    public long? DeviceBytes => ProcessMemory.DeviceBytes(_process.Id);

    /// <summary>Sends a request and gives the answer.</summary>
    /// <exception cref="ReferenceException">The script ended, or answered with an error.</exception>
    public async Task<JsonElement> AskAsync(object request, CancellationToken cancellationToken = default)
    {
        JsonElement answer = await AskFreelyAsync(request, cancellationToken).ConfigureAwait(false);
        return answer.TryGetProperty("error", out JsonElement error) ? throw new ReferenceException($"the reference program failed: {error}") : answer;
    }

    /// <summary>Sends a request and gives the answer, which may be an error.</summary>
    /// <exception cref="ReferenceException">The script ended.</exception>
    public async Task<JsonElement> AskFreelyAsync(object request, CancellationToken cancellationToken = default)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request).AsMemory(), cancellationToken).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync(cancellationToken).ConfigureAwait(false);
        string line = await _process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new ReferenceException("the reference program ended early; what it said is above");
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    /// <summary>A text as base64 of UTF-16, in which half a surrogate pair survives.</summary>
    public static string Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] bytes = new byte[2 * text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), text[i]);
        }

        return Convert.ToBase64String(bytes);
    }

    /// <summary>The text of <see cref="Encode"/>.</summary>
    public static string Decode(string base64)
    {
        byte[] bytes = Convert.FromBase64String(base64);
        return string.Create(bytes.Length / 2, bytes, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = (char)(from[2 * i] | (from[(2 * i) + 1] << 8));
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
