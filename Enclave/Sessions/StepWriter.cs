using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Enclave.Sessions;

/// <summary>Turns tokens into the padded steps of an answer: decodes them, holds stop texts back and says when the answer ends.</summary>
internal sealed class StepWriter : IDisposable
{
    private readonly AnswerWriter _writer;
    private readonly StopFilter _stops;
    private readonly TokenDecoder _decoder;

    /// <summary>A writer for one answer; with the vocabulary where log-probabilities were asked for.</summary>
    public StepWriter(ApiRequest request, ReadOnlySpan<byte> id, DateTimeOffset created, int bucket, TokenDecoder decoder, SecretScope scope, Tokenizer? logProbabilities = null)
    {
        string prefix = request.Endpoint == ApiEndpoint.ChatCompletions ? "chatcmpl-" : "cmpl-";
        _writer = new AnswerWriter(request, prefix + Convert.ToHexStringLower(id), created.ToUnixTimeSeconds(), bucket, scope.Own(new SecretBuffer(4096)), logProbabilities is null ? null : new LogProbabilityWriter(request.Endpoint, logProbabilities));
        _stops = scope.Own(new StopFilter(request.Stop));
        _decoder = decoder;
    }

    /// <summary>The content of the step last written; valid until the next.</summary>
    public ReadOnlySpan<byte> Step => _writer.Step;

    /// <summary>The step that opens the stream.</summary>
    public void Accept(ReadOnlySpan<byte> acceptance, ReadOnlySpan<byte> secret, ReadOnlySpan<int> promptIds)
    {
        _writer.Begin();
        _writer.Acceptance(EventNames.Acceptance, acceptance, secret, promptIds);
        _writer.Pad();
    }

    /// <summary>The step of one token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="checkpoint">A signed checkpoint that travels with it, or null.</param>
    /// <returns>Null while the answer goes on; else OpenAI's finish reason, and <see cref="End"/> must follow.</returns>
    public string? Write(GeneratedToken token, byte[]? checkpoint)
    {
        _writer.Begin();
        if (checkpoint is not null)
        {
            _writer.Checkpoint(EventNames.Checkpoint, checkpoint);
        }

        string text = _decoder.Append(token.Id);
        _writer.Chunk(_stops.Push(text), [token.Id], null, token.LogProbabilities, text.Length, token.Commitment?.TraceRoot);
        Array.Clear(token.LogProbabilities ?? []);
        SecretText.Wipe(text);
        if (token.Finish is null && !_stops.Stopped)
        {
            _writer.Pad();
            return null;
        }

        if (!_stops.Stopped)
        {
            // The pieces lie in one buffer that the next call reuses, so each is written before the next is asked for.
            string rest = _decoder.Flush();
            Rest(_stops.Push(rest));
            Rest(_stops.Finish());
            SecretText.Wipe(rest);
        }

        return token.Finish == FinishReason.Length && !_stops.Stopped ? "length" : "stop";
    }

    /// <summary>Completes the step of the last token with what ends a stream.</summary>
    public void End(string finishReason, bool includeUsage, int promptTokens, int outputTokens)
    {
        _writer.Chunk([], [], finishReason);
        if (includeUsage)
        {
            _writer.Usage(promptTokens, outputTokens);
        }

        _writer.Done();
        _writer.Pad();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _stops.Dispose();
    }

    private void Rest(ReadOnlySpan<char> text)
    {
        if (text.Length > 0)
        {
            _writer.Chunk(text, [], null);
        }
    }
}
