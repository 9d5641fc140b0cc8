using System.Security.Cryptography;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What a validator computed of an answer: its own proofs, sketches and logits, and the commitment where its profile is the node's. Overwritten on <see cref="Dispose"/>.</summary>
public sealed class AnswerReplay : IDisposable
{
    private readonly ReplayRequest _request;
    private readonly ReplayCollector _collector;

    internal AnswerReplay(ReplayRequest request, ReplayCollector collector) => (_request, _collector) = (request, collector);

    /// <summary>Depths, in layers, that were computed and are sketched.</summary>
    public IReadOnlyList<int> Depths => _collector.Depths;

    /// <summary>Own TOPLOC proofs, in the order of chunks; none where not all layers were computed.</summary>
    public IReadOnlyList<byte[]> Toploc => _collector.Proofs.Toploc;

    /// <summary>Own step hashes, in order; none without a trace's secret.</summary>
    public IReadOnlyList<byte[]> StepHashes { get; internal init; } = [];

    /// <summary>32 bytes over all steps; empty without a trace's secret.</summary>
    public byte[] TraceRoot { get; internal init; } = [];

    /// <summary>32 bytes over all TOPLOC proofs; empty without a trace's secret.</summary>
    public byte[] ToplocRoot { get; internal init; } = [];

    /// <summary>32 bytes over all sketches; empty without a trace's secret.</summary>
    public byte[] SketchRoot { get; internal init; } = [];

    /// <summary>Own sketches of a depth, 128 bytes a chunk.</summary>
    /// <param name="depth">In layers.</param>
    public IReadOnlyList<byte[]> SketchesAt(int depth) => _collector.Proofs.SketchesOf(PlaceOf(depth));

    /// <summary>Compares a node's sketches at one depth.</summary>
    /// <param name="depth">In layers; one of <see cref="Depths"/>.</param>
    /// <param name="chunks">The node's, chunk by chunk, those of all depths one after another.</param>
    /// <param name="comparisons">One for each chunk.</param>
    /// <returns>False where the number or a length is not as it must be.</returns>
    public bool TryCompareSketches(int depth, IReadOnlyList<byte[]> chunks, out SketchComparison[] comparisons)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        comparisons = [];
        int place = PlaceOf(depth);
        IReadOnlyList<byte[]> own = SketchesAt(depth);
        int size = _collector.Proofs.Depths.Count * SketchPlan.Size;
        if (chunks.Count != own.Count || chunks.Any(chunk => chunk is null || chunk.Length != size))
        {
            return false;
        }

        comparisons = [.. own.Select((sketch, i) => SketchComparison.Of(chunks[i].AsSpan(place * SketchPlan.Size, SketchPlan.Size), sketch))];
        return true;
    }

    /// <summary>Compares a node's TOPLOC proofs with own activations.</summary>
    /// <param name="proofs">The node's, chunk by chunk.</param>
    /// <param name="comparisons">One for each chunk.</param>
    /// <returns>False where the number of proofs is not as it must be, or one is none.</returns>
    /// <exception cref="InvalidOperationException">Not all layers were computed.</exception>
    public bool TryCompareToploc(IReadOnlyList<byte[]> proofs, out ToplocComparison[] comparisons)
    {
        ArgumentNullException.ThrowIfNull(proofs);
        comparisons = [];
        if (_collector.Top.Count == 0)
        {
            throw new InvalidOperationException("TOPLOC compares the last hidden states, which a partial prefill does not compute");
        }

        if (proofs.Count != _collector.Top.Count)
        {
            return false;
        }

        ToplocComparison[] made = new ToplocComparison[proofs.Count];
        for (int i = 0; i < made.Length; i++)
        {
            TopActivations own = _collector.Top[i];
            if (proofs[i] is not { } encoded || !ToplocProof.TryParse(encoded, own.Places.Length, out ToplocProof? proof))
            {
                return false;
            }

            made[i] = proof.Compare(own);
        }

        comparisons = made;
        return true;
    }

    /// <summary>Own logits after a step.</summary>
    /// <param name="step">From the prompt's last to the last computed.</param>
    /// <exception cref="InvalidOperationException">No logits were asked for, or the step has none.</exception>
    public ReadOnlySpan<float> LogitsAt(int step) =>
        _collector.Logits.TryGetValue(step, out float[]? row) ? row : throw new InvalidOperationException($"no logits were kept of step {step}");

    /// <summary>By how much each token of the answer falls short of the one that own logits would have drawn, in millionths of a logit.</summary>
    /// <param name="parameters">As the receipt says.</param>
    /// <param name="seed">32 bytes, from <see cref="SamplingSeed"/>.</param>
    /// <param name="rules">Cap and widening.</param>
    /// <param name="allowed">What the answer's format allows at a token, from 0; null where everything is.</param>
    public long[] Margins(in SamplingParameters parameters, ReadOnlySpan<byte> seed, MarginRules rules, Func<int, ReadOnlyMemory<ulong>>? allowed = null)
    {
        (int[] ids, int prompt) = (_request.Ids, _request.PromptTokens);
        long[] margins = new long[ids.Length - prompt];
        for (int i = 0; i < margins.Length; i++)
        {
            ReadOnlySpan<ulong> may = allowed is null ? default : allowed(i).Span;
            margins[i] = TokenMargin.Compute(LogitsAt(prompt + i - 1), parameters, seed, ids.AsSpan(0, prompt), ids.AsSpan(prompt, i), may, ids[prompt + i], rules);
        }

        return margins;
    }

    /// <summary>Overwrites what tells of the answer.</summary>
    public void Dispose()
    {
        _collector.Dispose();
        foreach (byte[] hash in StepHashes)
        {
            CryptographicOperations.ZeroMemory(hash);
        }
    }

    private int PlaceOf(int depth)
    {
        int place = Array.IndexOf(_collector.Depths, depth);
        return place >= 0 ? place : throw new ArgumentOutOfRangeException(nameof(depth), depth, "this depth is not sketched or was not computed");
    }
}
