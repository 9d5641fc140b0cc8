using Verathos.Fingerprint.Keys;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>A validator's keys of a whole model, fresh.</summary>
internal sealed class KeySet : IDisposable
{
    public KeySet(ValidatorKeyMaker maker)
    {
        Layers = [.. Enumerable.Range(0, maker.Constants.Shape.Layers).Select(maker.Layer)];
        Output = maker.Output();
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
