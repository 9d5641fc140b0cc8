using System.Security.Cryptography;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.Enclave.Tests.Openings;

/// <summary>Somebody with keys of a model and nothing else of it.</summary>
internal sealed class Judges : IDisposable
{
    private readonly LayerKey[] _layers;
    private readonly MatrixKey _output;
    private readonly LayerLimits _limits = LayerLimits.Exact(3, 1e-12);

    public Judges(string model)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        using MemoryStream file = new();
        using (ReplayModel weights = ReplayModel.Open(model, new LoadOptions { Threads = 1 }))
        {
            weights.WriteKeys(file, 1, secret);
        }

        file.Position = 0;
        Assert.True(KeyFileReader.TryOpen(file, secret, out KeyFileReader? reader, out string? error), error);
        Assert.True(ValidatorKeys.TryRead(reader, out ModelConstants? constants));
        Constants = constants;
        _layers = [.. Enumerable.Range(0, constants.Shape.Layers).Select(layer => ValidatorKeys.TryRead(reader, constants, layer, out LayerKey? key) ? key : throw new InvalidDataException())];
        Assert.True(reader.TryReadMatrix(ValidatorKeys.Output, out MatrixKey? output));
        _output = output;
        reader.Dispose();
    }

    public ModelConstants Constants { get; }

    public void AssertAccepted(OpeningPlan plan, CommittedTrace trace, int[] ids, DrawnToken drawn, ReadOnlyMemory<byte> layer, ReadOnlyMemory<byte> logits)
    {
        Assert.True(OpeningEncoding.TryDecode(layer.Span, Constants, out LayerEvidence? shownLayer));
        Assert.True(OpeningEncoding.TryDecode(logits.Span, Constants, out LogitsEvidence? shownLogits));
        Assert.Equal("accepted", new LayerJudge(_layers[plan.Layer], _limits).Judge(plan, trace, ids, shownLayer).ToString());
        Assert.Equal("accepted", new LogitsJudge(Constants, _output, _limits.Matrices[0]).Judge(plan, trace, ids, drawn, shownLogits).ToString());
    }

    public void Dispose()
    {
        Array.ForEach(_layers, static layer => layer.Dispose());
        _output.Dispose();
    }
}
