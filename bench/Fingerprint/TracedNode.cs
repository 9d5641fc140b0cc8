using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fingerprint;

/// <summary>A node that answers with some weights, commits to what it computed with them, and opens it.</summary>
internal sealed class TracedNode : IDisposable
{
    private const int Prompt = 24;
    private const int Answer = 24;
    private readonly Lane16Backend _backend;
    private readonly ValidatorKeyMaker _rows;
    private readonly OpeningMaker _opener;

    public TracedNode(ModelSource served, ValidatorKeyMaker rows)
    {
        _rows = rows;
        _backend = new Lane16Backend(served, NumericProfile.Bf16Lane16, Prompt + Answer, 1);
        _opener = new OpeningMaker(_backend, rows);
    }

    /// <summary>Answers a random prompt.</summary>
    public (CommittedAnswer Answer, CommittedTrace Trace, DrawnToken Drawn) Run(int seed)
    {
        Random random = new(seed);
        TraceShape shape = _rows.Constants.Shape;
        byte[] secret = Digest("secret", seed);
        DrawnToken drawn = new(SamplingParameters.FromDecimals(0.8, 0.95, 50), SamplingSeed.Derive((ulong)seed, Digest("nonce", seed)), Prompt, Array.Empty<ulong>());
        using TraceCommitment trace = new(shape, secret);
        using SequenceState state = _backend.CreateSequence(Prompt + Answer);
        state.Trace = new SequenceTrace(trace, Prompt);
        List<int> ids = [.. Enumerable.Range(0, Prompt).Select(_ => random.Next(shape.VocabularySize))];
        float[] logits = new float[shape.VocabularySize];
        for (int step = 0; step < Answer; step++)
        {
            _backend.Forward(state, [.. ids.Skip(state.Length)], logits);
            ids.Add(Sampler.Sample(logits, drawn.Parameters, drawn.Seed.Span, step));
        }

        byte[] root = new byte[TraceHash.Size];
        trace.WriteRoot(root);
        return (new CommittedAnswer([.. ids], Prompt, secret, [.. trace.StepHashes]), new CommittedTrace(shape, trace.Steps, root), drawn);
    }

    /// <summary>Opens what an audit asks for.</summary>
    public (LayerEvidence Layer, LogitsEvidence Logits) Open(CommittedAnswer answer, in OpeningPlan plan) => _opener.Open(answer, plan);

    public void Dispose() => _backend.Dispose();

    /// <summary>Thirty-two bytes for a purpose.</summary>
    public static byte[] Digest(string purpose, int number)
    {
        byte[] input = [.. System.Text.Encoding.ASCII.GetBytes(purpose), 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(input.Length - sizeof(int)), number);
        return SHA256.HashData(input);
    }
}
