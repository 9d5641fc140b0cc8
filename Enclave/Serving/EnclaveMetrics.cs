namespace Verathos.Enclave.Serving;

/// <summary>The counters behind <see cref="EnclaveCounters"/>.</summary>
internal sealed class EnclaveMetrics
{
    public long Requests;
    public long Receipts;
    public long SealedErrors;
    public long Undecryptable;
    public long Replays;
    public long Abandoned;
    public int Active;
    public long PromptTokens;
    public long OutputTokens;
    public long Quotes;
    public long Nonces;
    public long Openings;
    public long OpeningsRefused;
    public long OpeningsFailed;
    public long Evicted;

    public EnclaveCounters Read(long keysets, (int Count, long Bytes) kept) => new()
    {
        Requests = Interlocked.Read(ref Requests),
        Receipts = Interlocked.Read(ref Receipts),
        SealedErrors = Interlocked.Read(ref SealedErrors),
        Undecryptable = Interlocked.Read(ref Undecryptable),
        Replays = Interlocked.Read(ref Replays),
        Abandoned = Interlocked.Read(ref Abandoned),
        Active = Volatile.Read(ref Active),
        PromptTokens = Interlocked.Read(ref PromptTokens),
        OutputTokens = Interlocked.Read(ref OutputTokens),
        Quotes = Interlocked.Read(ref Quotes),
        Nonces = Interlocked.Read(ref Nonces),
        Openings = Interlocked.Read(ref Openings),
        OpeningsRefused = Interlocked.Read(ref OpeningsRefused),
        OpeningsFailed = Interlocked.Read(ref OpeningsFailed),
        Kept = kept.Count,
        KeptBytes = kept.Bytes,
        Evicted = Interlocked.Read(ref Evicted),
        Keysets = keysets,
    };
}
