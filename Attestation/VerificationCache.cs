using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.X509;

namespace Verathos.Attestation;

/// <summary>
/// What has been verified before, keyed by SHA-256 of the exact bytes (and the anchor, where one decides). Nothing that depends
/// on the time is kept: validity is judged anew at each appraisal.
/// </summary>
internal static class VerificationCache
{
    public static BoundedCache<EcPublicKey> Keys { get; } = new(4096);

    public static BoundedCache<RsaPublicKey> RsaKeys { get; } = new(1024);

    public static BoundedCache<Certificate> Certificates { get; } = new(4096);

    public static BoundedCache<CertificatePath> Paths { get; } = new(2048);

    public static BoundedCache<object> Links { get; } = new(4096);

    public static BoundedCache<VerifiedCollateral> Collateral { get; } = new(256);

    public static BoundedCache<VerifiedRim> Rims { get; } = new(256);

    /// <summary>Who signed an OCSP response: the issuer, or the responder that it certified.</summary>
    public static BoundedCache<Certificate> OcspSigners { get; } = new(1024);

    public static void Clear()
    {
        Keys.Clear();
        RsaKeys.Clear();
        Certificates.Clear();
        Paths.Clear();
        Links.Clear();
        Collateral.Clear();
        Rims.Clear();
        OcspSigners.Clear();
    }

    /// <summary>A dictionary under 32-byte keys that forgets its oldest entries beyond a fixed size.</summary>
    internal sealed class BoundedCache<T>(int capacity)
        where T : class
    {
        private readonly ConcurrentDictionary<UInt256, T> _entries = new();
        private readonly ConcurrentQueue<UInt256> _order = new();

        public int Count => _entries.Count;

        public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out T? value) => _entries.TryGetValue(new UInt256(key), out value);

        public T Add(ReadOnlySpan<byte> key, T value)
        {
            UInt256 id = new(key);
            if (!_entries.TryAdd(id, value))
            {
                return _entries.TryGetValue(id, out T? existing) ? existing : value;
            }

            _order.Enqueue(id);
            while (_entries.Count > capacity && _order.TryDequeue(out UInt256 oldest))
            {
                _entries.TryRemove(oldest, out _);
            }

            return value;
        }

        public void Clear()
        {
            _entries.Clear();
            _order.Clear();
        }
    }

    internal readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
    {
        public UInt256(ReadOnlySpan<byte> bytes)
            : this(
                BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]),
                BitConverter.ToUInt64(bytes[16..]), BitConverter.ToUInt64(bytes[24..]))
        {
        }
    }
}
