using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Tests.Openings;

namespace Verathos.Fingerprint.Tests.Keys;

/// <summary>A validator's keys to one layer and the output of a <see cref="TinyModel"/>.</summary>
public sealed class LayerKeyOwner(TinyModel model, int layer) : IDisposable
{
    public LayerKey Layer { get; } = model.Key(layer);

    public MatrixKey Output { get; } = model.OutputKey();

    public LayerLimits Limits { get; } = LayerLimits.Exact(2.5, 1e-12);

    public void Dispose()
    {
        Layer.Dispose();
        Output.Dispose();
    }
}
