using System.Globalization;
using System.Security.Cryptography;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Openings;

/// <summary>Checks the statement of an answer with openings. What an opening shows is for a validator's judges.</summary>
/// <param name="key">The keyset's ES256 key.</param>
/// <param name="keyset">The keyset.</param>
/// <param name="simulated">Whether its evidence is simulated.</param>
internal sealed class OpeningChecker(ECDsa key, Keyset keyset, bool simulated)
{
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Checks a statement against what was asked and what arrived.</summary>
    /// <param name="cose">The trailer's bytes; null where it has none.</param>
    /// <param name="content">Everything that arrived.</param>
    /// <param name="expected">What it is compared with.</param>
    /// <param name="statement">The statement, once its signature holds and its claims are read.</param>
    /// <param name="items">The content's items, where it has whole ones.</param>
    public ReceiptVerdict Check(byte[]? cose, ReadOnlyMemory<byte> content, ExpectedOpening expected, out OpeningStatement? statement, out IReadOnlyList<ReadOnlyMemory<byte>> items)
    {
        (statement, items) = (null, []);
        CheckList checks = new("opening");
        checks.Add("missing", cose is not null, cose is null ? "the answer ended without one statement in its trailer" : "the trailer holds one statement");
        if (cose is null)
            return checks.ToVerdict();

        bool parsed = OpeningStatement.TryParse(cose, key, out statement, out ReceiptError error);
        checks.Signature(error);
        if (!parsed || statement is null)
            return checks.ToVerdict();

        checks.AddEqual("issuer", statement.BootId.Span, keyset.BootId.Span, "the boot id of the keyset");
        checks.AddEqual("keyset", statement.KeysetDigest.Span, keyset.Digest.Span, "the keyset of the evidence");
        checks.Add("simulated", statement.Simulated == simulated, statement.Simulated ? "it says that the TEE is simulated" : "it says that the TEE is real");
        if (expected.RequestDigest is { } request)
            checks.AddEqual("request", statement.RequestDigest.Span, request, "the request as sent");
        else
            checks.Waive("request", "the request is not at hand");

        if (expected.Nonce is { } nonce)
            checks.AddEqual("nonce", statement.Nonce.Span, nonce, "the request's nonce");
        else
            checks.Waive("nonce", "the request is not at hand");

        checks.AddEqual("receipt", statement.ReceiptDigest.Span, expected.ReceiptDigest, "the receipt that was named");
        checks.Add("asked", statement.Ask == expected.Ask, $"it says that {statement.Ask} was asked for, and {expected.Ask} was");
        checks.AddEqual("content", statement.ContentDigest.Span, SHA256.HashData(content.Span), "the content as it arrived");
        bool whole = OpeningContent.TrySplit(content, out IReadOnlyList<ReadOnlyMemory<byte>>? found) && found.Count == statement.Items && Fits(expected, found);
        checks.Add("items", whole, $"{statement.Items} items are stated");
        items = whole ? found! : [];
        bool inTime = statement.IssuedAt >= keyset.NotBefore && statement.IssuedAt <= keyset.NotAfter
            && (expected.SentAt is not { } sent || sent - statement.IssuedAt <= Skew) && (expected.ReceivedAt is not { } received || statement.IssuedAt - received <= Skew);
        checks.Add("times", inTime, $"issued at {statement.IssuedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)} by the enclave's own word");
        return checks.ToVerdict();
    }

    private static bool Fits(ExpectedOpening expected, IReadOnlyList<ReadOnlyMemory<byte>> items) => expected.Ask.Kind switch
    {
        OpeningKind.Openings => items.Count == 2L * expected.Ask.Count,
        OpeningKind.Chosen => items.Count == 2,
        OpeningKind.StepHashes => items.Count == 1 && items[0].Length % 32 == 0 && (expected.Steps is not { } steps || items[0].Length == 32 * steps),
        OpeningKind.Chunks => OpenedChunks.TryRead(items, out _, out _),
        _ => items.Count == 1,
    };
}
