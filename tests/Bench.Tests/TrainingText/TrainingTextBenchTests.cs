using Verathos.Bench.TrainingText;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;

namespace Verathos.Bench.Tests.TrainingText;

public sealed class TrainingTextBenchTests
{
    // Letters in words; enough of them that a twentieth is still what exact losses need.
    private static readonly string[] s_verses = [.. Verses(new Random(3), 5_600)];

    public TrainingTextBenchTests() => NativeRuntime.Load();

    [Fact]
    public void Documents_are_whole_verses_in_three_parts_that_share_none()
    {
        TextCorpus corpus = TextCorpus.Make(s_verses, 259, 128);
        EncodedDocument[] all = [.. corpus.Documents, .. corpus.FinalDocuments];

        Assert.All(all, document => Assert.InRange(document.Ids.Length, 2, 128));
        Assert.All(all, document => Assert.Equal(DocumentEncoder.EndOfText, document.Ids[^1]));
        Assert.InRange(corpus.FinalDocuments.Count, all.Length * 0.045, all.Length * 0.055);
        Assert.InRange(corpus.Documents.Count - corpus.Assignable, all.Length * 0.09, all.Length * 0.11);
        Assert.Equal(all.Length, all.Select(document => string.Join(',', document.Ids)).Distinct().Count());
        Assert.InRange(all.Sum(document => document.Ids.Length - 1), s_verses.Sum(verse => verse.Length) * 0.9, s_verses.Sum(verse => verse.Length + 1));
        Assert.Equal(corpus.Documents.Count, corpus.Digests.Count);
    }

    [Fact]
    public void The_same_seed_gives_the_same_losses_on_any_number_of_threads()
    {
        TrainingTextReport one = Run(1), two = Run(2);

        Assert.Equal((one.Start, one.Plain, one.Final, one.TrainedTokens), (two.Start, two.Plain, two.Final, two.TrainedTokens));
        Assert.True(one.Final < one.Start && one.Plain < one.Start);
        Assert.InRange((double)one.TrainedTokens / one.PlainTokens, 0.95, 1.05);
        Assert.Equal(one.NotTaken, two.NotTaken);
        Assert.InRange(one.Compression, 80, 146);
        Assert.False(one.Passed);
    }

    private static TrainingTextReport Run(int threads) => TrainingTextBench.Run(
        new TrainingTextOptions
        {
            Verses = s_verses,
            Workers = 4,
            Rounds = 2,
            InnerSteps = 2,
            Rows = 4,
            Vocabulary = 259,
            Shape = new ModelShape(16, 32, 1, 2, 1, 128, 10000, 1e-5),
            WarmupRounds = 1,
            Rate = 0.01,
            PlainRate = 0.01,
            GradientTokens = 2048,
            Threads = threads,
        },
        CancellationToken.None);

    private static IEnumerable<string> Verses(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, 22).Select(_ => new string((char)('a' + random.Next(26)), 1 + random.Next(9)))));
}
