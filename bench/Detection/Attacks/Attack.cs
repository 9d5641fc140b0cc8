namespace Verathos.Bench.Detection.Attacks;

/// <summary>Something that a node might do instead of computing what it says.</summary>
/// <param name="Name">As <c>--attack</c> takes it.</param>
/// <param name="Description">In a few words.</param>
/// <param name="Run">Answers so, as often as the context asks for.</param>
internal sealed record Attack(string Name, string Description, Func<AttackContext, IEnumerable<AttackedAnswer>> Run)
{
    /// <summary>Whether nothing but drawn tokens differs, so that an answer with the very tokens that were asked for is none of a cheat's.</summary>
    public bool ChangesOnlyDraws { get; init; }

    /// <summary>Whether the attack is on a model of its own, so that answers are judged by that model's keys.</summary>
    public Func<AttackContext, AttackContext>? Base { get; init; }
}
