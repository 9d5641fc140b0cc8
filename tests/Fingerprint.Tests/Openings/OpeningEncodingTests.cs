using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Tests.Openings;

public sealed class OpeningEncodingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void What_is_encoded_is_decoded_and_judged_alike(int step)
    {
        TinyModel model = new(1);
        TinyRun run = new(model, [3, 17, 41, 8, 8, 29], 10, SamplingParameters.Greedy);
        OpeningPlan plan = new(step, 1, 2, step / 2, 11);
        byte[] layer = OpeningEncoding.Encode(run.Open(plan));
        byte[] logits = OpeningEncoding.Encode(run.OpenLogits(plan));
        Assert.True(OpeningEncoding.TryDecode(layer, model.Constants, out LayerEvidence? readLayer));
        Assert.True(OpeningEncoding.TryDecode(logits, model.Constants, out LogitsEvidence? readLogits));
        Assert.Equal(layer, OpeningEncoding.Encode(readLayer));
        Assert.Equal(logits, OpeningEncoding.Encode(readLogits));
        using Keys.LayerKeyOwner keys = new(model, 1);
        Assert.True(new LayerJudge(keys.Layer, keys.Limits).Judge(plan, run.Trace, [.. run.Ids], readLayer).IsAccepted);
        Assert.True(new LogitsJudge(model.Constants, keys.Output, keys.Limits.Matrices[0]).Judge(plan, run.Trace, [.. run.Ids], run.Drawn, readLogits).IsAccepted);
    }

    [Fact]
    public void Cuts_additions_and_unknown_flags_are_refused()
    {
        TinyModel model = new(1);
        TinyRun run = new(model, [3, 17], 3, SamplingParameters.Greedy);
        OpeningPlan plan = new(2, 1, 2, 1, 2);
        byte[] layer = OpeningEncoding.Encode(run.Open(plan));
        byte[] logits = OpeningEncoding.Encode(run.OpenLogits(plan));
        for (int length = 0; length < layer.Length; length += 7)
        {
            Assert.False(OpeningEncoding.TryDecode(layer.AsSpan(0, length), model.Constants, out LayerEvidence? _));
        }

        for (int length = 0; length < logits.Length; length += 7)
        {
            Assert.False(OpeningEncoding.TryDecode(logits.AsSpan(0, length), model.Constants, out LogitsEvidence? _));
        }

        Assert.False(OpeningEncoding.TryDecode([.. layer, 0], model.Constants, out LayerEvidence? _));
        Assert.False(OpeningEncoding.TryDecode([.. logits, 0], model.Constants, out LogitsEvidence? _));
        Assert.False(OpeningEncoding.TryDecode(layer, model.Constants, out LogitsEvidence? _));
        Assert.False(OpeningEncoding.TryDecode(logits, model.Constants, out LayerEvidence? _));

        // Version, kind, the position's first byte, and whether there are logits.
        foreach (int at in (int[])[0, 1, 2, 14])
        {
            byte[] changed = [.. layer];
            changed[at] ^= 0x82;
            Assert.False(OpeningEncoding.TryDecode(changed, model.Constants, out LayerEvidence? _), $"byte {at}");
        }
    }

    /// <summary>
    /// Bytes of anybody's making never throw. A changed bit is accepted only in a row between the committed parts, where it is within
    /// the noise of rounding.
    /// </summary>
    [Fact]
    public void Changed_bytes_never_throw_and_committed_ones_are_never_accepted()
    {
        TinyModel model = new(1);
        TinyRun run = new(model, [3, 17], 3, SamplingParameters.Greedy);
        OpeningPlan plan = new(2, 1, 2, 1, 2);
        LayerEvidence honest = run.Open(plan);
        byte[] layer = OpeningEncoding.Encode(honest);
        using Keys.LayerKeyOwner keys = new(model, 1);
        LayerJudge judge = new(keys.Layer, keys.Limits);
        Random random = new(3);
        for (int i = 0; i < 3000; i++)
        {
            byte[] changed = [.. layer];
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            if (OpeningEncoding.TryDecode(changed, model.Constants, out LayerEvidence? read) && judge.Judge(plan, run.Trace, [.. run.Ids], read).IsAccepted)
            {
                LayerOpening own = honest.Layer;
                LayerOpening mended = read.Layer with { Query = own.Query, Key = own.Key, Attended = own.Attended, Gate = own.Gate, Up = own.Up };
                Assert.Equal(layer, OpeningEncoding.Encode(read with { Layer = mended }));
            }
        }
    }
}
