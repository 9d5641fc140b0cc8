using Verathos.GpuRuntime.Training;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class BatchSourceTests
{
    private static readonly EncodedDocument[] s_documents =
    [
        new([1, 10, 11, 0], [false, false, true, false]),
        new([1, 20, 21, 22, 0], [false, false, true, true, false]),
    ];

    [Fact]
    public void Only_learned_tokens_are_targets_and_rows_start_with_a_document()
    {
        Batch batch = new BatchSource(s_documents, rows: 4, length: 6, seed: 1).Next();
        Assert.Equal(24, batch.Inputs.Length);
        for (int row = 0; row < 4; row++)
        {
            Assert.Equal(1, batch.Inputs[row * 6]);
        }

        Assert.Equal(batch.Places.Length, batch.Targets.Length);
        Assert.NotEmpty(batch.Places);
        for (int i = 0; i < batch.Places.Length; i++)
        {
            int place = (int)batch.Places[i];
            Assert.Contains(batch.Targets[i], new long[] { 11, 21, 22 });
            Assert.Equal(batch.Targets[i] is 22 ? 21 : batch.Targets[i] - 1, batch.Inputs[place]);
        }
    }

    [Fact]
    public void A_saved_position_continues_with_the_same_batches()
    {
        var source = new BatchSource(s_documents, 2, 8, seed: 3);
        for (int i = 0; i < 5; i++)
        {
            source.Next();
        }

        var resumed = new BatchSource(s_documents, 2, 8, seed: 3, source.Position);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(source.Next().Inputs, resumed.Next().Inputs);
        }
    }
}
