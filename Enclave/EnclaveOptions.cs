using Verathos.Attestation.Binding;
using Verathos.Enclave.Platform;

namespace Verathos.Enclave;

/// <summary>How an enclave behaves. What a client must be able to rely on goes into the measured configuration.</summary>
public sealed record EnclaveOptions
{
    /// <summary>Longest life of a keyset.</summary>
    public static readonly TimeSpan MaxKeysetLifetime = TimeSpan.FromHours(1);

    /// <summary>Where the trusted core runs.</summary>
    public EnclaveTopology Topology { get; init; } = EnclaveTopology.InProcess;

    /// <summary>Who the node is in a subnet, or null.</summary>
    public NodeIdentity? Identity { get; init; }

    /// <summary>The largest sealed request in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 1024 * 1024;

    /// <summary>The most tokens of one prompt; 0 is whatever the model's context leaves.</summary>
    public int MaxPromptTokens { get; init; }

    /// <summary>The most tokens of one answer.</summary>
    public int MaxOutputTokens { get; init; } = 4096;

    /// <summary>How many requests may wait, for whichever model.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>How many sequences generate side by side, of all models together.</summary>
    public int MaxActive { get; init; } = 32;

    /// <summary>Bytes for keys and values of all running requests together; half of the memory that is free once the models are loaded where not given.</summary>
    public long? KvBytes { get; init; }

    /// <summary>The most bytes of those that requests for one of several models may take, by the model's name; all of them where a model is not named.</summary>
    public IReadOnlyDictionary<string, long> ModelKvBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>Every step of an answer is filled up to a multiple of this many bytes; 0 fills nothing.</summary>
    public int PaddingBucket { get; init; } = 512;

    /// <summary>The most tokens between two signed checkpoints.</summary>
    public int CheckpointTokens { get; init; } = 32;

    /// <summary>The most time between two signed checkpoints of a stream that moves.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a keyset lives, at most <see cref="MaxKeysetLifetime"/>.</summary>
    public TimeSpan KeysetLifetime { get; init; } = MaxKeysetLifetime;

    /// <summary>How long before a keyset's end its successor takes over; answers that run then have this long to finish.</summary>
    public TimeSpan SuccessorLead { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a keyset still takes requests once it has a successor; afterwards it only finishes what runs.</summary>
    public TimeSpan RetireGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many encapsulated headers one keyset records before it refuses more; at three quarters a successor is made early.</summary>
    public int ReplayCapacity { get; init; } = 1 << 18;

    /// <summary>How many bindings one keyset remembers; older ones are forgotten and their clients attest again.</summary>
    public int BindingCapacity { get; init; } = 1 << 16;

    /// <summary>The longest that a nonce waits for others to share a quote with.</summary>
    public TimeSpan MaxQuoteWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many nonces may wait for a quote.</summary>
    public int MaxPendingNonces { get; init; } = 4096;

    /// <summary>How long what is needed to open an answer is kept after its receipt.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most answers that are kept; the oldest make room.</summary>
    public int MaxKeptAnswers { get; init; } = 1024;

    /// <summary>About the most memory that kept answers take; the oldest make room.</summary>
    public long MaxKeptBytes { get; init; } = 256L << 20;

    /// <summary>The most openings of one receipt.</summary>
    public int OpeningsPerReceipt { get; init; } = 64;

    /// <summary>The most openings a minute, of all receipts together.</summary>
    public int OpeningsPerMinute { get; init; } = 600;

    /// <summary>How many requests for openings are worked on or wait at once.</summary>
    public int MaxOpenings { get; init; } = 16;

    /// <summary>Environment variables whose values the measurement fixes; a hardware enclave refuses others of the kinds that change the process.</summary>
    public IReadOnlyList<string> MeasuredVariables { get; init; } = [];

    /// <summary>Everything that is wrong with these options; empty where nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        Require(MaxRequestBytes is >= 1024 and <= 64 * 1024 * 1024, "MaxRequestBytes must be from 1 KiB to 64 MiB.");
        Require(MaxPromptTokens >= 0, "MaxPromptTokens must not be negative.");
        Require(MaxOutputTokens > 0, "MaxOutputTokens must be at least 1.");
        Require(QueueCapacity > 0, "QueueCapacity must be at least 1.");
        Require(MaxActive > 0, "MaxActive must be at least 1.");
        Require(KvBytes is null or > 0, "KvBytes must be at least 1.");
        Require(ModelKvBytes.Values.All(static bytes => bytes > 0), "ModelKvBytes must be at least 1.");
        Require(PaddingBucket is >= 0 and <= 16 * 1024, "PaddingBucket must be from 0 to 16,384.");
        Require(CheckpointTokens is > 0 and <= 32, "CheckpointTokens must be from 1 to 32.");
        Require(CheckpointInterval > TimeSpan.Zero && CheckpointInterval <= TimeSpan.FromSeconds(1), "CheckpointInterval must be above 0 and at most one second.");
        Require(KeysetLifetime > TimeSpan.Zero && KeysetLifetime <= MaxKeysetLifetime, "KeysetLifetime must be above 0 and at most one hour.");
        Require(RetireGrace >= TimeSpan.Zero && RetireGrace < SuccessorLead, "RetireGrace must not be negative and must be shorter than SuccessorLead.");
        Require(SuccessorLead < KeysetLifetime, "SuccessorLead must be shorter than KeysetLifetime.");
        Require(ReplayCapacity > 0, "ReplayCapacity must be at least 1.");
        Require(BindingCapacity > 0, "BindingCapacity must be at least 1.");
        Require(MaxQuoteWindow >= TimeSpan.Zero && MaxQuoteWindow <= TimeSpan.FromSeconds(1), "MaxQuoteWindow must be from 0 to one second.");
        Require(MaxPendingNonces > 0, "MaxPendingNonces must be at least 1.");
        Require(KeptFor >= TimeSpan.FromSeconds(1) && KeptFor <= MaxKeysetLifetime && KeptFor.Ticks % TimeSpan.TicksPerSecond == 0, "KeptFor must be whole seconds from one second to one hour.");
        Require(MaxKeptAnswers > 0, "MaxKeptAnswers must be at least 1.");
        Require(MaxKeptBytes >= 1 << 20, "MaxKeptBytes must be at least 1 MiB.");
        Require(OpeningsPerReceipt > 0, "OpeningsPerReceipt must be at least 1.");
        Require(OpeningsPerMinute >= OpeningsPerReceipt, "OpeningsPerMinute must be at least OpeningsPerReceipt.");
        Require(MaxOpenings > 0, "MaxOpenings must be at least 1.");
        return errors;

        void Require(bool holds, string error)
        {
            if (!holds)
            {
                errors.Add(error);
            }
        }
    }
}
