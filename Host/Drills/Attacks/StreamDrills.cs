using System.Net.Http.Headers;
using System.Security.Cryptography;
using Verathos.Host.Cli;
using Verathos.Host.Demo;
using Verathos.Host.Drills.Nodes;
using Verathos.Host.Drills.Wire;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Answers that are cut, reordered, mixed or begun without a signature.</summary>
internal static class StreamDrills
{
    // The first chunk carries the acceptance; some of the answer has come when the attack begins.
    private const int At = 4;

    public static IEnumerable<Drill> All()
    {
        yield return OnTheWire(
            "chunks-reordered", "Two chunks of the answer change places.", TamperCheck.StreamAuthentic, Sources.Predecessor,
            body => body with { Chunks = [.. body.Chunks.Take(At), body.Chunks[At + 1], body.Chunks[At], .. body.Chunks.Skip(At + 2)] });
        yield return OnTheWire(
            "chunks-dropped", "A chunk of the answer is left out.", TamperCheck.StreamAuthentic, Sources.Predecessor,
            body => body with { Chunks = [.. body.Chunks.Take(At), .. body.Chunks.Skip(At + 1)] });
        yield return OnTheWire(
            "chunks-repeated", "A chunk of the answer comes twice.", TamperCheck.StreamAuthentic, Sources.Peers,
            body => body with { Chunks = [.. body.Chunks.Take(At + 1), body.Chunks[At], .. body.Chunks.Skip(At + 1)] });
        yield return OnTheWire(
            "chunk-changed", "One bit of a chunk is inverted.", TamperCheck.StreamAuthentic, Sources.Predecessor,
            body => body with { Chunks = [.. body.Chunks.Select((chunk, i) => i == At ? Tamper.Flip(chunk, chunk.Length / 2) : chunk)] });
        yield return OnTheWire(
            "stream-truncated", "The answer is cut after some of its chunks, as if it ended there.", TamperCheck.StreamComplete, Sources.Peers,
            body => body with { Chunks = [.. body.Chunks.Take(body.Chunks.Count / 2)], Final = [] });
        yield return Splice();
        yield return OnTheWire(
            "stream-trailing-bytes", "Bytes of the attacker's follow the answer's end.", TamperCheck.StreamAuthentic, Sources.Peers,
            body => body with { Final = [.. body.Final, .. RandomNumberGenerator.GetBytes(32)] });
        yield return new Drill(
            "seal-stripped", "A plain stream of events answers a sealed request.", "client.protocol", Sources.Peers, DrillNeeds.Wire, async (ground, token) =>
            {
                using WireAttacker attacker = new() { Response = Forge };
                return await ground.Client.AskAsync(ground.Call(ground.Node) with { Wire = attacker }, token).ConfigureAwait(false);
            });
        yield return RogueDrills.Plays(
            "text-before-the-acceptance", "Text comes before anything was signed for it.", TamperCheck.StreamComplete, Sources.Peers, _ => new RoguePlan { TextBeforeAcceptance = true });
        yield return RogueDrills.Plays(
            "acceptance-for-another-request", "The signed acceptance is about a request of somebody else's.", "acceptance.request", Sources.Peers,
            _ => new RoguePlan { Acceptance = acceptance => acceptance with { RequestDigest = RandomNumberGenerator.GetBytes(32) } });
        yield return RogueDrills.Plays(
            "checkpoints-withheld", "The node signs nothing for more tokens than may go without, so that a cut would leave no proof.", TamperCheck.StreamComplete, Sources.Peers,
            _ => new RoguePlan { NoCheckpoints = true, Script = steps => [.. Enumerable.Range(0, SseEvents.CheckpointTokens + 1).Select(i => steps[i % steps.Count])] });
        yield return RogueDrills.Plays(
            "checkpoint-over-other-chunks", "A checkpoint signs chunks that were never sent.", "checkpoint.chain", Sources.Peers,
            _ => new RoguePlan { Checkpoint = checkpoint => checkpoint with { ChainHead = RandomNumberGenerator.GetBytes(32) } });
        yield return RogueDrills.Plays(
            "checkpoint-over-other-tokens", "A checkpoint counts more tokens than were sent.", "checkpoint.counts", Sources.Fingerprints,
            _ => new RoguePlan { Checkpoint = checkpoint => checkpoint with { OutputTokens = checkpoint.OutputTokens + 5 } });
        yield return RogueDrills.Plays(
            "end-withheld", "The node seals and signs an answer whose last event is missing.", TamperCheck.StreamComplete, Sources.Peers, _ => new RoguePlan { NoEnd = true });
    }

    private static Drill OnTheWire(string name, string attack, string expected, string source, Func<ChunkedBody, ChunkedBody> change) =>
        OnTheWire(name, attack, expected, source, exchanges: 1, () => body => change(Parts(body)).Join());

    private static Drill OnTheWire(string name, string attack, string expected, string source, int exchanges, Func<Func<byte[], byte[]>> tampering) =>
        new(name, attack, expected, source, DrillNeeds.Wire, async (ground, token) =>
        {
            using WireAttacker attacker = new() { Answer = tampering() };
            return await ground.Client.AskAsync(ground.Call(ground.Node) with { Wire = attacker, Exchanges = exchanges }, token).ConfigureAwait(false);
        })
        {
            Tampering = tampering,
        };

    // Each answer is drawn anew, so one can be short where the first was not; an attack that finds nothing to change shows nothing.
    private static ChunkedBody Parts(byte[] body)
    {
        ChunkedBody parts = ChunkedBody.OfResponse(body);
        return parts.Chunks.Count > At + 1
            ? parts
            : throw new CommandException($"an answer came in {parts.Chunks.Count} chunks, and attacks need more than {At + 1}; give --prompt something that the node answers at length");
    }

    /// <summary>Puts a plain stream of events in the place of a sealed answer.</summary>
    internal static void Forge(HttpResponseMessage response)
    {
        response.Content = new ByteArrayContent("data: {\"choices\":[{\"index\":0,\"text\":\"forged\"}]}\n\ndata: [DONE]\n\n"u8.ToArray());
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.EventStream);
    }

    // The first answer is honest; of the second one chunk is the first's.
    private static Drill Splice() => OnTheWire(
        "chunks-spliced", "A chunk of another answer to the same client takes the place of one of this answer.", TamperCheck.StreamAuthentic, Sources.Peers, exchanges: 2, () =>
        {
            byte[]? earlier = null;
            return body =>
            {
                ChunkedBody now = Parts(body);
                if (earlier is null)
                {
                    earlier = now.Chunks[At];
                    return body;
                }

                return (now with { Chunks = [.. now.Chunks.Select((chunk, i) => i == At ? earlier : chunk)] }).Join();
            };
        });
}
