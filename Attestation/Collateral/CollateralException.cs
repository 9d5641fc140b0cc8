namespace Verathos.Attestation.Collateral;

/// <summary>A document is not to be had, or not to be taken. The message names it and says why; it holds no control characters.</summary>
public sealed class CollateralException : Exception
{
    /// <summary>A failure.</summary>
    public CollateralException(FetchFailure failure, string message)
        : base(Verdicts.PrintableText.Escape(message)) => Failure = failure;

    /// <summary>A failure with what caused it.</summary>
    public CollateralException(FetchFailure failure, string message, Exception innerException)
        : base(Verdicts.PrintableText.Escape(message), innerException) => Failure = failure;

    /// <summary>Which failure.</summary>
    public FetchFailure Failure { get; }

    /// <summary>True where the service, and not what it says, is at fault: a later try may succeed.</summary>
    public bool IsTransient => Failure is FetchFailure.Unreachable or FetchFailure.TimedOut or FetchFailure.Throttled or FetchFailure.ServerError;
}
