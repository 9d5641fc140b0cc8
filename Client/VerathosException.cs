using Verathos.Attestation.Verdicts;
using Verathos.Client.Receipts;

namespace Verathos.Client;

/// <summary>A call that did not end in a verified answer. The message says what to do and holds no prompt and no answer text.</summary>
public sealed class VerathosException : Exception
{
    /// <summary>A failure of a kind with its message.</summary>
    public VerathosException(ClientFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>What went wrong.</summary>
    public ClientFailure Failure { get; }

    /// <summary>The stable name of the check that failed (<c>quote.signature</c>, <c>receipt.chain</c>, ...), when one did.</summary>
    public string? Check { get; init; }

    /// <summary>The HTTP status: the sealed inner one for <see cref="ClientFailure.Refused"/>, else the outer one, when there was one.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The OpenAI error body that the enclave sealed, when there was one.</summary>
    public string? ErrorBody { get; init; }

    /// <summary>The code in that body, such as <c>queue_full</c>.</summary>
    public string? Code { get; init; }

    /// <summary>How long the node asks callers to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The verdict over the node's evidence, when the failure is its rejection.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>The checks of the signed statement that does not hold, when that is the failure.</summary>
    public ReceiptVerdict? Receipt { get; init; }

    /// <summary>What the node had provably delivered when the stream ended early.</summary>
    public DeliveryProof? Delivered { get; init; }

    /// <summary>Both receipts of an equivocation.</summary>
    public Equivocation? Equivocation { get; init; }
}
