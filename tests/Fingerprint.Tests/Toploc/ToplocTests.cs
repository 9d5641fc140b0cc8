using System.Text.Json;
using CsCheck;
using Verathos.Fingerprint.Toploc;
using Verathos.Testing;

namespace Verathos.Fingerprint.Tests.Toploc;

public sealed class ToplocTests
{
    private static JsonElement Vector() => JsonDocument.Parse(File.ReadAllBytes(Vectors.Path("standards/toploc.json"))).RootElement;

    [Fact]
    public void The_readmes_proofs_come_out_byte_for_byte_and_compare_as_it_says()
    {
        JsonElement readme = Vector().GetProperty("readme");
        MersenneTwister random = new(42);
        ushort[][] activations = [random.Normal(80), .. Enumerable.Range(0, 10).Select(_ => random.Normal(16))];
        List<ushort[]> chunks = Chunks(activations, readme);
        List<ushort[]> scaled = Chunks([.. activations.Select(Scale)], readme);
        string[] expected = [.. readme.GetProperty("proofs_base64").EnumerateArray().Select(p => p.GetString()!)];
        JsonElement[] comparisons = [.. readme.GetProperty("verify_after_scaling_by_1.01").EnumerateArray()];
        Assert.Equal(expected.Length, chunks.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            ToplocProof proof = ToplocProof.Create(Top(chunks[i], 4));
            Assert.Equal(expected[i], Convert.ToBase64String(proof.ToArray()));
            ToplocComparison comparison = proof.Compare(Top(scaled[i], 4));
            Assert.Equal(comparisons[i].GetProperty("exp_intersections").GetInt32(), comparison.Agreeing);
            Assert.Equal(comparisons[i].GetProperty("mant_err_mean").GetDouble(), comparison.MantissaMean);
            Assert.Equal(comparisons[i].GetProperty("mant_err_median").GetDouble(), comparison.MantissaMedian);
        }
    }

    [Theory]
    [InlineData("prefill-and-decode-batches")]
    [InlineData("modulus-below-prime")]
    public void Generated_cases_come_out_byte_for_byte(string name)
    {
        JsonElement vector = Vector().GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        List<ushort[]> chunks = Chunks(Generate(vector), vector);
        string[] expected = [.. vector.GetProperty("proofs").EnumerateArray().Select(p => p.GetString()!)];
        int points = vector.GetProperty("topk").GetInt32();
        Assert.Equal(expected, chunks.Select(chunk => Convert.ToHexStringLower(ToplocProof.Create(Top(chunk, points)).ToArray())));
    }

    /// <summary>A verifier that forgets the modulus reads the polynomial beside its points.</summary>
    [Fact]
    public void Defect_forgetting_the_modulus()
    {
        JsonElement vector = Vector().GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "modulus-below-prime");
        TopActivations top = Top(Chunks(Generate(vector), vector)[0], 16);
        ToplocProof proof = ToplocProof.Create(top);
        Assert.Equal(65496, proof.Modulus);
        Assert.Contains(top.Places.ToArray(), place => place >= proof.Modulus);
        Assert.Equal(vector.GetProperty("same_exp_mismatches_with_correct_modulus").GetInt32(), proof.Compare(top).ExponentMismatches);
    }

    [Fact]
    public void Defect_the_median_of_an_even_count()
    {
        Assert.Equal(2.5, ToplocComparison.Of(4, [9, 1, 2, 3]).MantissaMedian);
        Assert.Equal(2, ToplocComparison.Of(5, [9, 1, 2]).MantissaMedian);
    }

    [Fact]
    public void Defect_ignoring_signs()
    {
        ushort[] chunk = new MersenneTwister(7).Normal(512);
        ToplocProof proof = ToplocProof.Create(Top([.. chunk.Select(bits => (ushort)(bits ^ 0x8000))], 128));
        Assert.Equal(128, proof.Compare(Top(chunk, 128)).ExponentMismatches);
        Assert.True(double.IsNaN(proof.Compare(Top(chunk, 128)).MantissaMean));
        Assert.False(new ToplocLimits(128, 100_000, 100_000).Accepts(proof.Compare(Top(chunk, 128))));
    }

    [Fact]
    public void Defect_a_modulus_of_nought()
    {
        byte[] encoded = ToplocProof.Create(Top(new MersenneTwister(7).Normal(512), 128)).ToArray();
        Assert.Equal(258, encoded.Length);
        Assert.True(ToplocProof.TryParse(encoded, 128, out _));
        (encoded[0], encoded[1]) = (0, 0);
        Assert.False(ToplocProof.TryParse(encoded, 128, out _));
    }

    [Fact]
    public void Defect_indices_cut_to_32_bits()
    {
        long[] places = [5, (1L << 32) + 5, (1L << 40) + 123_456_789, (1L << 62) + 1];
        ushort[] bits = [0x4100, 0x4000, 0xc080, 0x3f80];
        ToplocProof proof = ToplocProof.Create(places, bits);
        Assert.Equal(bits, places.Select(proof.Evaluate));
    }

    [Theory]
    [InlineData(0xffda, 0, "a modulus above the prime")]
    [InlineData(127, 0, "fewer residues than points")]
    [InlineData(0xffd9, 0xffd9, "a coefficient outside the field")]
    public void Encodings_that_no_proof_has_are_refused(int modulus, int coefficient, string why)
    {
        byte[] encoded = new byte[258];
        (encoded[0], encoded[1]) = ((byte)(modulus >> 8), (byte)modulus);
        (encoded[256], encoded[257]) = ((byte)(coefficient >> 8), (byte)coefficient);
        Assert.False(ToplocProof.TryParse(encoded, 128, out _), why);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(259)]
    public void Other_lengths_are_refused(int length) => Assert.False(ToplocProof.TryParse([0xff, 0xd9, .. new byte[Math.Max(0, length - 2)]], 128, out _));

    [Fact]
    public void A_chunk_of_fewer_activations_has_fewer_points()
    {
        TopActivations top = Top(new MersenneTwister(7).Normal(64), 128);
        ToplocProof proof = ToplocProof.Create(top);
        Assert.Equal(130, proof.Size);
        Assert.True(ToplocProof.TryParse(proof.ToArray(), 64, out ToplocProof? read));
        Assert.Equal(new ToplocComparison(64, 0, 0, 0), read.Compare(top));
    }

    [Theory]
    [InlineData(0x7f80)]
    [InlineData(0xff80)]
    [InlineData(0x7fc1)]
    public void What_is_not_finite_is_refused(int bits) => Assert.Throws<ArithmeticException>(() => new TopActivations().Add([0x3f80, (ushort)bits]));

    [Fact]
    public void Proofs_pass_through_their_points_and_the_order_of_pieces_does_not_show() =>
        Gen.Select(Gen.Int[1, 3000], Gen.UInt, Gen.Int[1, 128]).Sample((count, seed, points) =>
        {
            ushort[] chunk = [.. Enumerable.Range(0, count).Select(_ => Bits(ref seed))];
            TopActivations whole = Top(chunk, points);
            TopActivations pieces = new(points);
            for (int at = 0; at < count; at += 17)
            {
                pieces.Add(chunk.AsSpan(at, Math.Min(17, count - at)));
            }

            int[] sorted = [.. Enumerable.Range(0, count).OrderByDescending(i => chunk[i] & 0x7fff).ThenBy(i => i).Take(points)];
            ToplocProof proof = ToplocProof.Create(whole);
            return whole.Places.SequenceEqual(pieces.Places)
                && whole.Places.ToArray().SequenceEqual(sorted.Select(i => (long)i))
                && sorted.All(i => proof.Evaluate(i) == chunk[i])
                && ToplocProof.TryParse(proof.ToArray(), Math.Min(points, count), out ToplocProof? read)
                && read.Compare(whole) == new ToplocComparison(Math.Min(points, count), 0, 0, 0);
        });

    [Theory]
    [InlineData(3, 200, 4, true)]
    [InlineData(2, 200, 4, false)]
    [InlineData(3, 199, 4, false)]
    [InlineData(3, 200, 3, false)]
    public void Each_limit_rejects_by_itself(int mismatches, int mean, int median, bool accepted) =>
        Assert.Equal(accepted, new ToplocLimits(mismatches, mean, median).Accepts(ToplocComparison.Of(8, [1, 1, 2, 2, 4])));

    private static TopActivations Top(ushort[] chunk, int points)
    {
        TopActivations top = new(points);
        top.Add(chunk);
        return top;
    }

    private static ushort[] Scale(ushort[] activations) =>
        [.. activations.Select(bits => MersenneTwister.Bits((float)MersenneTwister.Value(bits) * 1.01f))];

    private static List<ushort[]> Chunks(ushort[][] activations, JsonElement vector)
    {
        bool skip = vector.GetProperty("skip_prefill").GetBoolean();
        List<ushort[]> chunks = skip ? [] : [activations[0]];
        chunks.AddRange(activations.Skip(skip ? 0 : 1).Chunk(vector.GetProperty("decode_batching_size").GetInt32()).Select(batch => batch.SelectMany(a => a).ToArray()));
        return chunks;
    }

    private static ushort[][] Generate(JsonElement vector)
    {
        ulong state = vector.GetProperty("seed").GetUInt64();
        ushort[][] activations = [.. vector.GetProperty("lengths").EnumerateArray().Select(length => new ushort[length.GetInt32()])];
        foreach (ushort[] one in activations)
        {
            for (int i = 0; i < one.Length; i++)
            {
                ulong r = SplitMix(ref state);
                one[i] = (ushort)(((r & 1) << 15) | ((0x70 + ((r >> 1) % 22)) << 7) | ((r >> 8) & 0x7f));
            }
        }

        foreach (JsonElement change in vector.GetProperty("overrides").EnumerateArray())
        {
            activations[change[0].GetInt32()][change[1].GetInt32()] = change[2].GetUInt16();
        }

        return activations;
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    private static ushort Bits(ref uint state)
    {
        state = (state * 1664525) + 1013904223;
        ushort bits = (ushort)(state >> 16);
        return (bits & 0x7f80) == 0x7f80 ? (ushort)0x3f80 : bits;
    }
}
