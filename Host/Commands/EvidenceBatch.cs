using System.Text;
using System.Threading.Channels;
using Verathos.Attestation.Batch;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos evidence verify --batch FILE|-</c>: lines of evidence in, lines of verdicts out, in the same order.</summary>
internal static class EvidenceBatch
{
    /// <summary>Verifies every line; the exit status says only that each got its verdict.</summary>
    public static async Task<ExitCode> RunAsync(string source, Func<BatchRequest, ReadOnlyMemory<byte>>? collect, Output output, CancellationToken token)
    {
        using TextReader lines = source == "-"
            ? new StreamReader(System.Console.OpenStandardInput(), Encoding.UTF8)
            : new StreamReader(source, Encoding.UTF8);
        BatchVerifier verifier = new(TimeProvider.System, collect);
        int depth = 2 * Environment.ProcessorCount;
        Channel<Task<string>> pending = Channel.CreateBounded<Task<string>>(new BoundedChannelOptions(depth) { SingleReader = true, SingleWriter = true });
        Task reading = ReadAsync(lines, verifier, pending.Writer, token);
        await foreach (Task<string> verdict in pending.Reader.ReadAllAsync(token).ConfigureAwait(false))
            output.RawLine(await verdict.ConfigureAwait(false));

        await reading.ConfigureAwait(false);
        return ExitCode.Accepted;
    }

    private static async Task ReadAsync(TextReader lines, BatchVerifier verifier, ChannelWriter<Task<string>> pending, CancellationToken token)
    {
        Exception? failure = null;
        try
        {
            while (await lines.ReadLineAsync(token).ConfigureAwait(false) is { } line)
            {
                await pending.WriteAsync(Task.Run(() => verifier.Verify(line), token), token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            failure = e;
        }

        pending.Complete(failure);
    }
}
