namespace Verathos.Protocol.Receipts;

/// <summary>Values of the protected header "typ" (RFC 9596), one for every kind of signed statement.</summary>
public static class ReceiptTypes
{
    /// <summary>Opens a stream.</summary>
    public const string Acceptance = "application/vnd.verathos.acceptance+cwt";

    /// <summary>In a stream: what was delivered so far.</summary>
    public const string Checkpoint = "application/vnd.verathos.checkpoint+cwt";

    /// <summary>Closes a stream.</summary>
    public const string Receipt = "application/vnd.verathos.receipt+cwt";

    /// <summary>Closes an answer with openings.</summary>
    public const string Opening = "application/vnd.verathos.opening+cwt";

    /// <summary>Reserved for an old key's statement about its successor.</summary>
    public const string Rotation = "application/vnd.verathos.rotation+cwt";

    /// <summary>Closes a round of training: what was trained, on what, and what came of it.</summary>
    public const string Training = "application/vnd.verathos.training+cwt";

    /// <summary>Ends a round of training for all: what a validator says the round came to.</summary>
    public const string TrainingOutcome = "application/vnd.verathos.training-outcome+cwt";

    /// <summary>A request of a worker or a validator in a training run.</summary>
    public const string TrainingRequest = "application/vnd.verathos.training-request+cwt";
}
