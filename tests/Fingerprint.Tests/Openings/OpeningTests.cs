using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Tests.Openings;

public sealed class OpeningTests
{
    private static readonly int[] s_prompt = [3, 17, 41, 8, 8, 29];
    private static readonly LayerLimits s_limits = LayerLimits.Exact(2.5, 1e-12);
    private static readonly SamplingParameters s_sampling = SamplingParameters.FromDecimals(0.9, 0.95, 40);

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 5)]
    public void Honest_openings_pass_every_check(bool bias, bool norms, int window)
    {
        TinyModel model = new(1, bias, norms, window);
        TinyRun run = new(model, s_prompt, 10, s_sampling);
        using MatrixKey output = model.OutputKey();
        LayerKey[] keys = [.. Enumerable.Range(0, TinyModel.Layers).Select(model.Key)];
        HashSet<int> layers = [];
        HashSet<bool> first = [];
        for (int number = 0; number < 120; number++)
        {
            OpeningPlan plan = run.Plan(number);
            layers.Add(plan.Layer);
            first.Add(plan.Step == 0);
            OpeningVerdict layer = new LayerJudge(keys[plan.Layer], s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan));
            Assert.True(layer.IsAccepted, $"{plan}: {layer}, {string.Join(' ', layer.Measured)}");
            Assert.Equal(7, layer.Measured.Count);
            OpeningVerdict logits = new LogitsJudge(model.Constants, output, s_limits.Matrices[0]).Judge(plan, run.Trace, [.. run.Ids], run.Drawn, run.OpenLogits(plan));
            Assert.True(logits.IsAccepted, $"{plan}: {logits}, {string.Join(' ', logits.Measured)}");
        }

        Assert.Equal(3, layers.Count);
        Assert.Equal(2, first.Count);
        Array.ForEach(keys, key => key.Dispose());
    }

    [Fact]
    public void A_verdict_that_no_judge_gave_is_a_rejection()
    {
        OpeningVerdict verdict = default;
        Assert.False(verdict.IsAccepted);
        Assert.Equal(OpeningCheck.NotJudged, verdict.Failed);
        Assert.Empty(verdict.Measured);
    }

    /// <summary>A node that runs other weights and opens what it truly computed falls in one opening.</summary>
    [Theory]
    [InlineData("int8 per channel")]
    [InlineData("int8 in groups of 16")]
    [InlineData("int4")]
    [InlineData("one weight of each row a little off")]
    public void Other_weights_fall_in_one_opening(string attack)
    {
        TinyModel model = new(2);
        for (int layer = 0; layer < TinyModel.Layers; layer++)
        {
            model.Change(layer, row => attack switch
            {
                "int8 per channel" => Quantize(row, row.Length, 127),
                "int8 in groups of 16" => Quantize(row, 16, 127),
                "int4" => Quantize(row, row.Length, 7),
                _ => [BFloat16.Round(row[0] * 1.02f), .. row.AsSpan(1)],
            });
        }

        TinyRun run = new(model, s_prompt, 10, s_sampling);
        for (int number = 0; number < 40; number++)
        {
            OpeningVerdict verdict = Judge(model, run, number);
            Assert.False(verdict.IsAccepted);
            Assert.InRange(verdict.Failed, OpeningCheck.Query, OpeningCheck.Down);
        }
    }

    /// <summary>What each part of the evidence is checked by, and by nothing before it.</summary>
    public static TheoryData<OpeningCheck, Func<LayerEvidence, LayerEvidence>> Changes => new()
    {
        { OpeningCheck.Form, e => e with { Layer = e.Layer with { Gate = e.Layer.Gate[1..] } } },
        { OpeningCheck.Form, e => e with { Layer = e.Layer with { Up = With(e.Layer.Up, 0, 0x7fc0) } } },
        { OpeningCheck.Form, e => e with { Step = e.Step with { Position = e.Step.Position + 1 } } },
        { OpeningCheck.Step, e => e with { Step = e.Step with { AttentionOutputs = With(e.Step.AttentionOutputs, 5, 0x3f80) } } },
        { OpeningCheck.Step, e => e with { Step = e.Step with { DownOutputs = With(e.Step.DownOutputs, 5, 0x3f80) } } },
        { OpeningCheck.Step, e => e with { Step = e.Step with { Logits = [] } } },
        { OpeningCheck.Step, e => e with { Step = e.Step with { InputId = e.Step.InputId ^ 1 } } },
        { OpeningCheck.Step, e => e with { Step = e.Step with { Path = [.. e.Step.Path.Skip(1)] } } },
        { OpeningCheck.Embedding, e => e with { Embedding = e.Embedding with { Index = e.Embedding.Index ^ 1 } } },
        { OpeningCheck.Embedding, e => e with { Embedding = e.Embedding with { Weights = [.. e.Embedding.Weights.Select(w => -w)] } } },
        { OpeningCheck.PreviousLinks, e => e with { Previous = null } },
        { OpeningCheck.PreviousLinks, e => e with { Previous = e.Previous! with { Links = With(e.Previous.Links, 0, 1) }, Layer = e.Layer with { PreviousLinks = With(e.Layer.PreviousLinks, 0, 1) } } },
        { OpeningCheck.PreviousLinks, e => e with { Layer = e.Layer with { PreviousLinks = With(e.Layer.PreviousLinks, 0, (byte)(e.Layer.PreviousLinks[0] ^ 1)) } } },
        { OpeningCheck.EarlierLink, e => e with { Earlier = e.Previous! } },
        { OpeningCheck.Query, e => e with { Layer = e.Layer with { Query = Off(e.Layer.Query) } } },
        { OpeningCheck.Key, e => e with { Layer = e.Layer with { Key = Off(e.Layer.Key) } } },
        { OpeningCheck.Value, e => e with { Layer = e.Layer with { Value = Off(e.Layer.Value) } } },
        { OpeningCheck.HeadChain, e => e with { Layer = e.Layer with { HeadKeys = With(e.Layer.HeadKeys, 0, 0x3f80) } } },
        { OpeningCheck.HeadChain, e => e with { Layer = e.Layer with { HeadValues = With(e.Layer.HeadValues, 0, 0x3f80) } } },
        { OpeningCheck.HeadChain, e => e with { Layer = e.Layer with { ChainSalt = new byte[32] } } },
        { OpeningCheck.AttentionOutput, e => e with { Layer = e.Layer with { Attended = Off(e.Layer.Attended, from: 16, to: 64) } } },
        { OpeningCheck.Attention, e => e with { Layer = e.Layer with { Attended = Off(e.Layer.Attended, from: 0, to: 1) } } },
        { OpeningCheck.Gate, e => e with { Layer = e.Layer with { Gate = Off(e.Layer.Gate) } } },
        { OpeningCheck.Up, e => e with { Layer = e.Layer with { Up = Off(e.Layer.Up) } } },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Each_check_catches_its_own(OpeningCheck check, Func<LayerEvidence, LayerEvidence> change)
    {
        TinyModel model = new(3);
        TinyRun run = new(model, s_prompt, 10, s_sampling);
        OpeningPlan plan = new(11, 1, 0, 6, 11);
        using LayerKey key = model.Key(1);
        LayerJudge judge = new(key, s_limits);
        Assert.True(judge.Judge(plan, run.Trace, [.. run.Ids], run.Open(plan)).IsAccepted);
        Assert.Equal(check, judge.Judge(plan, run.Trace, [.. run.Ids], change(run.Open(plan))).Failed);
        Assert.False(judge.Judge(plan, run.Trace, [.. run.Ids], change(run.Open(plan))).IsAccepted);
    }

    [Fact]
    public void Another_layer_shape_or_token_than_the_receipts_is_refused()
    {
        TinyModel model = new(3);
        TinyRun run = new(model, s_prompt, 10, s_sampling);
        OpeningPlan plan = new(11, 1, 0, 6, 11);
        using LayerKey key = model.Key(0);
        using LayerKey right = model.Key(1);
        Assert.Equal(OpeningCheck.Form, new LayerJudge(key, s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan)).Failed);
        Assert.Equal(OpeningCheck.Form, new LayerJudge(right, s_limits).Judge(plan, run.Trace with { Shape = run.Trace.Shape with { Layers = 4 } }, [.. run.Ids], run.Open(plan)).Failed);
        int[] ids = [.. run.Ids];
        ids[11] ^= 1;
        Assert.Equal(OpeningCheck.Input, new LayerJudge(right, s_limits).Judge(plan, run.Trace, ids, run.Open(plan)).Failed);
        Assert.Equal(OpeningCheck.Step, new LayerJudge(right, s_limits).Judge(plan, run.Trace with { Steps = run.Trace.Steps + 1 }, [.. run.Ids], run.Open(plan)).Failed);
    }

    /// <summary>A node that commits other keys than it attends to breaks its chain, and one that rewrites its past its earlier links.</summary>
    [Fact]
    public void Keys_that_follow_from_nothing_break_the_chain()
    {
        TinyModel model = new(4);
        TinyRun run = new(model, s_prompt, 10, s_sampling, step => step.Layers[1].TurnedKey[3] ^= 1);
        using LayerKey key = model.Key(1);
        OpeningPlan plan = new(11, 1, 0, 6, 11);
        Assert.Equal(OpeningCheck.Links, new LayerJudge(key, s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan)).Failed);
    }

    [Fact]
    public void A_down_output_that_follows_from_nothing_is_seen()
    {
        TinyModel model = new(4);
        TinyRun run = new(model, s_prompt, 10, s_sampling, step => step.Layers[1].DownOutput = Off(step.Layers[1].DownOutput));
        using LayerKey key = model.Key(1);
        OpeningPlan plan = new(11, 1, 0, 6, 11);
        Assert.Equal(OpeningCheck.Down, new LayerJudge(key, s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan)).Failed);
    }

    [Fact]
    public void A_skipped_layer_is_seen_in_it()
    {
        TinyModel model = new(5);
        model.Change(2, row => new float[row.Length]);
        TinyRun run = new(model, s_prompt, 10, s_sampling);
        using LayerKey key = model.Key(2);
        OpeningPlan plan = new(9, 2, 1, 0, 9);
        Assert.Equal(OpeningCheck.Query, new LayerJudge(key, s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan)).Failed);
    }

    /// <summary>Logits are drawn from as they were committed, whatever the node says that it drew.</summary>
    [Theory]
    [InlineData("another token")]
    [InlineData("a raised logit")]
    [InlineData("other logits")]
    [InlineData("a row of another token")]
    [InlineData("a row left out")]
    [InlineData("another temperature")]
    [InlineData("a prompt's step")]
    public void Logits_rows_and_draws_are_judged(string attack)
    {
        TinyModel model = new(6);
        using MatrixKey output = model.OutputKey();
        int outside = Enumerable.Range(0, TinyModel.Vocabulary).First(i => !output.RowIndices.Contains(i));
        TinyRun run = new(model, s_prompt, 10, s_sampling, step =>
        {
            if (step.Logits.Length > 0 && attack == "another token")
            {
                step.NextId = Array.IndexOf(step.Logits, step.Logits.Min());
            }
            else if (step.Logits.Length > 0 && attack == "a raised logit")
            {
                step.Logits[outside] = step.Logits.Max() + 0.01f;
            }
            else if (step.Logits.Length > 0 && attack == "other logits")
            {
                step.Logits = [.. step.Logits.Reverse()];
            }
        });
        OpeningPlan plan = new(9, 0, 0, 0, attack == "a prompt's step" ? 2 : 9);
        LogitsEvidence evidence = attack == "a prompt's step" ? run.OpenLogits(plan with { LogitsStep = 9 }) : run.OpenLogits(plan);
        evidence = attack switch
        {
            "a row of another token" => evidence with { OutputRows = [.. evidence.OutputRows.Skip(1), evidence.OutputRows[0]] },
            "a row left out" => evidence with { OutputRows = [.. evidence.OutputRows.Skip(1)] },
            _ => evidence,
        };
        DrawnToken drawn = attack == "another temperature" ? run.Drawn with { Parameters = SamplingParameters.Greedy } : run.Drawn;

        // Residuals are let through where the recomputed rows are what is tried.
        MatrixLimits limits = attack == "a raised logit" ? new MatrixLimits(long.MaxValue, 0) : s_limits.Matrices[0];
        OpeningVerdict verdict = new LogitsJudge(model.Constants, output, limits).Judge(plan, run.Trace, [.. run.Ids], drawn, evidence);
        Assert.False(verdict.IsAccepted);
        Assert.Equal(
            attack switch
            {
                "other logits" => OpeningCheck.Logits,
                "a raised logit" or "a row of another token" or "a row left out" => OpeningCheck.OutputRows,
                "a prompt's step" => OpeningCheck.Form,
                _ => OpeningCheck.Sampler,
            },
            verdict.Failed);
    }

    [Fact]
    public void Rows_of_another_matrix_are_refused()
    {
        TinyModel model = new(6);
        OpenedRow row = new(4, model.Output[4], model.OutputTree.InclusionProof(4));
        Assert.True(row.IsIn(model.OutputTree.Root, TinyModel.Vocabulary, TinyModel.Hidden));
        Assert.False(row.IsIn(model.EmbeddingTree.Root, TinyModel.Vocabulary, TinyModel.Hidden));
        Assert.False((row with { Index = 5 }).IsIn(model.OutputTree.Root, TinyModel.Vocabulary, TinyModel.Hidden));
        Assert.False((row with { Weights = [.. row.Weights[1..], 0] }).IsIn(model.OutputTree.Root, TinyModel.Vocabulary, TinyModel.Hidden));
        Assert.False(row.IsIn(model.OutputTree.Root, TinyModel.Vocabulary, TinyModel.Hidden + 1));
    }

    private static OpeningVerdict Judge(TinyModel model, TinyRun run, int number)
    {
        OpeningPlan plan = run.Plan(number);
        using LayerKey key = model.Key(plan.Layer);
        return new LayerJudge(key, s_limits).Judge(plan, run.Trace, [.. run.Ids], run.Open(plan));
    }

    private static float[] Quantize(float[] row, int group, int levels) =>
        [.. row.Chunk(group).SelectMany(part =>
        {
            float scale = part.Max(MathF.Abs) / levels;
            return part.Select(w => BFloat16.Round(MathF.Round(w / scale) * scale));
        })];

    private static ushort[] With(ushort[] values, int index, ushort value) => [.. values[..index], value, .. values[(index + 1)..]];

    private static byte[] With(byte[] values, int index, byte value) => [.. values[..index], value, .. values[(index + 1)..]];

    /// <summary>All elements of a range one unit in the last place larger.</summary>
    private static ushort[] Off(ushort[] values, int from = 0, int to = int.MaxValue) => [.. values.Select((v, i) => i >= from && i < to ? (ushort)(v + 1) : v)];
}
