using Verathos.Bench.Fingerprint;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Tests.Fingerprint;

public class OpeningBenchTests
{
    /// <summary>Honest openings pass, every kind of rounded weights falls, and the counts say by what.</summary>
    [Fact]
    public void OpeningsAreJudgedForEveryKindOfWeights()
    {
        ModelConfig config = RandomModel.SmolLm2Shape with
        {
            VocabularySize = 320,
            HiddenSize = 64,
            IntermediateSize = 128,
            Layers = 2,
            Heads = 2,
            KvHeads = 1,
            HeadSize = 32,
            MaxPositions = 256,
        };
        string path = Path.GetTempFileName();
        try
        {
            RandomGguf.Write(path, config, 5, TensorType.BF16);
            OpeningReport report = OpeningBench.Run(new OpeningOptions { Model = path, Answers = 2, Openings = 4 }, TestContext.Current.CancellationToken);
            Assert.Equal(6, report.Rows.Count);
            Assert.All(report.Rows, row => Assert.Equal(8, row.Openings));
            Assert.Equal((0, 0, 0, 0), (report.Rows[0].Rejected, report.Rows[0].ByRows, report.Rows[0].ByResidual, report.Rows[0].ByAttention));
            Assert.InRange(report.Rows[0].Greatest, 0.5, 5);
            Assert.InRange(report.Rows[0].Mean, 0.7, 1.4);
            Assert.All(report.Rows.Skip(1), row => Assert.Equal(row.Openings, row.Rejected));
            Assert.Equal(report.Rows[5].Openings, report.Rows[5].ByResidual);
            Assert.Equal((8, 0), (report.LogitsOpened, report.LogitsRejected));
            Assert.True(report.Holds);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
