using Verathos.Fingerprint.Keys;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>A validator's keys of a whole model, fresh.</summary>
internal sealed class KeySet : IDisposable
{
    /// <summary>Keys of a fresh secret, or of one that follows from a seed so that a measurement repeats.</summary>
    public KeySet(ValidatorKeyMaker maker, int? seed = null)
    {
        maker.Seeds = seed is { } number ? name => TaskSource.Digest("key" + name, number, 0) : null;
        Layers = [.. Enumerable.Range(0, maker.Constants.Shape.Layers).Select(maker.Layer)];
        Output = maker.Output();
        maker.Seeds = null;
    }

    public IReadOnlyList<LayerKey> Layers { get; }

    public MatrixKey Output { get; }

    public void Dispose()
    {
        foreach (LayerKey key in Layers)
        {
            key.Dispose();
        }

        Output.Dispose();
    }
}
