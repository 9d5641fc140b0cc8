using System.Diagnostics.CodeAnalysis;
using Verathos.Fingerprint.Keys;

namespace Verathos.Validator.Keys;

/// <summary>One model's keys for one epoch, opened. Safe for concurrent use.</summary>
public sealed class EpochKeys : IDisposable
{
    private readonly Lock _lock = new();
    private readonly KeyFileReader _reader;

    private EpochKeys(KeyFileReader reader, ModelConstants constants, MatrixKey output) => (_reader, Constants, Output) = (reader, constants, output);

    /// <summary>What is no secret of the model.</summary>
    public ModelConstants Constants { get; }

    /// <summary>The output matrix's key.</summary>
    public MatrixKey Output { get; }

    /// <summary>The file's header.</summary>
    public KeyFileHeader Header => _reader.Header;

    /// <summary>Opens a key file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    /// <param name="keys">The keys, which the caller disposes.</param>
    /// <param name="error">Why there are none.</param>
    public static bool TryOpen(string path, ReadOnlySpan<byte> ownerSecret, [NotNullWhen(true)] out EpochKeys? keys, [NotNullWhen(false)] out string? error)
    {
        keys = null;
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (!KeyFileReader.TryOpen(stream, ownerSecret, out KeyFileReader? reader, out error))
        {
            stream.Dispose();
            return false;
        }

        if (!ValidatorKeys.TryRead(reader, out ModelConstants? constants) || !reader.TryReadMatrix(ValidatorKeys.Output, out MatrixKey? output))
        {
            reader.Dispose();
            error = $"{path} was sealed to another owner, or was changed";
            return false;
        }

        keys = new EpochKeys(reader, constants, output);
        return true;
    }

    /// <summary>Reads one layer's key.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="key">The key, which the caller disposes.</param>
    public bool TryReadLayer(int layer, [NotNullWhen(true)] out LayerKey? key)
    {
        lock (_lock)
        {
            return ValidatorKeys.TryRead(_reader, Constants, layer, out key);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Output.Dispose();
        _reader.Dispose();
    }
}
