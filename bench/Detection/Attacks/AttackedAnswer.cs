using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
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

    /// <summary>Whether every token is the one that the receipt's draw gives of the computed logits.</summary>
    public bool IsDrawnAsTold()
    {
        int prompt = Drawn.PromptTokens;
        for (int i = prompt; i < Ids.Length; i++)
        {
            if (Sampler.Sample(Computed.Step(i - 1).Logits, Drawn.Parameters, Drawn.Seed.Span, Ids.AsSpan(0, prompt), Ids.AsSpan(prompt, i - prompt), default) != Ids[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What an opening is judged against: as many steps as the counted tokens have.</summary>
    public CommittedTrace Trace => Computed.Trace with { Steps = Ids.Length - 1 };
}
