using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Verathos.Client.Requests;

namespace Verathos.Validator.Canaries;

/// <summary>
/// A pool read from a file of real prompts, one a line: an OpenAI body as a client sent it (chat, or completion with a text), or plain text. A member
/// <c>arrived</c>, Unix seconds, tells when it came. Bodies that the validator could not judge or the node would refuse are left out and counted.
/// </summary>
public sealed class FileCorpus : ICanaryCorpus
{
    private const int LeastArrivals = 200;

    private readonly List<Conversation> _conversations;
    private readonly int[] _order;

    private FileCorpus(List<Conversation> conversations, int[] order, ArrivalProfile arrivals, IReadOnlyDictionary<string, int> leftOut)
    {
        _conversations = conversations;
        _order = order;
        Arrivals = arrivals;
        LeftOut = leftOut;
    }

    /// <inheritdoc/>
    public long? Count => _conversations.Count;

    /// <inheritdoc/>
    public ArrivalProfile Arrivals { get; }

    /// <summary>How many lines were left out for which reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; }

    /// <summary>Reads a pool.</summary>
    /// <param name="utf8">The file.</param>
    /// <param name="secret">32 secret bytes that the order follows from.</param>
    /// <param name="shape">What a conversation may measure.</param>
    /// <param name="corpus">The pool.</param>
    /// <param name="error">What is wrong with the file; names lines, never their content.</param>
    public static bool TryRead(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> secret, CorpusShape shape, [NotNullWhen(true)] out FileCorpus? corpus, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(shape);
        corpus = null;
        if (!Utf8.IsValid(utf8))
        {
            error = "the corpus is not UTF-8";
            return false;
        }

        List<Conversation> conversations = [];
        Dictionary<string, int> leftOut = [];
        HashSet<string> seen = [];
        int[] hours = new int[24];
        string[] lines = Encoding.UTF8.GetString(utf8).TrimStart('\uFEFF').Split('\n');
        for (int number = 0; number < lines.Length; number++)
        {
            string line = lines[number].TrimEnd('\r').Trim();
            if (line.Length == 0)
            {
                continue;
            }

            using CanaryRandom random = new(secret, "verathos.canary-line.v1"u8, number);
            if (!TryLine(line, random, shape, out Conversation? conversation, out string? reason, out long? arrived))
            {
                error = $"line {number + 1} of the corpus: {reason}";
                return false;
            }

            reason ??= !seen.Add(Key(conversation!)) ? "said before" : null;
            if (reason is not null)
            {
                leftOut[reason] = leftOut.GetValueOrDefault(reason) + 1;
                continue;
            }

            conversations.Add(conversation!);
            if (arrived is { } at)
            {
                hours[DateTimeOffset.FromUnixTimeSeconds(at).UtcDateTime.Hour]++;
            }
        }

        if (conversations.Count == 0)
        {
            error = "the corpus has no line that can be used; give one prompt a line, as text or as an OpenAI body";
            return false;
        }

        ArrivalProfile arrivals = hours.Sum() < LeastArrivals ? ArrivalProfile.Default : ArrivalProfile.Default with { HourWeights = [.. hours.Select(static count => count + 1)] };
        corpus = new FileCorpus(conversations, Shuffle(conversations.Count, secret), arrivals, leftOut);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public Conversation Get(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return number < _order.Length
            ? _conversations[_order[number]]
            : throw new CorpusException($"all {_order.Length} conversations of the corpus were sent once; give a longer file");
    }

    private static bool TryLine(string line, CanaryRandom random, CorpusShape shape, out Conversation? conversation, out string? reason, out long? arrived)
    {
        (conversation, reason, arrived) = (null, null, null);
        if (line[0] != '{')
        {
            conversation = new Conversation(InferenceKind.Chat, BodyWriter.Write(random, shape, InferenceKind.Chat, 1), null, [line]);
            reason = conversation.PromptBytes > shape.MaxPromptBytes ? "too long for the model" : null;
            return true;
        }

        JsonNode? node;
        try
        {
            node = JsonNode.Parse(line, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
        }
        catch (JsonException)
        {
            node = null;
        }

        if (node is not JsonObject body || !TryArrived(body, out arrived))
        {
            reason = "it begins like a JSON object and is none, or its member arrived is no time in seconds";
            return false;
        }

        InferenceKind kind = body.ContainsKey("messages") ? InferenceKind.Chat : InferenceKind.Completion;
        if (!TrySaid(body, kind, out string? system, out List<string> turns))
        {
            reason = "no messages or prompt of text";
            return true;
        }

        if (Unsupported(body) is { } member)
        {
            reason = member + " is not judged";
            return true;
        }

        conversation = new Conversation(kind, body, system, turns);
        try
        {
            conversation.ToRequest("model", []);
        }
        catch (InvalidOperationException)
        {
            reason = "no client could send it";
            return true;
        }

        reason = conversation.PromptBytes > shape.MaxPromptBytes || turns.Count > shape.MaxTurns || (conversation.MaxTokens is null && turns.Count > 1) || conversation.MaxTokens > shape.MaxAnswerTokens
            ? "too long for the model"
            : null;
        return true;
    }

    private static bool TryArrived(JsonObject body, out long? arrived)
    {
        arrived = null;
        if (!body.Remove("arrived", out JsonNode? node) || node is null)
        {
            return true;
        }

        if (node is JsonValue value && value.TryGetValue(out long seconds) && seconds is >= 0 and < 253_402_300_800)
        {
            arrived = seconds;
            return true;
        }

        return false;
    }

    // The assistant's messages are left out: the node writes its own.
    private static bool TrySaid(JsonObject body, InferenceKind kind, out string? system, out List<string> turns)
    {
        (system, turns) = (null, []);
        if (kind == InferenceKind.Completion)
        {
            if (Text(body["prompt"]) is { Length: > 0 } prompt)
            {
                turns.Add(prompt);
            }

            return turns.Count == 1;
        }

        if (body["messages"] is not JsonArray messages)
        {
            return false;
        }

        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i] is not JsonObject message || Text(message["content"]) is not { } content)
            {
                return false;
            }

            switch (Text(message["role"]))
            {
                case "system" when i == 0:
                    system = content;
                    break;
                case "user" when turns.Count == 0 || Text(messages[i - 1]!["role"]) == "assistant":
                    turns.Add(content);
                    break;
                case "assistant" when i > 0 && Text(messages[i - 1]!["role"]) == "user":
                    break;
                default:
                    return false;
            }
        }

        return turns.Count > 0;
    }

    // What needs the model's tokenizer to judge, or what a node refuses.
    private static string? Unsupported(JsonObject body) => body
        .Select(static member => member.Key)
        .FirstOrDefault(static name => name is not ("messages" or "prompt" or "model" or "temperature" or "top_p" or "top_k" or "max_tokens" or "max_completion_tokens" or "seed" or "stop" or "stream" or "stream_options"
            or "n" or "user" or "frequency_penalty" or "presence_penalty" or "repetition_penalty" or "logprobs" or "top_logprobs"));

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static string Key(Conversation conversation) => string.Join('\0', [conversation.Kind.ToString(), conversation.System ?? "", .. conversation.Turns]);

    private static int[] Shuffle(int count, ReadOnlySpan<byte> secret)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        using CanaryRandom random = new(secret, "verathos.canary-order.v1"u8, count);
        for (int i = count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}
