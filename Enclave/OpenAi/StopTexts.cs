using Verathos.Enclave.Memory;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Enclave.OpenAi;

/// <summary>Ends an answer in the engine at the token that completes a stop text, where <see cref="StopFilter"/> cuts its text too.</summary>
/// <param name="stops">The stop texts.</param>
/// <param name="decoder">Of its own: decodes the answer from its beginning.</param>
internal sealed class StopTexts(IReadOnlyList<string> stops, TokenDecoder decoder) : StopCondition
{
    private readonly StopFilter _filter = new(stops);

    /// <inheritdoc/>
    public override bool Append(int id)
    {
        string text = decoder.Append(id);
        _filter.Push(text);
        SecretText.Wipe(text);
        return _filter.Stopped;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _filter.Dispose();
}
