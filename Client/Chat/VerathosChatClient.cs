using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Client.Chat;

/// <summary>
/// <see cref="IChatClient"/> over an attested node. A response is complete only once its receipt holds; the verified
/// <see cref="Answer"/> is the <see cref="ChatResponse.RawRepresentation"/> (of the last update when streaming).
/// </summary>
/// <param name="client">The client that attests, seals and verifies.</param>
/// <param name="ownsClient">Whether disposing this disposes <paramref name="client"/>.</param>
public sealed class VerathosChatClient(VerathosClient client, bool ownsClient = false) : IChatClient
{
    /// <summary>The member of <see cref="ChatResponse.AdditionalProperties"/> that is true when the hardware is simulated.</summary>
    public const string SimulatedProperty = "verathos.simulated";

    /// <summary>
    /// The member of <see cref="ChatResponse.AdditionalProperties"/> with OpenAI's <c>logprobs</c> object as a <see cref="JsonElement"/>, where
    /// <c>top_logprobs</c> was among the options' additional properties.
    /// </summary>
    public const string LogProbabilitiesProperty = "logprobs";

    private readonly VerathosClient _client = client ?? throw new ArgumentNullException(nameof(client));

    /// <inheritdoc/>
    /// <exception cref="VerathosException">No verified answer came of it.</exception>
    /// <exception cref="NotSupportedException">The messages or options ask for tools, images or another thing that the node does not do.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        Answer answer = await _client.CompleteAsync(ToRequest(messages, options), cancellationToken).ConfigureAwait(false);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer.Text) { MessageId = answer.Id })
        {
            ResponseId = answer.Id,
            ModelId = answer.Model,
            CreatedAt = answer.Transcript.ReceivedAt,
            FinishReason = Finish(answer.FinishReason),
            Usage = Usage(answer),
            RawRepresentation = answer,
            AdditionalProperties = Properties(answer),
        };
    }

    /// <inheritdoc/>
    /// <exception cref="VerathosException">No verified answer came of it; updates before it carried authenticated text only.</exception>
    /// <exception cref="NotSupportedException">The messages or options ask for tools, images or another thing that the node does not do.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (AnswerUpdate update in _client.StreamAsync(ToRequest(messages, options), cancellationToken).ConfigureAwait(false))
        {
            if (update.Completed is { } answer)
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage(answer))])
                {
                    ResponseId = answer.Id,
                    MessageId = answer.Id,
                    ModelId = answer.Model,
                    CreatedAt = answer.Transcript.ReceivedAt,
                    RawRepresentation = answer,
                    AdditionalProperties = Properties(answer),
                };
            }
            else if (update.Text.Length > 0 || update.FinishReason is not null)
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, update.Text)
                {
                    ResponseId = update.Id,
                    MessageId = update.Id,
                    FinishReason = Finish(update.FinishReason),
                    RawRepresentation = update,
                };
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;

        if (serviceType == typeof(ChatClientMetadata))
            return new ChatClientMetadata("verathos", _client.Session.Node);

        return serviceType.IsInstanceOfType(this) ? this : serviceType.IsInstanceOfType(_client) ? _client : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsClient)
            _client.Dispose();
    }

    private static InferenceRequest ToRequest(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.Tools is { Count: > 0 })
            throw new NotSupportedException("the node calls no tools: leave ChatOptions.Tools empty");

        List<(string, string)> turns = [];
        if (!string.IsNullOrEmpty(options?.Instructions))
            turns.Add(("system", options.Instructions));

        foreach (ChatMessage message in messages)
        {
            if (message.Contents.Any(content => content is not TextContent))
                throw new NotSupportedException("the node reads text only");

            turns.Add((message.Role.Value, message.Text));
        }

        return InferenceRequest.Chat(
            turns,
            options?.ModelId,
            options?.Temperature ?? 1,
            options?.TopP ?? 1,
            options?.TopK ?? 0,
            options?.MaxOutputTokens,
            options?.Seed,
            options?.StopSequences,
            options?.FrequencyPenalty ?? 0,
            options?.PresencePenalty ?? 0,
            Additional(options, "repetition_penalty") is { } repetition ? Convert.ToDouble(repetition, CultureInfo.InvariantCulture) : 1,
            Additional(options, "top_logprobs") is { } likeliest ? Convert.ToInt32(likeliest, CultureInfo.InvariantCulture) : null,
            Format(options?.ResponseFormat));
    }

    private static object? Additional(ChatOptions? options, string name) =>
        options?.AdditionalProperties is { } members && members.TryGetValue(name, out object? value) ? value : null;

    private static JsonObject? Format(ChatResponseFormat? format) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = json.SchemaName ?? "answer", ["schema"] = JsonNode.Parse(schema.GetRawText()) },
        },
        ChatResponseFormatJson => new JsonObject { ["type"] = "json_object" },
        _ => null,
    };

    private static AdditionalPropertiesDictionary Properties(Answer answer)
    {
        AdditionalPropertiesDictionary properties = new() { [SimulatedProperty] = answer.Simulated };
        if (answer.LogProbabilities is { } json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            properties[LogProbabilitiesProperty] = document.RootElement.Clone();
        }

        return properties;
    }

    private static ChatFinishReason? Finish(string? reason) => reason is null ? null : new ChatFinishReason(reason);

    private static UsageDetails Usage(Answer answer) => new()
    {
        InputTokenCount = answer.PromptIds.Count,
        OutputTokenCount = answer.OutputIds.Count,
        TotalTokenCount = answer.PromptIds.Count + answer.OutputIds.Count,
    };
}
