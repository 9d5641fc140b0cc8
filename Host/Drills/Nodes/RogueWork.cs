using Verathos.Fingerprint.Sampling;
using Verathos.Protocol.Openings;

namespace Verathos.Host.Drills.Nodes;

/// <summary>How an attacker's node computes an answer, tells of it and opens it. The defaults are honest.</summary>
internal sealed record RogueWork
{
    /// <summary>What is done to the weights, one of <see cref="Bench.Detection.CheatModels"/>.</summary>
    public string Cheat { get; init; } = Bench.Detection.CheatModels.None;

    /// <summary>How tokens are drawn, from what was asked for.</summary>
    public Func<SamplingParameters, SamplingParameters> Sampling { get; init; } = sampling => sampling;

    /// <summary>Ids computed before the prompt that nobody is told of.</summary>
    public int[] Hidden { get; init; } = [];

    /// <summary>Ids computed after the prompt that are told as the beginning of the answer.</summary>
    public int[] Injected { get; init; } = [];

    /// <summary>Tokens told and billed after the end of what was computed.</summary>
    public int Padding { get; init; }

    /// <summary>Changes what was computed before it is signed.</summary>
    public Func<Computation, byte[], Computation> Forge { get; init; } = (computation, _) => computation;

    /// <summary>Changes the items of an answer with openings.</summary>
    public Func<DrillGround, IReadOnlyList<byte[]>, IReadOnlyList<byte[]>> Items { get; init; } = (_, items) => items;

    /// <summary>Changes a claim before the statement about openings is signed.</summary>
    public Func<OpeningStatement, OpeningStatement> Statement { get; init; } = statement => statement;

    /// <summary>Says that there is no such answer.</summary>
    public bool Refuses { get; init; }
}
