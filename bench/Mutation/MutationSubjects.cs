using Verathos.Simulator;

namespace Verathos.Bench.Mutation;

/// <summary>Everything whose bits are changed: whole evidence and collateral first, then every parser by itself.</summary>
public static class MutationSubjects
{
    /// <summary>The subjects.</summary>
    /// <param name="installation">What mints evidence.</param>
    /// <param name="vectors">The folder of recorded evidence; what is not there is left out.</param>
    public static IReadOnlyList<MutationSubject> From(Installation installation, string vectors)
    {
        IReadOnlyDictionary<string, byte[]> seeds = ParserSeeds.From(installation);
        return
        [
            .. new MintedSubjects(installation).All(),
            .. new RecordedSubjects(vectors).All(),
            .. ParserTargets.All.Select(target => MutationSubject.Of(target, seeds[target.Name])),
        ];
    }
}
