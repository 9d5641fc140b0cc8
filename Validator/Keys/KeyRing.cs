using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Verathos.Fingerprint.Keys;
using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.Validator.Keys;

/// <summary>
/// A validator's key files, one for each model and epoch: "ROOT-EPOCH.keys" with the first 16 digits of the manifest's root. A key judges
/// the receipts of its own epoch and is deleted with it, so that nothing learned from verdicts of one epoch helps in the next.
/// </summary>
public sealed class KeyRing : IDisposable
{
    private readonly string _folder;
    private readonly byte[] _ownerSecret;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Root, long Epoch), EpochKeys> _open = [];

    /// <summary>Key files of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ownerSecret">32 bytes; copied, and overwritten on <see cref="Dispose"/>.</param>
    public KeyRing(string folder, ReadOnlySpan<byte> ownerSecret)
    {
        _folder = folder;
        _ownerSecret = GC.AllocateArray<byte>(ownerSecret.Length, pinned: true);
        ownerSecret.CopyTo(_ownerSecret);
    }

    /// <summary>The path of a model's key file for an epoch.</summary>
    public static string PathOf(string folder, ReadOnlySpan<byte> manifestRoot, long epoch) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(manifestRoot)[..16]}-{epoch}.keys"));

    /// <summary>Makes a fresh key file for an epoch from weights; it is there whole or not at all.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Where.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="ownerSecret">32 bytes.</param>
    /// <returns>The file's path and bytes.</returns>
    /// <exception cref="NotSupportedException">The model cannot be judged by keys.</exception>
    public static (string Path, long Bytes) Make(ReplayModel model, string folder, long epoch, ReadOnlySpan<byte> ownerSecret)
    {
        ArgumentNullException.ThrowIfNull(model);
        string path = PathOf(folder, model.Manifest.Root, epoch);
        string partial = path + ".partial";
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            long bytes;
            using (FileStream stream = new(partial, options))
            {
                model.WriteKeys(stream, epoch, ownerSecret);
                stream.Flush(flushToDisk: true);
                bytes = stream.Length;
            }

            File.Move(partial, path, overwrite: true);
            return (path, bytes);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>The keys of a model for an epoch; they stay the ring's.</summary>
    /// <param name="manifestRoot">32 bytes.</param>
    /// <param name="profile">The numeric profile.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="error">Why there are none: this validator's own lack.</param>
    public bool TryGet(ReadOnlySpan<byte> manifestRoot, string profile, long epoch, [NotNullWhen(true)] out EpochKeys? keys, [NotNullWhen(false)] out string? error)
    {
        string root = Convert.ToHexStringLower(manifestRoot);
        lock (_lock)
        {
            if (!_open.TryGetValue((root, epoch), out keys))
            {
                string path = PathOf(_folder, manifestRoot, epoch);
                if (!File.Exists(path))
                {
                    error = $"there is no key file of the model {root[..16]} for epoch {epoch}: make one with 'verathos validator keys'";
                    return false;
                }

                if (!EpochKeys.TryOpen(path, _ownerSecret, out keys, out error))
                {
                    return false;
                }

                _open.Add((root, epoch), keys);
            }

            KeyFileHeader header = keys.Header;
            bool fits = header.Epoch == epoch && header.ManifestRoot.Span.SequenceEqual(manifestRoot) && header.Profile == profile;
            error = fits ? null : $"the key file is of epoch {header.Epoch} and profile {header.Profile}, not of epoch {epoch} and profile {profile}, or of another model";
            return error is null;
        }
    }

    /// <summary>Closes and deletes the keys of an epoch.</summary>
    public void Retire(long epoch)
    {
        lock (_lock)
        {
            foreach ((string Root, long Epoch) name in _open.Keys.Where(name => name.Epoch == epoch).ToList())
            {
                _open.Remove(name, out EpochKeys? keys);
                keys!.Dispose();
            }

            foreach (string path in Directory.EnumerateFiles(_folder, string.Create(CultureInfo.InvariantCulture, $"*-{epoch}.keys")))
            {
                File.Delete(path);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (EpochKeys keys in _open.Values)
            {
                keys.Dispose();
            }

            _open.Clear();
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(_ownerSecret);
        }
    }
}
