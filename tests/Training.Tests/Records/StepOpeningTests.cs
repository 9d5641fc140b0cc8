using System.Security.Cryptography;
using CsCheck;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Records;

public sealed class StepOpeningTests : IDisposable
{
    private static readonly TrainingStep[] Steps = Made(7);

    private readonly TrainingWorker _worker = new(1);

    public void Dispose() => _worker.Dispose();

    [Fact]
    public void Every_step_of_every_round_opens_after_a_journey() => Gen.Int[1, 40].Sample(
        count =>
        {
            TrainingStep[] steps = Made(count);
            TrainingRecord record = Record(steps);
            for (int i = 0; i < count; i++)
            {
                Assert.True(StepOpening.TryParse(StepOpening.Create(steps, i).Encode(), out StepOpening? read));
                Assert.Equal(StepOpeningError.None, read.Verify(record));
                Assert.Equal(steps[i].Encode(), read.Step.Encode());
            }
        },
        iter: 30);

    public static TheoryData<StepOpeningError> Errors => [.. Enum.GetValues<StepOpeningError>().Except([StepOpeningError.None, StepOpeningError.NotChecked])];

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_step_that_is_not_the_records_is_named(StepOpeningError error)
    {
        TrainingRecord record = Record(Steps);
        StepOpening opening = error switch
        {
            StepOpeningError.Number => Change(StepOpening.Create(Made(8), 7), step => step),
            StepOpeningError.Loss => Change(StepOpening.Create(Steps, 3), step => step with { Loss = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(step.Loss) + 1) }),
            StepOpeningError.BaseModel => StepOpening.Create(Steps, 0),
            _ => Change(StepOpening.Create(Steps, 3), step => step with { GradientRoot = new byte[32] }),
        };
        record = error == StepOpeningError.BaseModel ? record with { BaseModelRoot = new byte[32] } : record;
        Assert.Equal(error, opening.Verify(record));
    }

    [Fact]
    public void The_path_binds_every_member_and_the_place()
    {
        TrainingRecord record = Record(Steps);
        StepOpening opening = StepOpening.Create(Steps, 3);
        Assert.Equal(StepOpeningError.None, opening.Verify(record));
        Assert.Equal(StepOpeningError.Path, Change(opening, step => step with { ModelRoot = new byte[32] }).Verify(record));
        Assert.Equal(StepOpeningError.Path, Change(opening, step => step with { OptimiserRoot = new byte[32] }).Verify(record));
        Assert.Equal(StepOpeningError.Path, Change(opening, step => step with { Number = 2, Loss = record.Losses[2] }).Verify(record));
        Assert.Equal(StepOpeningError.Path, (opening with { Path = [.. opening.Path.Skip(1)] }).Verify(record));
        Assert.Equal(StepOpeningError.Path, opening.Verify(record with { StepsRoot = new byte[32] }));
    }

    [Fact]
    public void Bytes_that_are_no_step_or_no_opening_are_refused()
    {
        byte[] step = Steps[0].Encode();
        byte[] opening = StepOpening.Create(Steps, 0).Encode();
        for (int length = 0; length < step.Length; length++)
        {
            Assert.False(TrainingStep.TryParse(step.AsSpan(0, length), out _));
        }

        for (int length = 0; length < opening.Length; length++)
        {
            Assert.False(StepOpening.TryParse(opening.AsSpan(0, length), out _));
        }

        Assert.False(TrainingStep.TryParse([.. step, 0], out _));
        Assert.False(StepOpening.TryParse([.. opening, 0], out _));
        step[5] ^= 1;
        Assert.False(TrainingStep.TryParse(step, out _));
        Assert.False(StepOpening.TryParse(new StepOpening(Steps[0], [.. Enumerable.Repeat(new byte[32], 14)]).Encode(), out _));
    }

    [Fact]
    public void Steps_that_are_not_numbered_in_order_have_no_root()
    {
        Assert.Throws<ArgumentException>(() => StepOpening.Root([]));
        Assert.Throws<ArgumentException>(() => StepOpening.Root(Steps[1..]));
        Assert.Throws<ArgumentException>(() => StepOpening.Root([Steps[0], Steps[0]]));
    }

    [Fact]
    public void Roots_of_dense_vectors_bind_label_names_and_every_element()
    {
        GradientLayout layout = new([new GradientTensor("a", 200, 100), new GradientTensor("b", 1, 100)]);
        GradientLayout renamed = new([new GradientTensor("a", 200, 100), new GradientTensor("c", 1, 100)]);
        GradientLayout cut = new([new GradientTensor("a", 200, 99), new GradientTensor("b", 1, 300)]);
        float[] values = [.. Enumerable.Range(0, layout.Count).Select(i => i / 7f)];
        float[] changed = [.. values];
        changed[^1] = -changed[^1];
        byte[][] roots =
        [
            TrainingRoots.OfModel(layout, values), TrainingRoots.OfModel(layout, changed), TrainingRoots.OfModel(renamed, values),
            TrainingRoots.OfModel(cut, values), TrainingRoots.OfDenseGradient(layout, values),
        ];
        Assert.Equal(roots.Length, roots.Select(Convert.ToHexString).Distinct().Count());

        // The tree is the one that the parts' leaves make.
        byte[] bytes = [.. values.SelectMany(BitConverter.GetBytes)];
        List<byte[]> leaves = [.. TrainingRoots.Leaves(TrainingRoots.Model, "a", bytes.AsSpan(0, 80_000)), .. TrainingRoots.Leaves(TrainingRoots.Model, "b", bytes.AsSpan(80_000))];
        Assert.Equal(3, leaves.Count);
        Assert.Equal(Fingerprint.Merkle.MerkleTree.Root(leaves), roots[0]);
        Assert.Throws<ArgumentException>(() => TrainingRoots.OfModel(layout, values.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => TrainingRoots.OfDenseGradient(layout, values.AsSpan(1)));
    }

    private static StepOpening Change(StepOpening opening, Func<TrainingStep, TrainingStep> change) => opening with { Step = change(opening.Step) };

    private static TrainingStep[] Made(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new TrainingStep(i, Hash("model", i), Hash("optimiser", i), Hash("gradient", i), 3 - (i / 50f)))];

    private static byte[] Hash(string name, int i) => SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(name), .. BitConverter.GetBytes(i)]);

    private TrainingRecord Record(TrainingStep[] steps) =>
        _worker.Record with { BaseModelRoot = steps[0].ModelRoot, Losses = [.. steps.Select(step => step.Loss)], StepsRoot = StepOpening.Root(steps) };
}
