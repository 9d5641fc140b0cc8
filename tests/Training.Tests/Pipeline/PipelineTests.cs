using Verathos.Training.Gate;
using Verathos.Training.Judging;

namespace Verathos.Training.Tests.Pipeline;

public sealed class PipelineTests
{
    private const int Bad = 6;
    private const int Honest = SmallNetwork.Workers - Bad;
    private const int Rounds = 40;

    private static readonly Lazy<double> LossWithoutThem = new(() => Play("absent").HeldOutLoss);

    [Theory]
    [InlineData("sign flip", GateOutcome.AgainstMomentum)]
    [InlineData("scaling", GateOutcome.Norm)]
    [InlineData("alie", GateOutcome.PeerValues)]
    [InlineData("ipm", GateOutcome.Norm)]
    [InlineData("drift", GateOutcome.Norm)]
    [InlineData("free rider", null)]
    [InlineData("copycat", GateOutcome.PeerValues)]
    public void Thirty_percent_bad_workers_neither_harm_the_model_nor_earn(string attack, GateOutcome? caughtBy)
    {
        SmallNetwork network = Play(attack);
        double share = network.Earned[..Honest].Average();
        double most = network.Earned[Honest..].Max() / share;
        double ratio = network.HeldOutLoss / LossWithoutThem.Value;
        string caught = string.Join(", ", network.Refused.Where(r => r.Key.Worker >= Honest).GroupBy(r => r.Key.Outcome).Select(g => $"{g.Key} {g.Sum(r => r.Value)}"));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{attack}: loss {network.HeldOutLoss:F5}, {ratio:F3} of that without them; the best paid of them {100 * most:F1} % of an honest share, the worst paid honest one {100 * network.Earned[..Honest].Min() / share:F0} %; refused: {caught}; left out: {Excluded(network)}");

        // Where nearly all is learned, the mean turns, and one in a hundred honest contributions points against where it went.
        Assert.InRange(network.Refused.Where(refused => refused.Key.Worker < Honest).Sum(refused => refused.Value), 0, Honest * Rounds / 100);
        Assert.All(network.State.Scores.Take(Honest), score => Assert.True(score.Value.Gap.Earning > 0.5, $"{score.Value.Gap}"));
        Assert.True(caughtBy is not { } outcome || network.Refused.Keys.Any(refused => refused.Outcome == outcome), caught);
        Assert.True(ratio < 1.1, $"{attack}: {ratio}");

        // Drift does half an honest worker's work, and is paid for what that improves.
        Assert.True(most < (attack == "drift" ? 1 : 0.05), $"{attack}: {most}");
    }

    private static string Excluded(SmallNetwork network) => string.Join(", ", network.Rounds.SelectMany(round => round.Verdicts)
        .Where(verdict => verdict.Exclusion != Exclusion.None).GroupBy(verdict => (Bad: verdict.Worker.Bytes[3] >= Honest, verdict.Exclusion)).Select(group => $"{(group.Key.Bad ? "bad" : "honest")} {group.Key.Exclusion} {group.Count()}"));

    private static SmallNetwork Play(string attack)
    {
        SmallNetwork network = new(attack, Bad, 1);
        for (int round = 0; round < Rounds; round++)
        {
            network.Round();
        }

        return network;
    }
}
