using System.Text;
using System.Text.Json.Nodes;
using Verathos.Client.Requests;

namespace Verathos.Validator.Canaries;

/// <summary>
/// A conversation as a person or a program would have it with a model: what is said on one side. The other side's answers are the
/// node's own, because a history that no model wrote would give a canary away.
/// </summary>
public sealed class Conversation
{
    private readonly JsonObject _body;
    private readonly bool _isOpenEnded;

    /// <summary>A conversation.</summary>
    /// <param name="kind">The endpoint; a completion has one turn.</param>
    /// <param name="body">OpenAI's body with its members in the caller's order. The value of <c>messages</c> or <c>prompt</c> is replaced; that of <c>model</c>, where it is there, by the served model's name.</param>
    /// <param name="system">The system message, if any.</param>
    /// <param name="turns">What the user says, in order; at least one.</param>
    /// <param name="isOpenEnded">Whether an answer of a few words is unlikely; where nobody knows, it is taken to be.</param>
    internal Conversation(InferenceKind kind, JsonObject body, string? system, IReadOnlyList<string> turns, bool isOpenEnded = true)
    {
        Kind = kind;
        _body = body;
        _isOpenEnded = isOpenEnded;
        System = system;
        Turns = turns;
    }

    /// <summary>The endpoint.</summary>
    public InferenceKind Kind { get; }

    /// <summary>The system message, if any.</summary>
    public string? System { get; }

    /// <summary>What the user says, in order.</summary>
    public IReadOnlyList<string> Turns { get; }

    /// <summary>The most tokens that it asks for; null where the node's limit applies.</summary>
    public int? MaxTokens => (int?)(_body["max_tokens"] ?? _body["max_completion_tokens"]);

    /// <summary>Bytes of what one side says.</summary>
    public int PromptBytes => Encoding.UTF8.GetByteCount(System ?? "") + Turns.Sum(Encoding.UTF8.GetByteCount);

    /// <summary>
    /// Whether other nodes can be asked the same with other lengths and the answers compared by ids: one question, greedy, short, and
    /// nothing in it that makes the ids depend on more than the prompt.
    /// </summary>
    internal bool IsReplicable =>
        Kind == InferenceKind.Chat && _isOpenEnded && Turns.Count == 1 && PromptBytes <= Replication.MostPromptBytes && MaxTokens is <= Replication.MostTokens
        && _body["temperature"] is { } temperature && (double)temperature == 0
        && _body.All(static member => member.Key is "messages" or "model" or "temperature" or "top_p" or "top_k" or "max_tokens" or "max_completion_tokens" or "seed" or "stream" or "stream_options" or "n" or "user");

    /// <summary>Its own body with what another one says.</summary>
    internal Conversation Saying(Conversation other) => new(Kind, _body, other.System, other.Turns);

    /// <summary>The request of a turn, made as the proxy makes one of a caller's body.</summary>
    /// <param name="model">The name of the served model.</param>
    /// <param name="answers">The node's answers to the turns before; their number says which turn it is.</param>
    /// <exception cref="InvalidOperationException">The conversation has no such turn, or no client could send it.</exception>
    public InferenceRequest ToRequest(string model, IReadOnlyList<string> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        if (answers.Count >= Turns.Count)
        {
            throw new InvalidOperationException($"the conversation has {Turns.Count} turns");
        }

        JsonObject body = (JsonObject)_body.DeepClone();
        if (body.ContainsKey("model"))
        {
            body["model"] = model;
        }

        if (Kind == InferenceKind.Completion)
        {
            body["prompt"] = Turns[0];
        }
        else
        {
            JsonArray messages = [];
            if (System is not null)
            {
                messages.Add(Message("system", System));
            }

            for (int turn = 0; turn <= answers.Count; turn++)
            {
                messages.Add(Message("user", Turns[turn]));
                if (turn < answers.Count)
                {
                    messages.Add(Message("assistant", answers[turn]));
                }
            }

            body["messages"] = messages;
        }

        return InferenceRequest.TryParse(Kind, Encoding.UTF8.GetBytes(body.ToJsonString()), out InferenceRequest? request, out string? error)
            ? request!
            : throw new InvalidOperationException($"the conversation cannot be sent: {error}");
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
