using System.IO.Compression;
using System.Text;
using Verathos.Host.Demo;
using Verathos.Host.Drills.Wire;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Requests that are replayed, redirected, cut, or say two things at once.</summary>
internal static class RequestDrills
{
    /// <summary>Spaces in the body that <c>gzip-bomb</c> packs.</summary>
    internal const int Bomb = 1 << 19;

    /// <summary>Spaces in the body of <c>request-oversize</c>.</summary>
    internal const int Oversize = 1 << 20;

    public static IEnumerable<Drill> All()
    {
        yield return Sends(
            "request-replayed", "A recorded sealed request is sent again, to be computed and answered again.", "enclave.request_replayed", Sources.Peers,
            async (probe, ground, token) =>
            {
                byte[] message = Honest(probe, ground);
                DrillOutcome first = await probe.SendAsync(message, token).ConfigureAwait(false);
                return first.RefusedBy is null ? await probe.SendAsync(message, token).ConfigureAwait(false) : first;
            });
        yield return Sends(
            "request-replayed-at-a-replica", "A recorded sealed request is sent to another node of the same operator.", TamperCheck.RequestAuthentic, Sources.Peers,
            async (probe, ground, token) =>
            {
                byte[] message = Honest(probe, ground);
                DrillOutcome first = await probe.SendAsync(message, token).ConfigureAwait(false);
                return first.RefusedBy is null ? await probe.SendAsync(message, token, await ground.ReplicaAsync(token).ConfigureAwait(false)).ConfigureAwait(false) : first;
            }) with
        {
            Needs = DrillNeeds.OwnNode,
        };
        yield return Sends(
            "request-changed", "One bit of the prompt is inverted through the seal.", TamperCheck.RequestAuthentic, Sources.Peers,
            (probe, ground, token) =>
            {
                byte[] plain = SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode();
                return probe.SendAsync(Malleate(probe.Seal(plain), plain), token);
            });
        yield return Sends(
            "request-truncated", "A sealed request ends before its final chunk.", TamperCheck.RequestAuthentic, Sources.Peers,
            (probe, ground, token) => probe.SendAsync(probe.Seal(SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode(), pieces: 4, final: false), token));
        yield return Sends(
            "message-trailing-bytes", "Bytes other than padding follow the request inside the seal.", "enclave.invalid_message", Sources.Peers,
            (probe, ground, token) => probe.SendAsync(probe.Seal([.. SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode(), 0, 0, 1]), token));
        yield return Sends(
            "binding-of-other-evidence", "The client verified other evidence than this keyset's.", "enclave.binding_mismatch", Sources.Peers,
            (probe, ground, token) => probe.SendAsync(probe.Seal(ForOtherEvidence(ground, probe).Encode()), token));
        yield return WithFields(
            "nonce-stripped", "The client's nonce is left out, so that canaries would stand out and receipts repeat.", "enclave.invalid_header", Sources.Peers,
            fields => fields.Where(field => field.Name != VerathosHeaders.ClientNonce));
        yield return WithFields(
            "header-twice", "The client's nonce is there twice, for two readers to read differently.", "enclave.invalid_header", Sources.Peers,
            fields => [.. fields, new BhttpField(VerathosHeaders.ClientNonce, new string('7', 64))]);
        yield return WithBody(
            "duplicate-key", "A member of the request is there twice, for two readers to read differently.", "enclave.duplicate_member", Sources.Peers,
            Duplicated);
        yield return WithBody(
            "parameter-smuggled", "The request has a member that a lenient reader would drop and sign an answer without.", "enclave.unsupported_parameter", Sources.Peers,
            Smuggled);
        yield return Sends(
            "gzip-bomb", "A small compressed body would unpack to half a mebibyte.", "enclave.unsupported_encoding", Sources.Peers,
            (probe, ground, token) => probe.SendAsync(
                probe.Seal((SealedProbe.Request("", [.. probe.Fields, new BhttpField("content-encoding", "gzip")]) with { Content = Compress(Padded(ground, Bomb)) }).Encode()), token));
        yield return Sends(
            "request-oversize", "The sealed request is longer than the node takes.", "front.413", Sources.Peers,
            (probe, ground, token) => probe.SendAsync(probe.Seal(SealedProbe.Request(Padded(ground, Oversize), probe.Fields).Encode()), token));
        yield return Sends(
            "chunking-downgraded", "The request comes unchunked, in the older form in which an answer could be cut unseen.", "front.415", Sources.Peers,
            (probe, ground, token) => probe.SendAsync(Honest(probe, ground), token, type: "message/ohttp-req"));
    }

    private static Drill Sends(
        string name, string attack, string expected, string source, Func<SealedProbe, DrillGround, CancellationToken, Task<DrillOutcome>> send) =>
        new(name, attack, expected, source, DrillNeeds.Wire, async (ground, token) =>
        {
            using SealedProbe probe = await SealedProbe.AttestAsync(ground, ground.Node, token).ConfigureAwait(false);
            return await send(probe, ground, token).ConfigureAwait(false);
        });

    private static Drill WithFields(string name, string attack, string expected, string source, Func<IEnumerable<BhttpField>, IEnumerable<BhttpField>> change) =>
        Sends(name, attack, expected, source, (probe, ground, token) => probe.SendAsync(probe.Seal(SealedProbe.Request(SealedProbe.Body(ground), change(probe.Fields)).Encode()), token));

    private static Drill WithBody(string name, string attack, string expected, string source, Func<string, string> change) =>
        Sends(name, attack, expected, source, (probe, ground, token) => probe.SendAsync(probe.Seal(SealedProbe.Request(change(SealedProbe.Body(ground)), probe.Fields).Encode()), token));

    private static byte[] Honest(SealedProbe probe, DrillGround ground) => probe.Seal(SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode());

    /// <summary>A request that names a binding of nobody's.</summary>
    internal static BinaryRequest ForOtherEvidence(DrillGround ground, SealedProbe probe) => SealedProbe.Request(
        SealedProbe.Body(ground), probe.Fields.Select(field => field.Name == VerathosHeaders.Binding ? new BhttpField(field.Name, new string('0', 96)) : field));

    /// <summary>A body that says two things of one member.</summary>
    internal static string Duplicated(string body) => body.Insert(1, "\"prompt\":\"another\",");

    /// <summary>A body with a member that changes what is asked and that the node cannot honour.</summary>
    internal static string Smuggled(string body) => body.Insert(1, "\"best_of\":5,");

    /// <summary>An honest body with as many spaces before it, which mean nothing in JSON.</summary>
    internal static string Padded(DrillGround ground, int spaces) => new string(' ', spaces) + SealedProbe.Body(ground);

    /// <summary>The bit that <c>request-changed</c> inverts: of the prompt's first letter, in the plaintext.</summary>
    internal static int PlaceOfChange(ReadOnlySpan<byte> plain) => plain.IndexOf("Once"u8);

    // One final chunk: what its ciphertext's bytes are XORed with, a seal without a tag would XOR into the plaintext.
    private static byte[] Malleate(byte[] message, byte[] plain)
    {
        byte[] changed = [.. message];
        changed[^(HpkeSuite.TagLength + plain.Length - PlaceOfChange(plain))] ^= 1;
        return changed;
    }

    private static byte[] Compress(string text)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
