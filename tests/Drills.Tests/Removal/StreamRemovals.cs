using System.Text;
using System.Text.RegularExpressions;
using Verathos.Host.Drills;
using Verathos.Host.Drills.Nodes;
using Verathos.Host.Drills.Wire;

namespace Verathos.Drills.Tests.Removal;

/// <summary>Attacks on streams, read without the rules of the stream.</summary>
internal static partial class StreamRemovals
{
    public static IReadOnlyDictionary<string, Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>> All { get; } =
        new Dictionary<string, Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>>
        {
            ["chunks-reordered"] = Changed,
            ["chunks-dropped"] = Changed,
            ["chunks-repeated"] = Changed,
            ["chunk-changed"] = Changed,
            ["stream-truncated"] = Changed,
            ["chunks-spliced"] = Changed,
            ["stream-trailing-bytes"] = Unchanged,
            ["seal-stripped"] = PlainAsync,
            ["acceptance-for-another-request"] = UnacceptedAsync,
            ["text-before-the-acceptance"] = RogueAsync,
            ["checkpoints-withheld"] = RogueAsync,
            ["end-withheld"] = RogueAsync,
        };

    // What is given out is not what the node sent for this request.
    private static async Task<DrillOutcome> Changed(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        (string sent, string read, int foreign) = await ReadAsync(ground, drill, cancellationToken);
        Assert.True(sent != read || foreign > 0);
        return DrillOutcome.Through("given out") with { Text = read };
    }

    // What is given out is what the node sent, and what was added is not noticed.
    private static async Task<DrillOutcome> Unchanged(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        (string sent, string read, _) = await ReadAsync(ground, drill, cancellationToken);
        Assert.Equal(sent, read);
        return DrillOutcome.Through("given out") with { Text = read };
    }

    private static async Task<(string Sent, string Read, int Foreign)> ReadAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        // Two exchanges, for the attack that mixes them; an attack on one answer attacks the second.
        CarelessReader reader = new();
        Func<byte[], byte[]> tampering = drill.Tampering!();
        using SealedProbe first = await SealedProbe.AttestAsync(ground, ground.Node, cancellationToken);
        byte[] earlier = await AskAsync(first, ground, reader, cancellationToken);
        tampering(earlier);
        using SealedProbe second = await SealedProbe.AttestAsync(ground, ground.Node, cancellationToken);
        byte[] sent = await AskAsync(second, ground, reader, cancellationToken);
        (string read, int foreign) = reader.Read(tampering(sent));
        return (reader.Read(sent).Text, read, foreign);
    }

    private static async Task<byte[]> AskAsync(SealedProbe probe, DrillGround ground, CarelessReader reader, CancellationToken cancellationToken)
    {
        (int status, byte[] body) = await probe.PostAsync(probe.Seal(SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode()), cancellationToken);
        Assert.Equal(200, status);
        reader.Remember(body, probe.CreateOpener);
        return body;
    }

    // Everything else that the acceptance says is true; the reader of the client stops at it all the same.
    private static async Task<DrillOutcome> UnacceptedAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RogueNode rogue = await ground.RogueAsync(drill.Plan!(ground), cancellationToken);
        Assert.Null((await new ClientWithout(check => check == drill.Expected).AskAsync(ground.Call(rogue.Address), cancellationToken)).RefusedBy);
        return await RogueAsync(ground, drill, cancellationToken);
    }

    private static async Task<DrillOutcome> RogueAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RogueNode rogue = await ground.RogueAsync(drill.Plan!(ground), cancellationToken);
        CarelessReader reader = new();
        using SealedProbe probe = await SealedProbe.AttestAsync(ground, rogue.Address, cancellationToken);
        byte[] body = await AskAsync(probe, ground, reader, cancellationToken);
        return DrillOutcome.Through("given out") with { Text = reader.Read(body).Text };
    }

    // A client that reads whatever stream of events answers.
    private static async Task<DrillOutcome> PlainAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        using WireAttacker attacker = new() { Response = Host.Drills.Attacks.StreamDrills.Forge };
        using HttpClient http = new(attacker);
        using SealedProbe probe = await SealedProbe.AttestAsync(ground, ground.Node, cancellationToken);
        using ByteArrayContent content = new(probe.Seal(SealedProbe.Request(SealedProbe.Body(ground), probe.Fields).Encode()));
        content.Headers.ContentType = new("message/ohttp-chunked-req");
        using HttpResponseMessage response = await http.PostAsync(new Uri(ground.Node, "/verathos/gateway"), content, cancellationToken);
        string events = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return DrillOutcome.Through("given out") with { Text = Texts().Match(events).Groups[1].Value };
    }

    [GeneratedRegex("\"text\":\"([^\"]*)\"")]
    private static partial Regex Texts();
}
