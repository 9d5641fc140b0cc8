using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Enclave;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Sessions;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Drills;
using Verathos.Host.Drills.Attacks;
using Verathos.Host.Drills.Wire;
using Verathos.Host.Front;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// Attacks on the enclave and its front. What a check remembers is emptied or filled from outside; where a check refuses a form, what a lenient
/// reader would make of the request is sent instead, and answered.
/// </summary>
internal static class RequestRemovals
{
    public static IReadOnlyDictionary<string, Func<DrillFixture, CancellationToken, Task<DrillOutcome>>> All { get; } =
        new Dictionary<string, Func<DrillFixture, CancellationToken, Task<DrillOutcome>>>
        {
            ["request-replayed"] = ReplayAsync,
            ["request-replayed-at-a-replica"] = ShareKeysAsync,
            ["request-truncated"] = ReadEarlyAsync,
            ["request-oversize"] = WithoutLimitsAsync,
            ["binding-of-other-evidence"] = AdmitBindingAsync,
            ["request-changed"] = Taken((ground, probe) => Flip(Honest(ground, probe).Encode())),
            ["message-trailing-bytes"] = Taken((ground, probe) => Honest(ground, probe).Encode()),
            ["chunking-downgraded"] = Taken((ground, probe) => Honest(ground, probe).Encode()),
            ["nonce-stripped"] = Taken((ground, probe) => WithNonce(ground, probe, new string('0', 64))),
            ["header-twice"] = Taken((ground, probe) => WithNonce(ground, probe, new string('7', 64))),
            ["duplicate-key"] = Taken((ground, probe) => WithBody(ground, probe, LastWins(RequestDrills.Duplicated(SealedProbe.Body(ground))))),
            ["parameter-smuggled"] = Taken((ground, probe) => WithBody(ground, probe, Known(RequestDrills.Smuggled(SealedProbe.Body(ground))))),
            ["gzip-bomb"] = Taken((ground, probe) => WithBody(ground, probe, RequestDrills.Padded(ground, RequestDrills.Bomb))),
        };

    private static Func<DrillFixture, CancellationToken, Task<DrillOutcome>> Taken(Func<DrillGround, SealedProbe, byte[]> read) => async (fixture, token) =>
    {
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, fixture.Ground.Node, token);
        return await probe.SendAsync(probe.Seal(read(fixture.Ground, probe)), token);
    };

    private static async Task<DrillOutcome> ReplayAsync(DrillFixture fixture, CancellationToken cancellationToken)
    {
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, fixture.Ground.Node, cancellationToken);
        byte[] message = probe.Seal(Honest(fixture.Ground, probe).Encode());
        Assert.Null((await probe.SendAsync(message, cancellationToken)).RefusedBy);
        Field<IEnumerable>(Ring(fixture).Current!.Replays, "_seen").GetType().GetMethod("Clear")!.Invoke(Field<object>(Ring(fixture).Current!.Replays, "_seen"), null);
        return await probe.SendAsync(message, cancellationToken);
    }

    // A replica with the same keys has met none of the other's headers.
    private static async Task<DrillOutcome> ShareKeysAsync(DrillFixture fixture, CancellationToken cancellationToken)
    {
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, fixture.Ground.Node, cancellationToken);
        byte[] message = probe.Seal(Honest(fixture.Ground, probe).Encode());
        Assert.Null((await probe.SendAsync(message, cancellationToken)).RefusedBy);
        return DrillOutcome.Through("opened again") with { Text = Open(fixture, message, complete: true) };
    }

    // A server that begins before the final chunk has opened.
    private static async Task<DrillOutcome> ReadEarlyAsync(DrillFixture fixture, CancellationToken cancellationToken)
    {
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, fixture.Ground.Node, cancellationToken);
        string read = Open(fixture, probe.Seal(Honest(fixture.Ground, probe).Encode(), pieces: 4, final: false), complete: false);
        Assert.Contains("POST", read, StringComparison.Ordinal);
        return DrillOutcome.Through("begun") with { Text = read };
    }

    // The limits are the operator's; both of them are raised.
    private static async Task<DrillOutcome> WithoutLimitsAsync(DrillFixture fixture, CancellationToken cancellationToken)
    {
        using SimulatedDriver driver = new(fixture.Ground.Hardware!, 1);
        await using EnclaveCore core = await EnclaveCore.StartAsync(
            ModelLoader.Load(ModelPath.Resolve(null), new LoadOptions(), null, cancellationToken), driver, new EnclaveOptions { MaxRequestBytes = 1 << 22 }, cancellationToken: cancellationToken);
        await using FrontServer front = new(new NodeConfiguration { Listen = ["http://127.0.0.1:0"], Limits = new LimitsConfiguration { BodyBytes = 1 << 22 } }, core);
        await front.StartAsync(cancellationToken);
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, front.Addresses[0], cancellationToken);
        return await probe.SendAsync(probe.Seal(WithBody(fixture.Ground, probe, RequestDrills.Padded(fixture.Ground, RequestDrills.Oversize))), cancellationToken);
    }

    private static async Task<DrillOutcome> AdmitBindingAsync(DrillFixture fixture, CancellationToken cancellationToken)
    {
        Ring(fixture).Current!.Bindings.Add(new byte[48]);
        using SealedProbe probe = await SealedProbe.AttestAsync(fixture.Ground, fixture.Ground.Node, cancellationToken);
        DrillOutcome outcome = await probe.SendAsync(probe.Seal(RequestDrills.ForOtherEvidence(fixture.Ground, probe).Encode()), cancellationToken);
        object known = Field<object>(Ring(fixture).Current!.Bindings, "_known");
        known.GetType().GetMethod("Clear")!.Invoke(known, null);
        return outcome;
    }

    private static string Open(DrillFixture fixture, byte[] message, bool complete)
    {
        using ChunkedRequestOpener opener = new(Ring(fixture).PrivateKeys, 1 << 20);
        opener.Feed(message);
        if (complete)
            opener.Complete();

        StringBuilder read = new();
        while (opener.TryRead(out OhttpChunk chunk))
            read.Append(Encoding.UTF8.GetString(chunk.Plaintext.Span));

        return read.ToString();
    }

    private static KeyRing Ring(DrillFixture fixture) => Field<KeyRing>(fixture.Core, "_ring");

    private static T Field<T>(object owner, string name) => (T)owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;

    private static BinaryRequest Honest(DrillGround ground, SealedProbe probe) => SealedProbe.Request(SealedProbe.Body(ground), probe.Fields);

    private static byte[] WithBody(DrillGround ground, SealedProbe probe, string body) => (Honest(ground, probe) with { Content = Encoding.UTF8.GetBytes(body) }).Encode();

    private static byte[] WithNonce(DrillGround ground, SealedProbe probe, string nonce) => (Honest(ground, probe) with
    {
        Fields = [.. probe.Fields.Where(field => field.Name != VerathosHeaders.ClientNonce), new BhttpField(VerathosHeaders.ClientNonce, nonce)],
    }).Encode();

    // What a seal without a tag would have opened to.
    private static byte[] Flip(byte[] plain)
    {
        plain[RequestDrills.PlaceOfChange(plain)] ^= 1;
        return plain;
    }

    private static string LastWins(string body)
    {
        JsonObject read = [];
        foreach (JsonProperty member in JsonElement.Parse(body).EnumerateObject())
            read[member.Name] = JsonNode.Parse(member.Value.GetRawText());

        return read.ToJsonString();
    }

    private static string Known(string body)
    {
        JsonObject read = JsonNode.Parse(body)!.AsObject();
        Assert.True(read.Remove("best_of"));
        return read.ToJsonString();
    }
}
