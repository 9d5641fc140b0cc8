using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>The opening end of HPKE base mode (RFC 9180 section 5.1.1).</summary>
public sealed class HpkeRecipient : HpkeContext
{
    private HpkeRecipient(HpkeSuite suite, SecretBytes shared, ReadOnlySpan<byte> info)
        : base(suite, shared, info)
    {
    }

    /// <summary>Decapsulates; false if the suite is unknown, the key is of another mechanism, or the encapsulation is not valid for it.</summary>
    public static bool TrySetup(
        HpkeSuite suite, HpkePrivateKey key, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> info, [NotNullWhen(true)] out HpkeRecipient? recipient)
    {
        recipient = null;
        if (!suite.IsSupported || key.Kem != suite.Kem || !key.TryDecapsulate(encapsulated, out SecretBytes? shared))
        {
            return false;
        }

        using (shared)
        {
            recipient = new HpkeRecipient(suite, shared, info);
            return true;
        }
    }

    /// <summary>Opens the next message: writes ciphertext.Length - 16 bytes. False, and the counter stays, if it is not authentic.</summary>
    public bool TryOpen(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData, Span<byte> destination) =>
        TryOpenNext(ciphertext, associatedData, destination);
}
