namespace Verathos.Enclave.Serving;

/// <summary>The counters of one model, behind <see cref="ModelStatus"/>.</summary>
internal sealed class ModelCounters
{
    public long Accepted;
    public long Receipts;
    public long PromptTokens;
    public long OutputTokens;
}
