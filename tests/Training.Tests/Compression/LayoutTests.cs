using Verathos.Training.Compression;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Compression;

public sealed class LayoutTests
{
    [Fact]
    public void Chunks_cover_every_element_once_and_only_the_last_is_short()
    {
        GradientLayout layout = Samples.Layout;
        int[] seen = new int[layout.Count];
        int[] coordinates = new int[GradientLayout.ChunkSize];
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            int length = layout.Coordinates(chunk, coordinates);
            Assert.Equal(layout.ChunkLength(chunk), length);
            Assert.True(length == GradientLayout.ChunkSize || chunk == layout.ChunkCount - 1);
            foreach (int coordinate in coordinates[..length])
            {
                seen[coordinate]++;
            }
        }

        Assert.All(seen, count => Assert.Equal(1, count));
        Assert.Equal(2 + 3 + 2, layout.ChunkCount);
    }

    [Fact]
    public void A_tile_is_64_rows_by_64_columns()
    {
        int[] coordinates = new int[GradientLayout.ChunkSize];

        // The second tile of "down", 64 by 192, whose first element lies behind 96 + 8192 + 3000 others.
        Samples.Layout.Coordinates(3, coordinates);
        int corner = 96 + 8192 + 3000 + 64;
        Assert.Equal([corner, corner + 1, corner + 63, corner + 192, corner + (63 * 192) + 63], [coordinates[0], coordinates[1], coordinates[63], coordinates[64], coordinates[4095]]);
    }

    [Fact]
    public void Small_tensors_share_chunks()
    {
        GradientLayout layout = new([.. Enumerable.Range(0, 41).Select(i => new GradientTensor($"norm.{i}", 1, 100))]);
        Assert.Equal(2, layout.ChunkCount);
        Assert.Equal(64 + 1, layout.Kept(0) + layout.Kept(1));
    }

    [Fact]
    public void The_tensor_of_a_coordinate_is_found()
    {
        GradientLayout layout = Samples.Layout;
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            Assert.Equal(tensor, layout.TensorOf(layout.Offset(tensor)));
            Assert.Equal(tensor, layout.TensorOf(layout.Offset(tensor) + layout.Tensors[tensor].Count - 1));
        }
    }

    [Fact]
    public void Names_shapes_and_order_make_the_digest()
    {
        string[] digests =
        [
            .. new GradientTensor[][]
            {
                [new("a", 2, 3), new("b", 1, 1)],
                [new("b", 1, 1), new("a", 2, 3)],
                [new("a", 3, 2), new("b", 1, 1)],
                [new("c", 2, 3), new("b", 1, 1)],
            }.Select(tensors => Convert.ToHexString(new GradientLayout(tensors).Digest)),
        ];
        Assert.Equal(4, digests.Distinct().Count());
    }

    [Fact]
    public void A_layout_that_makes_no_sense_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new GradientLayout([]));
        Assert.Throws<ArgumentException>(() => new GradientLayout([new("a", 1, 1), new("a", 1, 2)]));
        Assert.Throws<ArgumentException>(() => new GradientLayout([new("a", 0, 1)]));
        Assert.Throws<ArgumentException>(() => new GradientLayout([new("a", 65536, 32768)]));
    }
}
