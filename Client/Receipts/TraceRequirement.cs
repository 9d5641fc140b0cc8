using Verathos.Protocol.Evidence;

namespace Verathos.Client.Receipts;

/// <summary>Whether an answer must be committed to, so that its computation can be audited.</summary>
public enum TraceRequirement
{
    /// <summary>Where its numeric profile commits: <see cref="CommittedProfiles"/>.</summary>
    Served = 0,

    /// <summary>Always: answers in other profiles are rejected.</summary>
    Always,

    /// <summary>Never; what is there is checked all the same.</summary>
    Never,
}
