using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using Verathos.Client.Receipts;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Drills.Attacks;

/// <summary>
/// Receipts that lie, by a node whose evidence is perfect: whoever extracted an attestation key can show a quote for keys of his
/// own and sign whatever he likes with them. Each receipt is true in all but one point.
/// </summary>
internal static class ReceiptDrills
{
    /// <summary>The place of s in a COSE_Sign1 whose signature is its last 64 bytes.</summary>
    private const int SBytes = 32;

    /// <summary>The order of secp256r1 (SEC 2 section 2.4.2).</summary>
    private static readonly BigInteger s_order = BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public static IEnumerable<Drill> All()
    {
        yield return Signed("receipt-withheld", "The answer ends without a receipt.", ReceiptCheckNames.Missing, Sources.Fingerprints, (_, _, _) => null);
        yield return Signed(
            "receipt-signed-by-another-key", "A key that no evidence binds signs the receipt.", ReceiptCheckNames.Key, Sources.Peers,
            (_, receipt, _) => Resigned(receipt));
        yield return RogueDrills.Plays(
            "rotation-without-evidence", "A successor key signs the receipt; the attested key's statement about it comes along, and no evidence.", ReceiptCheckNames.Key, Sources.Peers, _ => Rotated());
        yield return Signed(
            "receipt-of-another-kind", "An acceptance's type stands over the receipt's claims.", ReceiptCheckNames.Type, Sources.Peers,
            (keys, receipt, _) => CoseSign1.Sign(keys.Signing, ReceiptTypes.Acceptance, receipt.EncodeClaims(), out _));
        yield return Signed(
            "receipt-malleated", "The signature is turned into its other valid form, so that one receipt has two hashes.", ReceiptCheckNames.LowS, Sources.Peers,
            (_, _, signed) => Malleated(signed));
        yield return Signed(
            "receipt-unprotected-header", "A header that nobody signed is added to the receipt.", ReceiptCheckNames.Unprotected, Sources.Formats, (_, _, signed) => WithHeader(signed));
        yield return Signed("receipt-trailing-bytes", "Bytes follow the receipt.", ReceiptCheckNames.Format, Sources.Peers, (_, _, signed) => [.. signed, 0]);
        yield return Claims(
            "receipt-over-a-supplied-hash", "The commitment to the answer is one that somebody supplied, over tokens that were never delivered.", ReceiptCheckNames.Output, Sources.Peers,
            (receipt, secret) => receipt with { OutputCommitment = TokenCommitment.Compute(secret, TokenCommitment.Output, [1, 2, 3]) });
        yield return Claims(
            "receipt-over-a-hidden-prompt", "The receipt commits to a longer prompt than the one that was shown.", ReceiptCheckNames.Prompt, Sources.Fingerprints,
            (receipt, secret) => receipt with { PromptCommitment = TokenCommitment.Compute(secret, TokenCommitment.Prompt, [9, 9, 9]) });
        yield return Claims(
            "tokens-billed-beyond-delivery", "The receipt counts more tokens than came.", ReceiptCheckNames.Counts, Sources.Fingerprints,
            (receipt, _) => receipt with { OutputTokens = receipt.OutputTokens + 1 });
        yield return Claims(
            "chain-of-other-chunks", "The receipt signs the chain of another delivery.", ReceiptCheckNames.Chain, Sources.Peers,
            (receipt, _) => receipt with { ChainHead = RandomNumberGenerator.GetBytes(32) });
        yield return Claims(
            "sampler-changed", "The node samples colder than it was asked to, and says so.", ReceiptCheckNames.Parameters, Sources.Fingerprints,
            (receipt, _) => receipt with { Sampling = receipt.Sampling with { TemperatureMicro = 1 } });
        yield return Claims(
            "receipt-for-another-request", "The receipt is about a request of somebody else's.", ReceiptCheckNames.Request, Sources.Peers,
            (receipt, _) => receipt with { RequestDigest = RandomNumberGenerator.GetBytes(32) });
        yield return Claims(
            "receipt-for-another-nonce", "The receipt repeats another client's nonce.", ReceiptCheckNames.Nonce, Sources.Peers,
            (receipt, _) => receipt with { ClientNonce = RandomNumberGenerator.GetBytes(32) });
        yield return Claims(
            "receipt-for-another-auditor", "The receipt carries an audit commitment whose secret the node knows, so that it can foresee what will be opened.", ReceiptCheckNames.Audit, Sources.Fingerprints,
            (receipt, _) => receipt with { AuditCommitment = SHA256.HashData("the node's own"u8) });
        yield return Claims(
            "receipt-for-another-model", "The receipt names another model than the evidence.", ReceiptCheckNames.Manifest, Sources.Fingerprints,
            (receipt, _) => receipt with { ManifestRoot = RandomNumberGenerator.GetBytes(32) });
        yield return Claims(
            "profile-downgraded", "The receipt names a numeric profile that nobody attested.", ReceiptCheckNames.Profile, Sources.Fingerprints,
            (receipt, _) => receipt with { NumericProfile = "int8" });
        yield return Claims(
            "receipt-for-another-binding", "The receipt names another binding than the evidence.", ReceiptCheckNames.Binding, Sources.Peers,
            (receipt, _) => receipt with { Binding = RandomNumberGenerator.GetBytes(48) });
        yield return Claims(
            "receipt-denies-simulation", "The receipt of a simulated node says that its hardware is real.", ReceiptCheckNames.Simulated, Sources.Peers,
            (receipt, _) => receipt with { Simulated = false });
        yield return Claims(
            "receipt-of-another-stream", "The receipt closes another stream than the one that was accepted.", ReceiptCheckNames.Stream, Sources.Peers,
            (receipt, _) => receipt with { Id = RandomNumberGenerator.GetBytes(16) });
        yield return Claims(
            "receipt-from-the-future", "The receipt was signed tomorrow.", ReceiptCheckNames.Times, Sources.Peers,
            (receipt, _) => receipt with { IssuedAt = receipt.IssuedAt.AddDays(1) });
        yield return Twice(
            "equivocation", "Two receipts carry one number, so that two clients are told two histories.", ReceiptCheckNames.Equivocation,
            (receipt, first) => receipt with { Counter = first.Counter, Previous = first.Previous });
        yield return Twice(
            "history-with-a-gap", "A receipt names another predecessor than the client saw.", ReceiptCheckNames.Previous,
            (receipt, _) => receipt with { Previous = RandomNumberGenerator.GetBytes(32) });
        yield return Replayed();
    }

    /// <summary>A receipt's claims under the same type, signed by a key of nobody's.</summary>
    internal static byte[] Resigned(Receipt receipt)
    {
        using ECDsa stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return receipt.Sign(stranger, out _);
    }

    private static Drill Signed(string name, string attack, string expected, string source, Func<RogueKeys, Receipt, byte[], byte[]?> sign) =>
        RogueDrills.Plays(name, attack, expected, source, _ => new RoguePlan { Signed = sign });

    private static Drill Claims(string name, string attack, string expected, string source, Func<Receipt, byte[], Receipt> change) =>
        RogueDrills.Plays(name, attack, expected, source, _ => new RoguePlan { Receipt = change });

    // Two exchanges of one client, which remembers.
    private static Drill Twice(string name, string attack, string expected, Func<Receipt, Receipt, Receipt> second) =>
        new(name, attack, expected, Sources.Peers, DrillNeeds.Hardware, async (ground, token) =>
        {
            Receipt? first = null;
            RogueNode rogue = await ground.RogueAsync(
                new RoguePlan { Receipt = (receipt, _) => first is null ? first = receipt : second(receipt, first) }, token).ConfigureAwait(false);
            return await ground.Client.AskAsync(ground.Call(rogue.Address) with { Exchanges = 2 }, token).ConfigureAwait(false);
        });

    // The honest answer to the same question, an hour ago: nothing in it is forged.
    private static Drill Replayed()
    {
        Drill drill = new(
            "receipt-replayed", "The receipt of an earlier answer to the same question stands under a new one.", ReceiptCheckNames.Request, Sources.Fingerprints, DrillNeeds.Hardware,
            async (ground, token) =>
            {
                byte[]? earlier = null;
                RogueNode rogue = await ground.RogueAsync(new RoguePlan { Signed = (_, _, signed) => earlier ??= signed }, token).ConfigureAwait(false);
                return await ground.Client.AskAsync(ground.Call(rogue.Address) with { Exchanges = 2 }, token).ConfigureAwait(false);
            });
        return drill with
        {
            Layers =
            [
                ReceiptCheckNames.Nonce, ReceiptCheckNames.Audit, ReceiptCheckNames.Stream, ReceiptCheckNames.Chain, ReceiptCheckNames.Prompt, ReceiptCheckNames.Output, ReceiptCheckNames.Trace,
                ReceiptCheckNames.Counter,
            ],
        };
    }

    private static RoguePlan Rotated()
    {
        RogueKeys successor = new(TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1), [HpkeKem.X25519]);
        return new RoguePlan
        {
            Signed = (_, receipt, _) => receipt.Sign(successor.Signing, out byte[] _),
            Trailer = keys =>
            [
                new BhttpField("verathos-rotation", Base64Url.EncodeToString(
                    CoseSign1.Sign(keys.Signing, ReceiptTypes.Rotation, new DeterministicCborMap().Add(1, successor.Keyset.Encoded.ToArray()).Encode(), out byte[] _))),
            ],
        };
    }

    private static byte[] Malleated(byte[] signed)
    {
        BigInteger s = new(signed.AsSpan(signed.Length - SBytes), isUnsigned: true, isBigEndian: true);
        byte[] malleated = [.. signed];
        malleated.AsSpan(malleated.Length - SBytes).Clear();
        byte[] negated = (s_order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        negated.CopyTo(malleated, malleated.Length - negated.Length);
        return malleated;
    }

    // {4: 'x'}, a key identifier, where the empty map was.
    private static byte[] WithHeader(byte[] signed)
    {
        DeterministicCborReader reader = new(signed);
        if (!reader.TryReadTag(out _) || !reader.TryReadArray(out _) || !reader.TryReadBytes(out ReadOnlySpan<byte> header) || !reader.TryReadMap(out _)
            || !reader.TryReadBytes(out ReadOnlySpan<byte> payload) || !reader.TryReadBytes(out ReadOnlySpan<byte> signature))
        {
            throw new InvalidOperationException("the receipt is no COSE_Sign1");
        }

        return new DeterministicCborWriter().Tag(18).Array(4).Bytes(header).Map(new DeterministicCborMap().Add(4, "x"u8.ToArray())).Bytes(payload).Bytes(signature).ToArray();
    }
}
