using System.Runtime.InteropServices;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Fingerprints;

public class ReplayModelTests
{
    private static readonly ModelConfig Shape = SmallModel.Config with { Layers = 6 };
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 70).Select(i => ((i * i) + (7 * i)) % 320)];
    private static readonly MarginRules Rules = new(5_000_000, 10_000, 2);

    /// <summary>In the served profile a replay is the node's computation to the bit: every step, proof, sketch and draw.</summary>
    [Fact]
    public void ReplaysInTheServedProfileAreExact()
    {
        using ReplayModel model = Open(NumericProfile.Served);
        using TracedAnswer node = new(model.Source, model.Keys, Prompt, 90);
        using AnswerReplay replay = model.Replay(Request(node) with { TraceSecret = node.Answer.TraceSecret, Logits = true }, TestContext.Current.CancellationToken);
        Assert.Equal(node.Answer.StepHashes, replay.StepHashes);
        Assert.Equal(node.Trace.Root.ToArray(), replay.TraceRoot);
        Assert.Equal((node.ToplocRoot, node.SketchRoot), (replay.ToplocRoot, replay.SketchRoot), new Bytes());
        Assert.Equal(node.Toploc, replay.Toploc);
        Assert.True(replay.TryCompareToploc(node.Toploc, out ToplocComparison[] toploc));
        Assert.Equal(4, toploc.Length);
        Assert.All(toploc, one => Assert.Equal(new ToplocComparison(128, 0, 0, 0), one));
        foreach (int depth in replay.Depths)
        {
            Assert.True(replay.TryCompareSketches(depth, node.Sketches, out SketchComparison[] sketches));
            Assert.All(sketches, one => Assert.Equal(0, one.RelativeSquare));
        }

        Assert.All(replay.Margins(node.Drawn.Parameters, node.Drawn.Seed.Span, Rules), margin => Assert.Equal(0, margin));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void PartialReplaysGiveTheSameSketchesUpToTheirDepth(int depth)
    {
        foreach (NumericProfile profile in (NumericProfile[])[NumericProfile.Served, NumericProfile.F32])
        {
            using ReplayModel model = Open(profile);
            ReplayRequest request = new() { Ids = [.. Prompt, .. Prompt], PromptTokens = Prompt.Length, ClientNonce = TracedAnswer.Nonce };
            using AnswerReplay whole = model.Replay(request, TestContext.Current.CancellationToken);
            using AnswerReplay part = model.Replay(request with { Depth = depth }, TestContext.Current.CancellationToken);
            Assert.Equal(whole.Depths.Where(d => d <= depth), part.Depths);
            Assert.All(part.Depths, d => Assert.Equal(whole.SketchesAt(d), part.SketchesAt(d)));
            Assert.Empty(part.Toploc);
            Assert.Throws<InvalidOperationException>(() => part.TryCompareToploc(whole.Toploc, out _));
            Assert.Throws<ArgumentOutOfRangeException>(() => part.SketchesAt(6));
        }
    }

    /// <summary>Another profile sees an honest answer nearly as it is, and one from rounded weights far off.</summary>
    [Fact]
    public void AnotherProfileSeesHonestAnswersNearly()
    {
        using ReplayModel served = Open(NumericProfile.Served);
        using ReplayModel model = Open(NumericProfile.F32);
        Assert.Equal("bf16-lane16/2~f32", model.SeenProfile);
        using ModelSource cheap = RandomModel.CreateSource(Shape, 3);
        foreach (StoredTensor tensor in cheap.Tensors.Where(static t => t.Key.Contains("layers", StringComparison.Ordinal) && t.Value.Info.Shape.Count == 2).Select(static t => t.Value))
        {
            Coarsen(tensor);
        }

        double[] seen = [.. ((ModelSource[])[served.Source, cheap]).Select(source =>
        {
            using TracedAnswer node = new(source, served.Keys, Prompt, 40);
            using AnswerReplay replay = model.Replay(Request(node) with { Logits = true }, TestContext.Current.CancellationToken);
            Assert.True(replay.TryCompareSketches(6, node.Sketches, out SketchComparison[] sketches));
            Assert.True(replay.TryCompareToploc(node.Toploc, out ToplocComparison[] toploc));
            Assert.True(toploc[0].MantissaSum > 0);
            Assert.All(replay.Margins(node.Drawn.Parameters, node.Drawn.Seed.Span, Rules), margin => Assert.InRange(margin, 0, Rules.CapMicro));
            return sketches[0].RelativeSquare;
        })];
        Assert.InRange(seen[0], 1e-9, 1e-3);
        Assert.True(seen[1] > 10 * seen[0]);
    }

    [Fact]
    public void MalformedProofsAreNotCompared()
    {
        using ReplayModel model = Open(NumericProfile.Served);
        using TracedAnswer node = new(model.Source, model.Keys, Prompt, 40);
        using AnswerReplay replay = model.Replay(Request(node), TestContext.Current.CancellationToken);
        Assert.False(replay.TryCompareToploc([.. node.Toploc.Skip(1)], out _));
        Assert.False(replay.TryCompareToploc([node.Toploc[0], node.Toploc[1], node.Toploc[2][..^1]], out _));
        Assert.False(replay.TryCompareToploc([node.Toploc[0], new byte[258], node.Toploc[2]], out _));
        Assert.False(replay.TryCompareSketches(6, [.. node.Sketches.Skip(1)], out _));
        Assert.False(replay.TryCompareSketches(6, [.. node.Sketches.Select(static s => s[1..])], out _));
    }

    /// <summary>A dispute ends at the layer that a node computed otherwise, however little of it.</summary>
    [Theory]
    [InlineData("self_attn.v_proj", 2, DisputedPart.KeysAndValues)]
    [InlineData("self_attn.q_proj", 0, DisputedPart.AttentionOutput)]
    [InlineData("mlp.up_proj", 5, DisputedPart.DownOutput)]
    public void DisputesEndAtTheLayerThatDiffers(string part, int layer, DisputedPart expected)
    {
        using ReplayModel model = Open(NumericProfile.Served);
        using ModelSource other = RandomModel.CreateSource(Shape, 3);
        Coarsen(other.Tensors[ModelTensors.Layer(layer, part)]);
        using TracedAnswer node = new(other, model.Keys, Prompt, 10);
        ReplayRequest request = Request(node) with { TraceSecret = node.Answer.TraceSecret };
        using AnswerReplay replay = model.Replay(request, TestContext.Current.CancellationToken);
        Assert.True(TraceDispute.Leads(node.Answer.StepHashes, node.Trace));
        Assert.False(TraceDispute.Leads(replay.StepHashes, node.Trace));
        Assert.False(TraceDispute.Leads([.. node.Answer.StepHashes.Skip(1)], node.Trace));
        int step = TraceDispute.FirstStep(replay.StepHashes, node.Answer.StepHashes);

        // Attention over one position does not read its query.
        Assert.Equal(part == "self_attn.q_proj" ? 1 : 0, step);
        OpeningPlan plan = new(step, 0, 0, 0, Prompt.Length);
        StepOpening shown = node.Open(plan).Layer.Step;
        Assert.True(shown.IsIn(node.Trace));
        StepOpening own = model.ReplayStep(request, step);
        Assert.Equal(replay.StepHashes[step], StepHash(own));
        Assert.Equal(new DisputedLeaf(layer, expected), TraceDispute.FirstLeaf(own, shown, model.Shape));
        Assert.Null(TraceDispute.FirstLeaf(own, own, model.Shape));
    }

    [Fact]
    public void TheLastPromptStepsLogitsAreReplayed()
    {
        using ReplayModel model = Open(NumericProfile.Served);
        using TracedAnswer node = new(model.Source, model.Keys, Prompt, 10);
        ReplayRequest request = Request(node) with { TraceSecret = node.Answer.TraceSecret };
        foreach (int step in (int[])[Prompt.Length - 2, Prompt.Length - 1, Prompt.Length + 8])
        {
            StepOpening own = model.ReplayStep(request, step);
            Assert.Equal(step >= Prompt.Length - 1 ? 320 : 0, own.Logits.Length);
            Assert.Equal(node.Answer.StepHashes[step], StepHash(own));
        }

        StepOpening logits = model.ReplayStep(request, Prompt.Length);
        StepOpening raised = logits with { Logits = [.. logits.Logits.Select(static (l, i) => i == 7 ? l + 1 : l)] };
        Assert.Equal(new DisputedLeaf(6, DisputedPart.Logits), TraceDispute.FirstLeaf(logits, raised, model.Shape));
        Assert.Equal(new DisputedLeaf(0, DisputedPart.Input), TraceDispute.FirstLeaf(logits, logits with { InputId = logits.InputId ^ 1 }, model.Shape));
        Assert.Equal(new DisputedLeaf(0, DisputedPart.Salts), TraceDispute.FirstLeaf(logits, logits with { Salts = new byte[logits.Salts.Length] }, model.Shape));
    }

    [Fact]
    public void RequestsThatDoNotFitAreRefused()
    {
        using ReplayModel model = Open(NumericProfile.F32);
        ReplayRequest good = new() { Ids = [1, 2, 3], PromptTokens = 1, ClientNonce = TracedAnswer.Nonce };
        ReplayRequest[] bad =
        [
            good with { PromptTokens = 0 }, good with { PromptTokens = 3 }, good with { Ids = [1, 320, 3] }, good with { Ids = [1, -1, 3] },
            good with { Ids = [.. Enumerable.Repeat(1, 258)] }, good with { Depth = 2 }, good with { Depth = 3, Logits = true }, good with { TraceSecret = new byte[32] },
        ];
        Assert.All(bad, request => Assert.ThrowsAny<ArgumentException>(() => model.Replay(request, TestContext.Current.CancellationToken)));
        Assert.Throws<FileNotFoundException>(() => ReplayModel.Open("random-135m:x", new LoadOptions(), null, TestContext.Current.CancellationToken));
    }

    private static ReplayModel Open(NumericProfile profile) =>
        ReplayModel.Open(RandomModel.CreateSource(Shape, 3), "small", new LoadOptions { Profile = profile, Threads = 1 }, null, TestContext.Current.CancellationToken);

    private static ReplayRequest Request(TracedAnswer node) => new() { Ids = node.Answer.Ids, PromptTokens = node.Answer.PromptTokens, ClientNonce = TracedAnswer.Nonce };

    private static byte[] StepHash(StepOpening step)
    {
        byte[] hash = new byte[TraceHash.Size];
        TraceHash.Step(step.Position, step.InputId, MerkleTree.Root(step.LeafHashes(ValidatorKeyMaker.ShapeOf(Shape))), hash);
        return hash;
    }

    // Keeps the upper half of each weight's mantissa.
    private static void Coarsen(StoredTensor tensor)
    {
        foreach (ref ushort weight in MemoryMarshal.Cast<byte, ushort>(tensor.Memory.Span(tensor.Info.Offset, tensor.Info.Length)))
        {
            weight &= 0xfff8;
        }
    }

    private sealed class Bytes : IEqualityComparer<(byte[], byte[])>
    {
        public bool Equals((byte[], byte[]) x, (byte[], byte[]) y) => x.Item1.AsSpan().SequenceEqual(y.Item1) && x.Item2.AsSpan().SequenceEqual(y.Item2);

        public int GetHashCode((byte[], byte[]) obj) => obj.Item1.Length;
    }
}
