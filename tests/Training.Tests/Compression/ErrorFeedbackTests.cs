using CsCheck;
using Verathos.Training.Compression;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Compression;

public sealed class ErrorFeedbackTests
{
    private static readonly GradientLayout Layout = Samples.Layout;

    [Fact]
    public void The_rest_is_exactly_what_the_receiver_did_not_get() => Gen.Select(Gen.Int[0, 1 << 30], Gen.Bool.Select(two => two ? GradientBits.Two : GradientBits.Eight)).Sample(
        (seed, bits) =>
        {
            ErrorFeedback feedback = new(Layout);
            float[] model = new float[Layout.Count];
            for (int round = 0; round < 4; round++)
            {
                float[] before = feedback.Rest.ToArray();
                float[] gradient = Samples.Gradient(Layout, seed + round);
                Assert.True(CompressedGradient.TryParse(feedback.Compress(gradient, bits), Layout, out CompressedGradient? sent, out _));
                double[] got = sent!.Vector.ToDense();
                for (int i = 0; i < model.Length; i++)
                {
                    float sum = (0.95f * before[i]) + gradient[i];
                    Assert.Equal(BitConverter.SingleToInt32Bits(sum - (float)got[i]), BitConverter.SingleToInt32Bits(feedback.Rest[i]));
                }
            }
        },
        iter: 5);

    [Fact]
    public void It_goes_on_from_a_kept_rest_bit_for_bit()
    {
        ErrorFeedback whole = new(Layout);
        whole.Compress(Samples.Gradient(Layout, 1), GradientBits.Two);
        ErrorFeedback resumed = new(Layout, whole.Rest);
        Assert.Equal(whole.Compress(Samples.Gradient(Layout, 2), GradientBits.Two), resumed.Compress(Samples.Gradient(Layout, 2), GradientBits.Two));
        Assert.Equal(whole.Rest.ToArray(), resumed.Rest.ToArray());
    }

    [Fact]
    public void A_constant_gradient_arrives_in_the_end()
    {
        // Without decay everything would arrive; with 0.95 most of a direction that lasts does.
        float[] gradient = Samples.Gradient(Layout, 5);
        ErrorFeedback feedback = new(Layout);
        double[] arrived = new double[Layout.Count];
        for (int round = 0; round < 200; round++)
        {
            Assert.True(CompressedGradient.TryParse(feedback.Compress(gradient, GradientBits.Two), Layout, out CompressedGradient? sent, out _));
            double[] values = sent.Vector.ToDense();
            for (int i = 0; i < arrived.Length; i++)
            {
                arrived[i] += values[i];
            }
        }

        double cosine = SparseVector.Dense(arrived).Cosine(SparseVector.Dense([.. gradient.Select(value => (double)value)]));
        Assert.True(cosine > 0.85, $"{cosine}");
    }

    [Fact]
    public void A_failed_round_leaves_the_rest_alone()
    {
        ErrorFeedback feedback = new(Layout);
        feedback.Compress(Samples.Gradient(Layout, 1), GradientBits.Two);
        float[] before = feedback.Rest.ToArray();
        float[] bad = Samples.Gradient(Layout, 2);
        bad[^1] = float.NaN;
        Assert.Throws<ArgumentException>(() => feedback.Compress(bad, GradientBits.Two));
        Assert.Equal(before, feedback.Rest.ToArray());
        Assert.Throws<ArgumentException>(() => feedback.Compress(bad.AsSpan(1), GradientBits.Two));
        Assert.Throws<ArgumentException>(() => new ErrorFeedback(Layout, bad));
        Assert.Throws<ArgumentException>(() => new ErrorFeedback(Layout, bad.AsSpan(1)));
    }
}
