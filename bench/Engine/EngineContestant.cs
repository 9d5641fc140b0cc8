using System.Text.Json;
using Verathos.Bench.Peers;

namespace Verathos.Bench.Engine;

/// <summary>A program under measurement, with its model loaded.</summary>
internal sealed class EngineContestant : IDisposable
{
    private readonly ReferenceProcess _process;

    private EngineContestant(ReferenceProcess process, string name, bool prefillOnly) => (_process, Name, PrefillOnly) = (process, name, prefillOnly);

    public string Name { get; }

    /// <summary>Whether it takes part in the prefill only.</summary>
    public bool PrefillOnly { get; }

    public double PeakMegabytes => _process.PeakBytes / 1e6;

    /// <summary>What the process holds of a GPU's memory, in units of 10^6 bytes, or null where none says so.</summary>
    public double? DeviceMegabytes => _process.DeviceBytes / 1e6;

    /// <summary>Starts llama.cpp on a model.</summary>
    public static Task<EngineContestant> StartPeerAsync(EngineBenchOptions options, string name, string path, int context, CancellationToken cancellationToken) =>
        LoadAsync(ReferenceProcess.Start(options.Reference, "llama.mjs"), name, false, new { op = "load", path, threads = options.Threads, sequences = EngineWorker.Sequences, context }, cancellationToken);

    /// <summary>Starts Hugging Face's transformers on a model's folder.</summary>
    public static Task<EngineContestant> StartTransformersAsync(EngineBenchOptions options, string name, string path, string type, bool cuda, CancellationToken cancellationToken) =>
        LoadAsync(ReferenceProcess.Start(options.Reference, "torch_peer.py"), name, false, new { op = "load", path, threads = options.Threads, type, device = cuda ? "cuda" : "cpu" }, cancellationToken);

    /// <summary>Starts our engine on a model.</summary>
    public static Task<EngineContestant> StartOwnAsync(EngineBenchOptions options, string name, string path, int context, string profile, bool prefillOnly, CancellationToken cancellationToken) =>
        LoadAsync(ReferenceProcess.Start(options.WorkerCommand, options.Reference), name, prefillOnly, new { op = "load", path, threads = options.Threads, profile, context }, cancellationToken);

    /// <summary>Computes answers to all prompts at once.</summary>
    public async Task<EngineTimes> RunAsync(int[][] prompts, int tokens, CancellationToken cancellationToken)
    {
        JsonElement answer = await _process.AskAsync(new { op = "generate", prompts, tokens }, cancellationToken).ConfigureAwait(false);
        return answer.Deserialize<EngineTimes>(EngineWorker.Json)!;
    }

    public void Dispose() => _process.Dispose();

    private static async Task<EngineContestant> LoadAsync(ReferenceProcess process, string name, bool prefillOnly, object request, CancellationToken cancellationToken)
    {
        try
        {
            await process.AskAsync(request, cancellationToken).ConfigureAwait(false);
            return new EngineContestant(process, name, prefillOnly);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }
}
