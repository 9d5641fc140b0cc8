using System.Text;
using Verathos.Bench.Evidence;
using Verathos.Bench.Mutation;
using Verathos.Simulator;

namespace Verathos.Bench.Tests.Mutation;

/// <summary>A seeded sample of what <c>verathos bench mutation</c> tries, and that the bench would see what it looks for.</summary>
public sealed class MutationBenchTests : IDisposable
{
    private const int Seed = 20261126;
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-mutation-").FullName;
    private readonly Installation _installation;

    public MutationBenchTests() => _installation = Installation.OpenOrCreate(Path.Combine(_folder, "installation"));

    public static TheoryData<string> Parsers => new(ParserTargets.All.Select(target => target.Name));

    public void Dispose()
    {
        _installation.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Every_parser_takes_its_seed_and_survives_damage_at_a_linear_cost()
    {
        IReadOnlyDictionary<string, byte[]> seeds = ParserSeeds.From(_installation);
        Assert.Equal(ParserTargets.All.Select(target => target.Name).Order(), seeds.Keys.Order());
        foreach (ParserTarget target in ParserTargets.All)
        {
            Assert.True(target.Parses(seeds[target.Name], out long steps), target.Name);
            Assert.True(steps > 0 == target.CountsSteps, $"{target.Name} counts {steps} steps");
            MutationRow row = MutationBench.Run(MutationSubject.Of(target, seeds[target.Name]), Seed, 300, all: false, CancellationToken.None);
            Assert.True(row.Holds, $"{row}");
            Assert.InRange(row.Mutations, 250, 300);
        }
    }

    [Theory]
    [MemberData(nameof(Parsers))]
    public void A_parser_stays_linear_at_the_inputs_that_cost_it_most(string name)
    {
        GrowthRow row = GrowthRow.Measure(ParserTargets.Find(name)!);

        Assert.True(row.Lengths[^1] > 32 * row.Lengths[0], $"{row.Lengths[0]} to {row.Lengths[^1]}");
        Assert.True(row.Holds, $"steps {string.Join(", ", row.Steps)}; allocated {string.Join(", ", row.Allocated)}; lengths {string.Join(", ", row.Lengths)}");
    }

    [Fact]
    public void No_change_of_a_covered_bit_is_accepted_in_a_sample()
    {
        MutationSubject[] subjects = [.. MutationSubjects.From(_installation, VectorFolder.Find()).Where(subject => subject.Parser is null)];
        Assert.True(subjects.Length >= 40, $"{subjects.Length}");
        foreach (MutationSubject subject in subjects)
        {
            // The least is of an HCL report over TDX, whose TDREPORT nothing covers away from its machine.
            Assert.True(subject.CoveredBits > 2 * subject.Bytes.Length, $"{subject.Name}: {subject.CoveredBits} bits of {subject.Bytes.Length} bytes");
            MutationRow row = MutationBench.Run(subject, Seed, 60, all: false, CancellationToken.None);
            Assert.True(row is { Accepted: 0, Exceptions: 0 }, $"{row}");
        }
    }

    [Fact]
    public void Every_covered_bit_of_a_small_document_is_flipped_once()
    {
        MutationSubject signature = MutationSubjects.From(_installation, "nowhere").First(subject => subject.Name.StartsWith("tcb_info_signature", StringComparison.Ordinal));
        MutationRow row = MutationBench.Run(signature, Seed, 1, all: true, CancellationToken.None);

        Assert.Equal(512, signature.CoveredBits);
        Assert.Equal(513, row.Mutations);
        Assert.True(row.Holds, $"{row}");
    }

    [Fact]
    public void What_is_accepted_thrown_or_too_dear_is_counted()
    {
        byte[] bytes = new byte[100];
        byte[] half = [.. Enumerable.Repeat((byte)0xFF, 50), .. new byte[50]];
        MutationRow careless = MutationBench.Run(new MutationSubject("careless", bytes, _ => true, half), Seed, 400, all: true, CancellationToken.None);
        Assert.True(careless.Accepted > 400, $"{careless}");
        Assert.True(careless.Outside > 50, $"{careless}");
        Assert.False(careless.Holds);
        Assert.StartsWith("accepted with a change at", careless.FirstFailure, StringComparison.Ordinal);

        MutationRow throwing = MutationBench.Run(
            new MutationSubject("throwing", bytes, changed => changed.Span.SequenceEqual(bytes) ? true : throw new FormatException("x"), half), Seed, 100, all: false, CancellationToken.None);
        Assert.True(throwing.Exceptions > 90, $"{throwing}");
        Assert.False(throwing.Holds);

        ParserTarget greedy = new("greedy", input => new byte[200_000 + (20 * input.Length)].Length == 0, length => new byte[length]);
        Assert.False(MutationBench.Run(MutationSubject.Of(greedy, bytes), Seed, 10, all: false, CancellationToken.None).Holds);
        Assert.False(GrowthRow.Measure(greedy).Holds);

        Assert.Throws<InvalidOperationException>(() => MutationBench.Run(new MutationSubject("refused", bytes, _ => false, half), Seed, 1, all: false, CancellationToken.None));
    }

    [Fact]
    public void A_quadratic_parser_is_seen_by_its_steps()
    {
        ParserTarget quadratic = new(
            "quadratic",
            input =>
            {
                for (int i = 0; i < input.Length; i++)
                {
                    Verathos.Attestation.X509.PemReader.TryRead(input.Span[i..Math.Min(input.Length, i + 4096)], out _, out _);
                }

                return false;
            },
            length => Encoding.ASCII.GetBytes(new string(' ', Math.Min(length, 8192))));

        Assert.False(GrowthRow.Measure(quadratic).Holds);
    }

    [Fact]
    public void Runs_add_up_by_subject()
    {
        MutationRow row = new("a", false, 10, 80, 100, 0, 2, 0, "", 0, 0, 1.5);
        MutationReport sum = MutationReport.Sum(
        [
            new MutationReport([1], false, [row, row with { Name = "p", IsParser = true, StepsPerByte = 2 }], []),
            new MutationReport([2], true, [row with { Mutations = 50, Accepted = 1, FirstFailure = "x" }], []),
        ]);

        Assert.Equal([1, 2], sum.Seeds);
        Assert.True(sum.All);
        Assert.Equal(250, sum.Mutations);
        Assert.False(sum.Holds);
        Assert.Equal(row with { Mutations = 150, Accepted = 1, Outside = 4, FirstFailure = "x", Seconds = 3 }, sum.Rows[0]);
    }

    [Fact]
    public void The_covered_part_of_a_reference_file_leaves_out_what_nothing_signs()
    {
        const string xml = "<?xml version=\"1.0\"?><a  b=\"c\"> d<!-- e --><Signature x=\"y\"><SignedInfo> f</SignedInfo><SignatureValue>g h</SignatureValue><KeyInfo>i</KeyInfo></Signature></a>";
        byte[] mask = Coverage.Xml(Encoding.ASCII.GetBytes(xml));
        string covered = string.Concat(xml.Where((_, i) => mask[i] != 0));

        Assert.Equal("<ab=c> d<SignedInfo> f</SignedInfo>gh</a>", covered);
    }

    [Fact]
    public void The_covered_part_of_a_PEM_text_leaves_out_its_white_space()
    {
        byte[] mask = Coverage.Pem("-----BEGIN A-----\r\nAA\n-----END A-----\n"u8);
        Assert.Equal([10, 17, 18, 21, 30, 37], mask.Select((value, i) => (value, i)).Where(item => item.value == 0).Select(item => item.i));
        Assert.Equal([4, 5], Coverage.AllBut(new byte[8], (4, 2)).Select((value, i) => (value, i)).Where(item => item.value == 0).Select(item => item.i));
    }
}
