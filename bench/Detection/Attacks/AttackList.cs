using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>All attacks that change what a node computes, draws or counts.</summary>
internal static class AttackList
{
    private const int HiddenTokens = 16;

    public static IReadOnlyList<Attack> All { get; } =
    [
        Weights("int8-tensor", "int8 weights, one scale a matrix", static (s, _) => CheatMatrices.Integers(s, 127, -1)),
        Weights("int8-channel", "int8 weights, one scale a row", static (s, _) => CheatMatrices.Integers(s, 127, 0)),
        Weights("int8-group32", "int8 weights, one scale for 32", static (s, _) => CheatMatrices.Integers(s, 127, 32)),
        Weights("int8-llm", "LLM.int8: int8 a row, a twentieth of the columns bfloat16", static (s, c) => CheatMatrices.OutlierColumns(s, c.Inputs)),
        Weights("int8-gptq32", "GPTQ to int8, one scale for 32", static (s, c) => CheatMatrices.Gptq(s, c.Inputs, c.Stop)),
        new("int8-massive-biases", "int8 a row, in a model with a few massive biases", static c => Rounded(c, static (s, _) => CheatMatrices.Integers(s, 127, 0))) { Base = MassiveBiases.Of },
        Weights("int10-channel", "10-bit weights, one scale a row", static (s, _) => CheatMatrices.Integers(s, 511, 0)),
        Weights("fp8", "E4M3 weights, one scale a matrix", static (s, _) => CheatMatrices.Floats8(s)),
        Weights("int4-group32", "int4 weights, one scale for 32", static (s, _) => CheatMatrices.Integers(s, 7, 32)),
        Hooked("skipped-layer", "one layer left out", static c => new SkippedLayers(layer => layer == c.Exact.Config.Layers / 2)),
        Hooked("early-exit", "the last quarter of the layers left out", static c => new SkippedLayers(layer => layer >= c.Exact.Config.Layers * 3 / 4)),
        Hooked("smaller-model", "every other layer left out", static _ => new SkippedLayers(static layer => layer % 2 == 1)),
        Weights("suffix-cheat", "int4 weights in the last quarter of the layers", static (s, _) => CheatMatrices.Integers(s, 7, 32, layer => layer >= s.Config.Layers * 3 / 4)),
        Hooked("kv-fp8", "keys and values in E4M3, committed so", static _ => new RoundedCache(Floats8, hidden: false)),
        Hooked("kv-int8", "keys and values in int8, committed so", static _ => new RoundedCache(static row => WeightRounding.Round(row, 127), hidden: false)),
        Hooked("kv-fp8-hidden", "attends to E4M3, commits to exact rows", static _ => new RoundedCache(Floats8, hidden: true), recordsFirst: true),
        Hooked("kv-int8-hidden", "attends to int8, commits to exact rows", static _ => new RoundedCache(static row => WeightRounding.Round(row, 127), hidden: true), recordsFirst: true),
        Hooked("raised-logit", "one token's logit raised above all", static c => new RaisedLogit(c.Exact.Config.VocabularySize / 3)),
        Drawing("other-temperature", "drawn at temperature 1.3 instead of 0.8", SamplingParameters.FromDecimals(0.8, 1, 0), SamplingParameters.FromDecimals(1.3, 1, 0)),
        Drawing("no-nucleus", "top-p 0.9 and top-k 40 not applied", SamplingParameters.FromDecimals(1, 0.9, 40), SamplingParameters.FromDecimals(1, 1, 0)),
        Drawing("greedy-instead", "the highest logit instead of a draw at temperature 1", SamplingParameters.FromDecimals(1, 1, 0), SamplingParameters.Greedy),
        Drawing("other-seed", "another seed", SamplingParameters.FromDecimals(1, 1, 0), SamplingParameters.FromDecimals(1, 1, 0), otherSeed: true),
        new("injected-token", "one token of the answer replaced", static c => Overridden(c, static (c, index, _, should) => index == c.AnswerTokens / 2 ? (should + 1) % c.Exact.Config.VocabularySize : should)) { ChangesOnlyDraws = true },
        new("end-padding", "the second half of the answer filled up with one token", static c => Overridden(c, static (c, index, _, should) => index >= c.AnswerTokens / 2 ? Math.Min(2, c.Exact.Config.VocabularySize - 1) : should)) { ChangesOnlyDraws = true },
        new("prefill-attack", "tokens from int4 weights, then computed by the real ones", PrefillAttack) { ChangesOnlyDraws = true },
        new("hidden-prompt", "tokens before the prompt that the receipt does not count", static c => HiddenPrompt(c, cut: false)),
        new("hidden-prompt-cut", "the same, and left out of the commitment", static c => HiddenPrompt(c, cut: true)),
        new("billed-tokens", "eight more tokens billed than computed", static c => Honest(c).Select(static answer => answer with { Ids = [.. answer.Ids, .. Enumerable.Repeat(1, 8)] })),
        new("other-tokens", "one token told otherwise than it was computed", static c => Honest(c).Select(answer => answer with { Ids = [.. answer.Ids.Select((id, i) => i == c.PromptTokens + (c.AnswerTokens / 2) ? (id + 1) % c.Exact.Config.VocabularySize : id)] })),
        new("chosen-steps", "int4 weights but in the steps that a coin of the node's own chooses (half)", ChosenSteps),
    ];

    /// <summary>Answers of an honest node.</summary>
    public static IEnumerable<AttackedAnswer> Honest(AttackContext context) => Answers(context, new RecordingNode(context.Honest));

    private static Attack Weights(string name, string description, Action<ModelSource, AttackContext> change) => new(name, description, context => Rounded(context, change));

    private static Attack Hooked(string name, string description, Func<AttackContext, ForwardHook> hook, bool recordsFirst = false) =>
        new(name, description, context => Answers(context, new RecordingNode(context.Honest, hook(context)) { RecordsFirst = recordsFirst }));

    private static Attack Drawing(string name, string description, SamplingParameters told, SamplingParameters done, bool otherSeed = false) => new(name, description, context =>
    {
        RecordingNode node = new(context.Honest);
        return context.Tasks.Select(task =>
        {
            RecordedAnswer answer = node.Answer(task with { Sampling = done, ClientSeed = otherSeed ? task.ClientSeed + 1 : task.ClientSeed })[0];
            return new AttackedAnswer(answer, answer.Ids, answer.Drawn with { Parameters = told, Seed = SamplingSeed.Derive(task.ClientSeed, task.ClientNonce) });
        });
    })
    { ChangesOnlyDraws = true };

    private static IEnumerable<AttackedAnswer> Answers(AttackContext context, RecordingNode node) =>
        context.Tasks.Select(task => AttackedAnswer.Told(node.Answer(task)[0]));

    private static IEnumerable<AttackedAnswer> Rounded(AttackContext context, Action<ModelSource, AttackContext> change)
    {
        using ModelSource source = context.OpenSource();
        change(source, context);
        using Lane16Backend backend = context.Backend(source);
        foreach (AttackedAnswer answer in Answers(context, new RecordingNode(backend)))
        {
            yield return answer;
        }
    }

    private static IEnumerable<AttackedAnswer> Overridden(AttackContext context, Func<AttackContext, int, float[], int, int> draw)
    {
        RecordingNode node = new(context.Honest);
        return context.Tasks.Select(task => AttackedAnswer.Told(node.Answer(task with { Draw = (index, logits, should) => draw(context, index, logits, should) })[0]));
    }

    private static IEnumerable<AttackedAnswer> PrefillAttack(AttackContext context)
    {
        RecordingNode real = new(context.Honest);
        foreach (AttackedAnswer cheap in Rounded(context, static (s, _) => CheatMatrices.Integers(s, 7, 32)))
        {
            AnswerTask task = cheap.Computed.Task;
            yield return AttackedAnswer.Told(real.Answer(task with { Draw = (index, _, _) => cheap.Ids[task.Prompt.Length + index] })[0]);
        }
    }

    private static IEnumerable<AttackedAnswer> HiddenPrompt(AttackContext context, bool cut)
    {
        RecordingNode node = new(context.Honest);
        Random random = new(context.Seed);
        foreach (AnswerTask task in context.Tasks)
        {
            int[] hidden = [.. Enumerable.Range(0, HiddenTokens).Select(_ => random.Next(context.Exact.Config.VocabularySize))];
            RecordedAnswer computed = node.Answer(task with { Prompt = [.. hidden, .. task.Prompt] })[0];
            int[] told = computed.Ids[HiddenTokens..];
            RecordedAnswer shown = cut ? RecordedAnswer.Commit(computed.Pass.From(HiddenTokens), context.Exact.Shape, task, told, computed) : computed;
            yield return new AttackedAnswer(shown, told, computed.Drawn with { PromptTokens = task.Prompt.Length });
        }
    }

    private static IEnumerable<AttackedAnswer> ChosenSteps(AttackContext context)
    {
        using ModelSource source = context.OpenSource();
        CheatMatrices.Integers(source, 7, 32);
        using Lane16Weights cheap = new(source);
        Random coin = new(context.Seed);
        Lane16Weights? kept = null;
        RecordingNode node = new(context.Honest)
        {
            // The prompt is one pass and is computed well.
            PassBegins = (tokens, _) =>
            {
                bool wantsCheap = tokens == 1 && coin.Next(2) == 0;
                if (wantsCheap == (kept is null))
                {
                    Lane16Weights before = context.Honest.Exchange(kept ?? cheap);
                    kept = wantsCheap ? before : null;
                }
            },
        };
        foreach (AnswerTask task in context.Tasks)
        {
            RecordedAnswer answer = node.Answer(task)[0];
            if (kept is not null)
            {
                context.Honest.Exchange(kept);
                kept = null;
            }

            yield return AttackedAnswer.Told(answer);
        }
    }

    private static void Floats8(float[] row)
    {
        foreach (ref float value in row.AsSpan())
        {
            value = Float8.Round(value);
        }
    }
}
