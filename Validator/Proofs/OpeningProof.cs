using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Openings;

namespace Verathos.Validator.Proofs;

/// <summary>
/// An opening that failed, with the node's signed statement over it and the canary's ticket. Anybody can check that the keyset signed exactly this
/// for exactly this receipt; whoever has keys or weights of the model judges what it shows. It holds the canary's texts and audit secret, which are the
/// validator's own.
/// </summary>
/// <param name="Version">1.</param>
/// <param name="Kind">"opening".</param>
/// <param name="Node">The node's name at the validator that found it; not part of the proof.</param>
/// <param name="Check">The check that failed there.</param>
/// <param name="Openings">How many openings were asked for, number 0 first.</param>
/// <param name="Ticket">The audit ticket.</param>
/// <param name="Statement">The node's COSE_Sign1 bytes.</param>
/// <param name="Content">What it opened.</param>
public sealed record OpeningProof(int Version, string Kind, string Node, string Check, int Openings, byte[] Ticket, byte[] Statement, byte[] Content)
{
    /// <summary>The value of <see cref="Kind"/>.</summary>
    public const string KindName = "opening";

    /// <summary>What <see cref="TryVerify"/> says of a file that is no such proof.</summary>
    public const string NoProof = "this is no proof of an opening";

    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Makes a proof of an answer to a request for openings.</summary>
    public static OpeningProof Of(string node, string check, int openings, OpeningAnswer shown)
    {
        ArgumentNullException.ThrowIfNull(shown);
        return new OpeningProof(1, KindName, node, check, openings, shown.Ticket.Encode(), shown.StatementBytes, shown.Content.ToArray());
    }

    /// <summary>Writes the proof to a folder for its owner alone; again is no error.</summary>
    /// <returns>The file's name.</returns>
    public string Save(string folder)
    {
        string name = $"opening-{Convert.ToHexStringLower(SHA256.HashData(Statement))[..16]}.json";
        string partial = Path.Combine(folder, name + ".partial");
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (FileStream stream = new(partial, options))
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(this, s_options));
        }

        File.Move(partial, Path.Combine(folder, name), overwrite: true);
        return name;
    }

    /// <summary>Reads a proof and checks that the keyset in its ticket signed the receipt, and the content as the answer to the request for its openings.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="proof">The proof.</param>
    /// <param name="error">What does not hold.</param>
    public static bool TryVerify(ReadOnlySpan<byte> json, [NotNullWhen(true)] out OpeningProof? proof, [NotNullWhen(false)] out string? error)
    {
        proof = null;
        OpeningProof? read = null;
        try
        {
            read = JsonSerializer.Deserialize<OpeningProof>(json, s_options);
        }
        catch (JsonException)
        {
            // Said below.
        }

        if (read is not { Version: 1, Kind: KindName, Openings: >= 1 and <= 64, Ticket: not null, Statement: not null, Content: not null })
        {
            error = NoProof;
            return false;
        }

        if (!AuditTicket.TryDecode(read.Ticket, out AuditTicket? ticket, out error))
        {
            return false;
        }

        using (ticket)
        {
            ReceiptVerdict receipt = ticket.Verify();
            if (!receipt.Valid || !Keyset.TryParse(ticket.KeysetBytes, out Keyset? keyset, out _))
            {
                error = $"the receipt does not hold: {receipt.Reason}";
                return false;
            }

            ReceiptVerdict statement = OpeningVerifier.Verify(read.Statement, read.Content, keyset, ticket.Simulated, ticket.ReceiptDigest, OpeningAsk.Openings(0, read.Openings));
            if (!statement.Valid)
            {
                error = $"the statement does not hold: {statement.Reason}";
                return false;
            }
        }

        (proof, error) = (read, null);
        return true;
    }
}
