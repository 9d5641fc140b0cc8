using System.Security.Cryptography;
using Verathos.Client.Receipts;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Openings;

namespace Verathos.Client.Openings;

/// <summary>Verifies the statement of openings without the node, for whoever is shown a bad opening as a proof.</summary>
public static class OpeningVerifier
{
    /// <summary>Checks a statement against a receipt, what was asked, and the content.</summary>
    /// <param name="statement">The COSE_Sign1 bytes.</param>
    /// <param name="content">The content as it was signed.</param>
    /// <param name="keyset">The keyset that signed, from evidence that the verifier has appraised.</param>
    /// <param name="simulated">Whether that evidence is simulated.</param>
    /// <param name="receiptDigest">The receipt that was opened, 32 bytes.</param>
    /// <param name="ask">What was asked for.</param>
    /// <returns>Every check; those that need the request are left out, and say so.</returns>
    public static ReceiptVerdict Verify(byte[] statement, ReadOnlyMemory<byte> content, Keyset keyset, bool simulated, byte[] receiptDigest, OpeningAsk ask)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(keyset);
        ArgumentNullException.ThrowIfNull(receiptDigest);
        ArgumentNullException.ThrowIfNull(ask);
        using ECDsa key = keyset.SigningKey.ToECDsa();
        return new OpeningChecker(key, keyset, simulated).Check(statement, content, new ExpectedOpening(receiptDigest, ask), out _, out _);
    }
}
