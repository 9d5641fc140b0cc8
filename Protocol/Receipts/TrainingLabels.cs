namespace Verathos.Protocol.Receipts;

/// <summary>Claim numbers that only training records have, beside those of <see cref="ReceiptLabels"/>.</summary>
public static class TrainingLabels
{
    /// <summary>The worker's key, 32 bytes: it outlives the keysets under which its records are signed.</summary>
    public const long Worker = -65600;

    /// <summary>The round.</summary>
    public const long Round = -65601;

    /// <summary>The public beacon value that assigned the documents, 32 bytes.</summary>
    public const long Beacon = -65602;

    /// <summary>Root of the model that the round started from, 32 bytes.</summary>
    public const long BaseModelRoot = -65603;

    /// <summary>Root of the documents that were trained on, 32 bytes.</summary>
    public const long ShardRoot = -65604;

    /// <summary>Number of inner steps.</summary>
    public const long Steps = -65605;

    /// <summary>The loss of every step in order: binary32, little-endian, four bytes each.</summary>
    public const long Losses = -65606;

    /// <summary>Root of the compressed gradient, 32 bytes.</summary>
    public const long GradientRoot = -65607;

    /// <summary>Root of what was not sent, after the round, 32 bytes.</summary>
    public const long ErrorFeedbackRoot = -65608;

    /// <summary>Root of the optimiser's state after the round, 32 bytes.</summary>
    public const long OptimiserRoot = -65609;

    /// <summary>Root of the tree with one leaf for each inner step, 32 bytes.</summary>
    public const long StepsRoot = -65610;

    /// <summary>Root of the model that the round's steps came to, 32 bytes.</summary>
    public const long ResultRoot = -65611;

    /// <summary>The training run, 32 bytes.</summary>
    public const long Run = -65620;

    /// <summary>Whose statement it is: SHA-256 of the signer's COSE_Key, 32 bytes.</summary>
    public const long Signer = -65621;

    /// <summary>Digest of what the round's contributions came to, 32 bytes.</summary>
    public const long ResultDigest = -65622;

    /// <summary>Root of the aggregate that is applied to the model, 32 bytes.</summary>
    public const long AggregateRoot = -65623;

    /// <summary>Root of the model after the round, 32 bytes.</summary>
    public const long NextModelRoot = -65624;

    /// <summary>What is said of each contribution, an array: see <see cref="OutcomeVerdict"/>.</summary>
    public const long Verdicts = -65625;

    /// <summary>Held-out loss before the round, binary64, big-endian, 8 bytes, or null.</summary>
    public const long LossBefore = -65626;

    /// <summary>Held-out loss after the round, as before.</summary>
    public const long LossAfter = -65627;

    /// <summary>The operation that a request asks for, text.</summary>
    public const long Operation = -65630;

    /// <summary>SHA-256 of what goes with a request, 32 bytes.</summary>
    public const long BodyDigest = -65631;
}
