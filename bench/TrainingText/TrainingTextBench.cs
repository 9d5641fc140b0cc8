using System.Diagnostics;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.Bench.TrainingText;

/// <summary>
/// Trains one model on real text twice: by workers in rounds, each on documents that a beacon assigns, with 2-bit gradients and error feedback, judged
/// and aggregated as a validator does it; and plainly, on one machine, by the same optimiser on as many tokens. Sockets, enclaves and
/// signatures are left out: they change no number.
/// </summary>
public static class TrainingTextBench
{
    /// <summary>Runs both.</summary>
    /// <param name="options">What and how.</param>
    /// <param name="cancellationToken">Stops between rounds or steps.</param>
    public static TrainingTextReport Run(TrainingTextOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        TextCorpus corpus = TextCorpus.Make(options.Verses, options.Vocabulary, options.Length);
        ModelConfig config = options.Shape.ToConfig(corpus.Vocabulary.Tokens.Count);
        var start = ModelWeights.Random(config, (ulong)options.Seed);
        using InnerTrainer judge = new(start, options.Settings, options.Threads);
        double before = Loss(judge, start.Values, corpus);
        Stopwatch watch = Stopwatch.StartNew();
        (float[] plain, long plainTokens) = Plain("plain steps", options, options.Workers, corpus, start, cancellationToken);
        double plainSeconds = watch.Elapsed.TotalSeconds;
        (float[] small, long smallTokens) = Plain("plain small steps", options, 1, corpus, start, cancellationToken);
        watch.Restart();
        TextRounds rounds = new(options, corpus, start, judge);
        float[] trained = rounds.Run(cancellationToken);
        return new TrainingTextReport
        {
            Seed = options.Seed,
            Workers = options.Workers,
            Rounds = options.Rounds,
            InnerSteps = options.InnerSteps,
            Rows = options.Rows,
            Vocabulary = corpus.Vocabulary.Tokens.Count,
            Parameters = start.Layout.Count,
            Characters = options.Verses.Sum(verse => (long)verse.Length),
            CorpusTokens = corpus.Documents.Take(corpus.Assignable).Sum(document => (long)document.Ids.Length),
            FinalTokens = corpus.FinalDocuments.Sum(document => document.Ids.Length - 1),
            TrainedTokens = rounds.Tokens,
            PlainTokens = plainTokens,
            Seconds = watch.Elapsed.TotalSeconds,
            PlainSeconds = plainSeconds,
            Start = before,
            Plain = Loss(judge, plain, corpus),
            SmallSteps = Loss(judge, small, corpus),
            SmallStepsTokens = smallTokens,
            Final = Loss(judge, trained, corpus),
            ContributionBytes = rounds.ContributionBytes,
            Compression = 4.0 * start.Layout.Count / rounds.ContributionBytes,
            NotTaken = rounds.NotTaken,
            Profile = judge.Profile,
        };
    }

    /// <summary>Mean loss of the documents that nobody sees.</summary>
    internal static double Loss(InnerTrainer trainer, float[] weights, TextCorpus corpus)
    {
        trainer.SetWeights(weights);
        IReadOnlyList<GpuRuntime.Training.Inner.DocumentLoss> losses = trainer.Evaluate(corpus.FinalDocuments);
        return losses.Sum(loss => loss.Sum) / losses.Sum(loss => (long)loss.Tokens);
    }

    // With the rows of all workers together: as many steps as they take one after another. With those of one: as many as they take in all.
    private static (float[] Weights, long Tokens) Plain(
        string name, TrainingTextOptions options, int together, TextCorpus corpus, ModelWeights start, CancellationToken cancellationToken)
    {
        using InnerTrainer trainer = new(start, options.Settings with { MicroBatches = Math.Min(options.Workers, options.Rows * together) }, options.Threads);
        OrderedBatches source = InRandomOrder(corpus, options.Rows * together, options.Length, (ulong)options.Seed, options.TokensOfAll);
        int each = options.InnerSteps * options.Workers / together;
        (int steps, int warmup) = (options.Rounds * each, options.WarmupRounds * each);
        long tokens = 0;
        for (int step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tokens += trainer.Step(source.Next(), TextRates.At(step, steps, warmup, options.PlainRate, options.FinalRate)).Tokens;
            options.Progress?.Invoke(name, step + 1, steps);
        }

        return (trainer.Weights.ToArray(), tokens);
    }

    /// <summary>All that can be assigned, again and again, each time in a new random order.</summary>
    internal static OrderedBatches InRandomOrder(TextCorpus corpus, int rows, int length, ulong seed, long tokens)
    {
        CorpusRandom random = new(seed, stream: 5);
        List<EncodedDocument> ordered = [];
        for (long laid = 0; laid <= 2 * tokens;)
        {
            EncodedDocument[] documents = [.. corpus.Documents.Take(corpus.Assignable)];
            random.Shuffle(documents.AsSpan());
            ordered.AddRange(documents);
            laid += documents.Sum(static document => (long)document.Ids.Length);
        }

        return new OrderedBatches(ordered, rows, length);
    }
}
