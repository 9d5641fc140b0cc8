using System.Security.Cryptography;
using Verathos.Training.Compression;
using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Judging;
using Verathos.Training.Rounds;
using Verathos.Training.Tests.Pipeline;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Judging;

public sealed class RoundJudgeTests
{
    private static readonly byte[] Secret = SHA256.HashData("a validator's secret"u8);

    [Fact]
    public void A_judge_that_was_stopped_goes_on_to_the_same_bits()
    {
        SmallNetwork network = new("copycat", 6, 3);
        SmallNetwork stopped = new("copycat", 6, 3);
        for (int round = 0; round < 6; round++)
        {
            network.Round();

            // Stopped after judging and before saving, then again after saving: the round is judged once more, with what came in another order.
            JudgeInput input = stopped.Contribute();
            using RoundJudge first = new(stopped.Objective, SmallNetwork.Settings, Secret);
            first.Judge(stopped.State, input);
            using RoundJudge second = new(stopped.Objective, SmallNetwork.Settings, Secret);
            stopped.Take(second.Judge(JudgeState.Restore(stopped.State.Save()), input with { Contributions = [.. input.Contributions.Reverse()] }));
            Assert.Equal(network.State.Save(), stopped.State.Save());
            Assert.Equal(network.Rounds[^1].Weights, stopped.Rounds[^1].Weights);
            Assert.Equal(network.Rounds[^1].Rewards.Shares, stopped.Rounds[^1].Rewards.Shares);
            Assert.Equal(network.Rounds[^1].Verdicts.Select(v => (v.Worker, v.Exclusion, v.Promise, v.Impact, v.OwnFall, v.OtherFall, v.Weight, v.Score)),
                stopped.Rounds[^1].Verdicts.Select(v => (v.Worker, v.Exclusion, v.Promise, v.Impact, v.OwnFall, v.OtherFall, v.Weight, v.Score)));
        }
    }

    [Fact]
    public void The_next_model_is_the_outer_step_by_the_aggregate_and_pays_what_it_brought()
    {
        SmallNetwork network = new("none", 0, 1);
        JudgeInput input = network.Contribute();
        network.Round();
        JudgedRound judged = network.Rounds[0];
        Assert.Equal(OuterStep.Apply(input.Weights.Span, judged.Aggregate, SmallNetwork.Settings.OuterRate), judged.Weights);
        Assert.Equal(1, judged.Verdicts.Sum(verdict => verdict.Weight), 1e-12);
        Assert.True(judged.Losses.Fall > 0);

        // A newcomer's gap is not high enough yet: the pool is there, and nobody has earned any of it.
        Assert.Equal(0, judged.Verdicts.Sum(verdict => verdict.Units));
        for (int round = 1; round < 8; round++)
        {
            network.Round();
        }

        Assert.Equal((long)Math.Floor(1_000_000 * network.Rounds[^1].Losses.Fall), network.Rounds[^1].Verdicts.Sum(verdict => verdict.Units));
        Assert.All(network.Rounds[^1].Verdicts, verdict => Assert.Equal(verdict.Impact > 0, verdict.Units > 0));
        Assert.Contains(network.Rounds[^1].Verdicts, verdict => verdict.Units > 0);
    }

    [Fact]
    public void Held_out_is_what_nobody_was_assigned_and_a_loss_is_not_computed_twice()
    {
        SmallNetwork network = new("none", 0, 1);
        network.Round();
        Assert.All(network.Objective.Seen, document => Assert.True(document < 80));
        Assert.Equal(64, network.Objective.Asked[0]);
        int first = network.Objective.Asked.Count(asked => asked == 64);
        network.Objective.Asked.Clear();
        network.Round();
        int confirmed = network.Rounds[^1].Verdicts.Count(verdict => verdict.Exact is not null);
        Assert.Equal(network.Rounds[0].Verdicts.Count(verdict => verdict.Exact is not null) + 2, first);
        Assert.Equal(confirmed + 1, network.Objective.Asked.Count);
        Assert.Equal(network.Rounds[0].Losses.After, network.Rounds[1].Losses.Before);

        // Without documents kept for it a validator takes what is left.
        SmallNetwork other = new("none", 0, 1);
        JudgeInput input = other.Contribute();
        using RoundJudge judge = new(other.Objective, SmallNetwork.Settings with { HeldOut = null }, Secret);
        judge.Judge(JudgeState.Initial, input);
        Assert.Contains(other.Objective.Seen, document => document >= 80);
        Assert.DoesNotContain(other.Objective.Seen, input.Assigned.Contains);
    }

    [Fact]
    public void What_the_gate_refuses_moves_nothing_and_counts_against_its_worker()
    {
        SmallNetwork network = new("none", 0, 1);
        JudgedRound judged = Judge(network, input => input with { Contributions = Replace(input, 3, input.Contributions[3].Candidate with { ShardRoot = new byte[31] }) });
        WorkerVerdict verdict = judged.Verdicts[3];
        Assert.Equal((GateOutcome.ShardRoot, Exclusion.Gate, 0.0, 0.0), (verdict.Gate, verdict.Exclusion, verdict.Weight, verdict.Impact));
        Assert.Equal(-0.1, verdict.Score.Gap.Value, 1e-12);
        Assert.All(judged.Verdicts.Where(v => v != verdict), v => Assert.Equal((Exclusion.None, 0.1), (v.Exclusion, Math.Round(v.Score.Gap.Value, 12))));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    public void Of_two_that_sent_the_same_the_one_whose_documents_are_in_it_is_the_author(int copycat, int author)
    {
        SmallNetwork network = new("none", 0, 1);
        JudgedRound judged = Judge(network, input => input with
        {
            Contributions = Replace(input, copycat, input.Contributions[copycat].Candidate with { Gradient = input.Contributions[author].Candidate.Gradient }),
        });
        Assert.Equal((GateOutcome.PeerValues, Samples.Worker(author).ToString()), (judged.Verdicts[copycat].Gate, judged.Verdicts[copycat].Detail));
        Assert.All(judged.Verdicts.Where((_, i) => i != copycat), verdict => Assert.Equal(Exclusion.None, verdict.Exclusion));
    }

    [Fact]
    public void A_promise_of_harm_moves_nothing()
    {
        // In the first round nobody can point against the momentum.
        SmallNetwork network = new("none", 0, 1);
        JudgedRound judged = Judge(network, input => Turn(network, input, 3));
        Assert.Equal((GateOutcome.Accepted, Exclusion.Promise, 0.0), (judged.Verdicts[3].Gate, judged.Verdicts[3].Exclusion, judged.Verdicts[3].Weight));
        Assert.Single(judged.Verdicts, verdict => verdict.Exclusion != Exclusion.None);
    }

    [Fact]
    public void A_promise_that_is_too_good_and_not_kept_moves_nothing()
    {
        // Taken thirty times as far as is good: the first order promises a fall, and the loss rises.
        SmallNetwork network = new("none", 0, 1);
        JudgeInput input = network.Contribute();
        float[] best = network.Objective.Gradient(input.Weights, [.. Enumerable.Range(0, 64)]);
        byte[] good = CompressedGradient.Encode(network.Objective.Layout, best, GradientBits.Two);
        JudgeInput round = input with { Contributions = [.. input.Contributions.Select((c, i) => c with { Candidate = c.Candidate with { Gradient = i == 3 ? good : Half(i) } })] };
        using RoundJudge judge = new(network.Objective, SmallNetwork.Settings with { OuterRate = 30 * SmallNetwork.Settings.OuterRate, ConfirmedShare = 0 }, Secret);
        WorkerVerdict verdict = judge.Judge(JudgeState.Initial, round).Verdicts[3];
        Assert.True(verdict.Promise > 0, verdict.ToString());
        Assert.True(verdict.Confirmation == ConfirmationReason.Outlier && verdict.Exact!.Fall < 0 && verdict.Impact < 0, verdict.ToString());
        Assert.Equal((Exclusion.Exact, 0.0), (verdict.Exclusion, verdict.Weight));

        // Others are worth little, and cost little: a third of their signs is wrong, and they are shorter.
        byte[] Half(int worker)
        {
            Random random = new(worker);
            float[] own = network.Objective.Gradient(input.Weights, input.Contributions[worker].Documents);
            return CompressedGradient.Encode(network.Objective.Layout, [.. own.Select(value => 0.55f * (random.NextDouble() < 0.35 ? -value : value))], GradientBits.Two);
        }
    }

    [Fact]
    public void Where_every_contribution_alone_raises_the_loss_the_best_of_them_stays()
    {
        // The step is far too large for one contribution alone; the first worker's has fewer signs wrong than the others'.
        SmallNetwork network = new("none", 0, 1);
        JudgeInput input = network.Contribute();
        JudgeInput round = input with { Contributions = [.. input.Contributions.Select((c, i) => c with { Candidate = c.Candidate with { Gradient = Part(i) } })] };
        using RoundJudge judge = new(network.Objective, SmallNetwork.Settings with { OuterRate = 60 * SmallNetwork.Settings.OuterRate, ConfirmedShare = 0 }, Secret);
        WorkerVerdict best = judge.Judge(JudgeState.Initial, round).Verdicts[0];
        Assert.True(best.Confirmation == ConfirmationReason.Outlier && best.Exact!.Fall < 0, best.ToString());
        Assert.Equal((Exclusion.None, 0L), (best.Exclusion, best.Units));

        byte[] Part(int worker)
        {
            Random random = new(worker);
            float[] own = network.Objective.Gradient(input.Weights, input.Contributions[worker].Documents);
            return CompressedGradient.Encode(network.Objective.Layout, [.. own.Select(value => random.NextDouble() < (worker == 0 ? 0.1 : 0.2) ? -value : value)], GradientBits.Two);
        }
    }

    [Fact]
    public void Who_brings_nothing_of_its_own_documents_for_long_moves_nothing()
    {
        SmallNetwork network = new("none", 0, 1);
        for (int round = 0; round < 12; round++)
        {
            // Worker 3 does honest work, on the documents of others.
            JudgedRound judged = Judge(network, input => input with
            {
                Contributions = [.. input.Contributions.Select((c, i) => i == 3 ? c with { Documents = [input.Contributions[4].Documents[0]] } : c)],
            });
            Assert.Equal(judged.Verdicts[3].Score.Gap.Value <= -0.4589 ? Exclusion.Gap : Exclusion.None, judged.Verdicts[3].Exclusion);
            Assert.Equal(0, judged.Verdicts[3].Units);
            network.Take(judged);
        }

        Assert.Equal(Exclusion.Gap, network.Rounds[^1].Verdicts[3].Exclusion);
        Assert.DoesNotContain(network.Rounds[^1].Verdicts, verdict => verdict.Exclusion == Exclusion.Gap && verdict.Worker != Samples.Worker(3));
    }

    [Fact]
    public void Who_improves_the_model_by_much_less_than_others_for_long_moves_nothing()
    {
        // Three in ten of its signs are turned: gate, promise and gap let every round of it pass.
        SmallNetwork network = new("none", 0, 1);
        for (int round = 0; round < 20; round++)
        {
            JudgedRound judged = Judge(network, input => Flip(network, input, 3, round));
            WorkerVerdict weak = judged.Verdicts[3];
            Assert.True(weak.Exclusion is Exclusion.None or Exclusion.Rating, weak.ToString());
            Assert.True(weak.Exclusion != Exclusion.Rating || (weak is { Gate: GateOutcome.Accepted, Promise: > 0, Weight: 0, Units: 0 }), weak.ToString());
            Assert.DoesNotContain(judged.Verdicts, verdict => verdict.Exclusion == Exclusion.Rating && verdict.Worker != Samples.Worker(3));
            network.Take(judged);
        }

        Assert.Equal(Exclusion.Rating, network.Rounds[^1].Verdicts[3].Exclusion);
    }

    [Fact]
    public void A_state_that_is_damaged_is_refused()
    {
        SmallNetwork network = new("none", 0, 1);
        network.Round();
        byte[] saved = network.State.Save();
        Assert.Equal(saved, JudgeState.Restore(saved).Save());
        Assert.Equal(JudgeState.Initial.Save(), JudgeState.Restore(JudgeState.Initial.Save()).Save());
        for (int at = 0; at < saved.Length; at += 1 + (saved.Length / 50))
        {
            byte[] damaged = [.. saved];
            damaged[at] ^= 1;
            Assert.Throws<InvalidDataException>(() => JudgeState.Restore(damaged));
        }

        // With a digest that fits, form decides.
        byte[] body = saved[32..^1];
        Assert.Throws<InvalidDataException>(() => JudgeState.Restore([.. SHA256.HashData(body), .. body]));
        Assert.Throws<InvalidDataException>(() => JudgeState.Restore([]));
    }

    [Fact]
    public void A_round_that_cannot_be_judged_is_refused()
    {
        SmallNetwork network = new("none", 0, 1);
        JudgeInput input = network.Contribute();
        network.Round();
        Refused(SmallNetwork.Settings, network.State, input);
        input = network.Contribute();
        Refused(SmallNetwork.Settings, network.State, input with { Weights = new float[5] });
        Refused(SmallNetwork.Settings, network.State, input with { Assigned = new HashSet<int>() });
        Refused(SmallNetwork.Settings, network.State, input with { Contributions = [.. input.Contributions, input.Contributions[0]] });
        Refused(SmallNetwork.Settings with { HeldOut = [.. Enumerable.Range(0, 63)] }, network.State, input);
        Refused(SmallNetwork.Settings with { ExactTokens = 65_535 }, network.State, input);
        Refused(SmallNetwork.Settings with { OuterRate = 0 }, network.State, input);
        Refused(SmallNetwork.Settings with { HeldOut = [1, 1] }, network.State, input);
        Assert.Throws<ArgumentException>(() => new RoundJudge(network.Objective, SmallNetwork.Settings, Secret.AsSpan(0, 15)));

        void Refused(JudgeSettings settings, JudgeState state, JudgeInput round) => Assert.Throws<ArgumentException>(() =>
        {
            using RoundJudge judge = new(network.Objective, settings, Secret);
            judge.Judge(state, round);
        });
    }

    [Fact]
    public void Too_few_to_compare_leave_the_model_and_blame_nobody()
    {
        SmallNetwork network = new("none", 0, 1);
        JudgedRound judged = Judge(network, input => input with { Contributions = [.. input.Contributions.Take(3)] });
        Assert.All(judged.Verdicts, verdict => Assert.Equal((GateOutcome.TooFewPeers, 0.0), (verdict.Gate, verdict.Score.Gap.Value)));
        Assert.Equal(0, judged.Losses.Fall);
        Assert.Equal(0, judged.Aggregate.Count);
    }

    [Fact]
    public void The_outer_step_rounds_once_and_refuses_what_is_not_finite()
    {
        SparseVector update = new(3, [1], [1.0 / 3]);
        float[] next = OuterStep.Apply([1, 2, 3], update, 0.1);
        Assert.Equal([1, 2 - (float)(1.0 / 3 * 0.1), 3], next);
        Assert.Throws<ArgumentException>(() => OuterStep.Apply([1, 2], update, 0.1));
        Assert.Throws<ArgumentException>(() => OuterStep.Apply([1, 2, 3], update, 0));
        Assert.Throws<ArgumentException>(() => OuterStep.Apply([1, 2, 3], update, double.NaN));
        Assert.Throws<ArgumentException>(() => OuterStep.Apply([1, 2, 3], new SparseVector(3, [1], [1e300]), 1));
    }

    private static JudgedRound Judge(SmallNetwork network, Func<JudgeInput, JudgeInput> change)
    {
        using RoundJudge judge = new(network.Objective, SmallNetwork.Settings, Secret);
        return judge.Judge(network.State, change(network.Contribute()));
    }

    private static JudgeContribution[] Replace(JudgeInput input, int worker, GateCandidate candidate) =>
        [.. input.Contributions.Select((contribution, i) => i == worker ? contribution with { Candidate = candidate } : contribution)];

    private static JudgeInput Flip(SmallNetwork network, JudgeInput input, int worker, int seed)
    {
        GateCandidate candidate = input.Contributions[worker].Candidate;
        Assert.True(CompressedGradient.TryParse(candidate.Gradient.Span, network.Objective.Layout, out CompressedGradient? gradient, out _));
        Random random = new(seed);
        float[] flipped = [.. gradient.Vector.ToDense().Select(value => (float)(random.NextDouble() < 0.3 ? -value : value))];
        return input with { Contributions = Replace(input, worker, candidate with { Gradient = CompressedGradient.Encode(network.Objective.Layout, flipped, GradientBits.Two) }) };
    }

    private static JudgeInput Turn(SmallNetwork network, JudgeInput input, int worker)
    {
        GateCandidate candidate = input.Contributions[worker].Candidate;
        Assert.True(CompressedGradient.TryParse(candidate.Gradient.Span, network.Objective.Layout, out CompressedGradient? gradient, out _));
        float[] turned = [.. gradient.Vector.ToDense().Select(value => (float)-value)];
        return input with { Contributions = Replace(input, worker, candidate with { Gradient = CompressedGradient.Encode(network.Objective.Layout, turned, GradientBits.Two) }) };
    }
}
