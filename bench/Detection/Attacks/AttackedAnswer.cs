using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>What a node computed, and what its receipt says of it.</summary>
/// <param name="Computed">What it computed and can open.</param>
/// <param name="Ids">The tokens that the receipt counts.</param>
/// <param name="Drawn">How the receipt says that they were drawn.</param>
internal sealed record AttackedAnswer(RecordedAnswer Computed, int[] Ids, DrawnToken Drawn)
{
    /// <summary>An answer of which the receipt tells what was computed.</summary>
    public static AttackedAnswer Told(RecordedAnswer computed) => new(computed, computed.Ids, computed.Drawn);

    /// <summary>What an opening is judged against: as many steps as the counted tokens have.</summary>
    public CommittedTrace Trace => Computed.Trace with { Steps = Ids.Length - 1 };
}
