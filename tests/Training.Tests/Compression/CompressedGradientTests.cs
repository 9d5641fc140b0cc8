using System.Buffers.Binary;
using CsCheck;
using Verathos.Training.Compression;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Compression;

public sealed class CompressedGradientTests
{
    private static readonly GradientLayout Layout = Samples.Layout;

    private static readonly Gen<(int Seed, double Scale, GradientBits Bits)> Cases =
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Double[-12, 12], Gen.Bool.Select(two => two ? GradientBits.Two : GradientBits.Eight)).Select((seed, power, bits) => (seed, Math.Pow(10, power), bits));

    [Theory]
    [InlineData(GradientBits.Two, 141.2, 70.6)]
    [InlineData(GradientBits.Eight, 99.9, 49.9)]
    public void The_ratio_is_the_one_the_documentation_gives(GradientBits bits, double toSingle, double toBFloat16)
    {
        // A Llama of about 1.07 million parameters whose sides are multiples of 64, norms among them.
        GradientLayout layout = new(
        [
            new GradientTensor("embedding", 1024, 128),
            .. Enumerable.Range(0, 5).SelectMany(i => new GradientTensor[]
            {
                new($"{i}.norm", 2, 128), new($"{i}.q", 128, 128), new($"{i}.k", 64, 128), new($"{i}.v", 64, 128), new($"{i}.o", 128, 128),
                new($"{i}.gate", 384, 128), new($"{i}.up", 384, 128), new($"{i}.down", 128, 384),
            }),
            new GradientTensor("norm", 1, 128),
        ]);
        long length = CompressedGradient.EncodedLength(layout, bits);
        double single = 4.0 * layout.Count / length;
        double half = 2.0 * layout.Count / length;
        TestContext.Current.TestOutputHelper!.WriteLine($"{layout.Count} elements, {(int)bits} bits: {length} bytes, {single:F1} times smaller than f32, {half:F1} than bf16");
        Assert.InRange(single, toSingle - 0.4, toSingle + 0.1);
        Assert.InRange(half, toBFloat16 - 0.2, toBFloat16 + 0.1);
        Assert.True(bits == GradientBits.Eight || single >= 100);
        Assert.Equal(length, CompressedGradient.Encode(layout, Samples.Gradient(layout, 1), bits).Length);
    }

    [Fact]
    public void The_greatest_elements_of_each_chunk_are_kept() => Cases.Sample(
        c =>
        {
            float[] gradient = Samples.Gradient(Layout, c.Seed, c.Scale);
            HashSet<int> kept = [.. Decode(CompressedGradient.Encode(Layout, gradient, c.Bits)).Indices.ToArray()];
            int[] coordinates = new int[GradientLayout.ChunkSize];
            for (int chunk = 0; chunk < Layout.ChunkCount; chunk++)
            {
                int length = Layout.Coordinates(chunk, coordinates);
                IEnumerable<int> expected = coordinates[..length].Select((coordinate, place) => (coordinate, place))
                    .OrderByDescending(e => MathF.Abs(gradient[e.coordinate])).ThenBy(e => e.place).Take(Layout.Kept(chunk)).Select(e => e.coordinate);
                Assert.All(expected, coordinate => Assert.Contains(coordinate, kept));
            }

            Assert.Equal(Enumerable.Range(0, Layout.ChunkCount).Sum(Layout.Kept), kept.Count);
        },
        iter: 20);

    [Fact]
    public void What_was_decoded_encodes_to_the_same_bytes() => Cases.Sample(
        c =>
        {
            byte[] encoded = CompressedGradient.Encode(Layout, Samples.Gradient(Layout, c.Seed, c.Scale), c.Bits);
            float[] decoded = [.. Decode(encoded).ToDense().Select(value => (float)value)];
            Assert.Equal(Decode(encoded).ToDense(), decoded.Select(value => (double)value));
            Assert.Equal(encoded, CompressedGradient.Encode(Layout, decoded, c.Bits));
            Assert.Equal(decoded.Select(value => (double)value), Decode(CompressedGradient.Encode(Layout, decoded, c.Bits)).ToDense());
        },
        iter: 30);

    [Fact]
    public void Values_are_close_to_what_was_kept() => Cases.Sample(
        c =>
        {
            float[] gradient = Samples.Gradient(Layout, c.Seed, c.Scale);
            SparseVector decoded = Decode(CompressedGradient.Encode(Layout, gradient, c.Bits));
            (double error, double energy) = (0, 0);
            for (int i = 0; i < decoded.Count; i++)
            {
                double kept = gradient[decoded.Indices[i]];
                Assert.Equal(Math.Sign(kept), Math.Sign(decoded.Values[i]));
                error += (decoded.Values[i] - kept) * (decoded.Values[i] - kept);
                energy += kept * kept;
            }

            Assert.True(error / energy < (c.Bits == GradientBits.Two ? 0.02 : 0.0001), $"{error / energy}");
        },
        iter: 20);

    [Theory]
    [InlineData(GradientBits.Two)]
    [InlineData(GradientBits.Eight)]
    public void Zeros_ties_and_extremes_survive(GradientBits bits)
    {
        float[] zeros = new float[Layout.Count];
        Assert.All(Decode(CompressedGradient.Encode(Layout, zeros, bits)).Values.ToArray(), value => Assert.Equal(0, value));
        float[] equal = new float[Layout.Count];
        Array.Fill(equal, -0.5f);
        SparseVector decoded = Decode(CompressedGradient.Encode(Layout, equal, bits));
        Assert.All(decoded.Values.ToArray(), value => Assert.InRange(value, -0.501, -0.499));
        Assert.Equal(Enumerable.Range(0, 64), decoded.Indices.ToArray().Where(i => i is >= 96 and < 96 + 64).Select(i => i - 96));
        float[] extreme = [.. Samples.Gradient(Layout, 3).Select((value, i) => i % 500 == 0 ? float.MaxValue : i % 501 == 0 ? -float.Epsilon : value)];
        Assert.All(Decode(CompressedGradient.Encode(Layout, extreme, bits)).Values.ToArray(), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void What_is_not_finite_or_of_another_layout_is_not_encoded()
    {
        float[] gradient = Samples.Gradient(Layout, 1);
        Assert.Throws<ArgumentException>(() => CompressedGradient.Encode(Layout, gradient.AsSpan(1), GradientBits.Two));
        Assert.Throws<ArgumentException>(() => CompressedGradient.Encode(Layout, gradient, (GradientBits)4));
        gradient[700] = float.NaN;
        Assert.Throws<ArgumentException>(() => CompressedGradient.Encode(Layout, gradient, GradientBits.Two));
        gradient[700] = float.NegativeInfinity;
        Assert.Throws<ArgumentException>(() => CompressedGradient.Encode(Layout, gradient, GradientBits.Eight));
    }

    public static TheoryData<string, GradientBits, GradientError> Malformed => new()
    {
        { "version", GradientBits.Two, GradientError.Header },
        { "bits", GradientBits.Two, GradientError.Header },
        { "reserved", GradientBits.Two, GradientError.Header },
        { "short header", GradientBits.Two, GradientError.Header },
        { "layout", GradientBits.Two, GradientError.Layout },
        { "a byte more", GradientBits.Two, GradientError.Length },
        { "a byte less", GradientBits.Eight, GradientError.Length },
        { "level infinite", GradientBits.Two, GradientError.NotFinite },
        { "scale NaN", GradientBits.Eight, GradientError.NotFinite },
        { "product infinite", GradientBits.Eight, GradientError.NotFinite },
        { "level negative", GradientBits.Two, GradientError.Level },
        { "levels reversed", GradientBits.Two, GradientError.Level },
        { "scale negative", GradientBits.Eight, GradientError.Level },
        { "scale fine", GradientBits.Eight, GradientError.Level },
        { "index twice", GradientBits.Two, GradientError.IndexOrder },
        { "index back", GradientBits.Two, GradientError.IndexOrder },
        { "index behind the end", GradientBits.Two, GradientError.IndexBounds },
        { "code -128", GradientBits.Eight, GradientError.Value },
        { "padding", GradientBits.Two, GradientError.Padding },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Everything_else_is_refused_by_name(string what, GradientBits bits, GradientError expected)
    {
        // The last chunk holds 96 + 3000 + 96 + 1000 - 4096 = 96 elements, of which 2 are kept: 28 bits and 4 of padding with 2 bits each.
        byte[] encoded = CompressedGradient.Encode(Layout, Samples.Gradient(Layout, 7), bits);
        Assert.True(CompressedGradient.TryParse(encoded, Layout, out _, out _));
        Span<byte> first = encoded.AsSpan(CompressedGradient.HeaderSize);
        int last = encoded.Length - (4 + (bits == GradientBits.Two ? 4 : 5));
        switch (what)
        {
            case "version":
                encoded[0] = 2;
                break;
            case "bits":
                encoded[1] = 4;
                break;
            case "reserved":
                encoded[3] = 1;
                break;
            case "short header":
                encoded = encoded[..35];
                break;
            case "layout":
                encoded[35] ^= 1;
                break;
            case "a byte more":
                encoded = [.. encoded, 0];
                break;
            case "a byte less":
                encoded = encoded[..^1];
                break;
            case "level infinite":
                BinaryPrimitives.WriteUInt16LittleEndian(first[2..], 0x7f80);
                break;
            case "scale NaN":
                BinaryPrimitives.WriteSingleLittleEndian(first, float.NaN);
                break;
            case "product infinite":
                BinaryPrimitives.WriteSingleLittleEndian(first, 3e37f);
                break;
            case "level negative":
                BinaryPrimitives.WriteUInt16LittleEndian(first[2..], 0xbf80);
                break;
            case "levels reversed":
                (first[0], first[1], first[2], first[3]) = (first[2], first[3], first[0], first[1]);
                break;
            case "scale negative":
                first[3] |= 0x80;
                break;
            case "scale fine":
                first[0] |= 1;
                break;
            case "index twice" or "index back":
                int index = (first[4] << 4) | (first[5] >> 4);
                int second = what == "index twice" ? index : index - 1;
                first[5] = (byte)((first[5] & 0xf0) | (second >> 8));
                first[6] = (byte)second;
                break;
            case "index behind the end":
                (encoded[last + 4], encoded[last + 5]) = (0x00, (byte)(encoded[last + 5] & 0x0f));
                (encoded[last + 5], encoded[last + 6]) = ((byte)(encoded[last + 5] & 0xf0), 96);
                break;
            case "code -128":
                first[4 + 96] = 0x80;
                break;
            default:
                encoded[^1] |= 1;
                break;
        }

        Assert.False(CompressedGradient.TryParse(encoded, Layout, out CompressedGradient? gradient, out GradientError error));
        Assert.Null(gradient);
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Whatever_the_parser_takes_is_in_the_one_form() => Gen.Select(Gen.Int[0, 1000], Gen.Int[CompressedGradient.HeaderSize, 800], Gen.Byte[1, 255]).Sample(
        (seed, at, flip) =>
        {
            byte[] encoded = CompressedGradient.Encode(Layout, Samples.Gradient(Layout, seed), GradientBits.Two);
            encoded[at % encoded.Length] ^= flip;
            if (CompressedGradient.TryParse(encoded, Layout, out CompressedGradient? gradient, out GradientError error))
            {
                Assert.Equal(Enumerable.Range(0, Layout.ChunkCount).Sum(Layout.Kept), gradient.Vector.Count);
                Assert.All(gradient.Vector.Values.ToArray(), value => Assert.True(double.IsFinite(value)));
            }
            else
            {
                Assert.NotEqual(GradientError.None, error);
            }
        },
        iter: 300);

    [Theory]
    [InlineData(GradientBits.Two)]
    [InlineData(GradientBits.Eight)]
    public void The_bytes_are_those_of_a_plain_encoder(GradientBits bits)
    {
        GradientLayout small = new([new GradientTensor("a", 3, 5), new GradientTensor("b", 64, 64), new GradientTensor("c", 1, 7), new GradientTensor("d", 128, 192), new GradientTensor("e", 70, 77)]);
        foreach (GradientLayout layout in (GradientLayout[])[Layout, small, new([new GradientTensor("one", 1, 1)]), new([new GradientTensor("row", 1, 4096 + 300)])])
        {
            for (int seed = 0; seed < 12; seed++)
            {
                // Of every third many are equal, of every fourth most are zeros of either sign.
                Random random = new(seed);
                float[] gradient = [.. Samples.Gradient(layout, seed).Select(value =>
                    seed % 3 == 1 ? MathF.Round(value * 100) / 100 : seed % 4 == 3 && random.Next(100) > 0 ? 0 * value : value)];
                Assert.Equal(Plain(layout, gradient, bits), CompressedGradient.Encode(layout, gradient, bits));
                Assert.True(CompressedGradient.TryParse(Plain(layout, gradient, bits), layout, out CompressedGradient? parsed, out _));
                Assert.Equal(parsed.Vector.Indices.ToArray().Order(), parsed.Vector.Indices.ToArray());
            }
        }
    }

    private static byte[] Plain(GradientLayout layout, float[] gradient, GradientBits bits)
    {
        List<byte> bytes = [1, (byte)bits, 0, 0, .. layout.Digest];
        int[] coordinates = new int[GradientLayout.ChunkSize];
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            int length = layout.Coordinates(chunk, coordinates);
            int[] places = [.. Enumerable.Range(0, length).OrderByDescending(place => Math.Abs(gradient[coordinates[place]])).ThenBy(place => place).Take(layout.Kept(chunk)).Order()];
            float[] kept = [.. places.Select(place => gradient[coordinates[place]])];
            int[] codes = new int[kept.Length];
            byte[] levels = new byte[4];
            if (bits == GradientBits.Two)
            {
                (ushort low, ushort high) = ChunkLevels.FitTwo(kept, codes);
                BinaryPrimitives.WriteUInt32LittleEndian(levels, (uint)((high << 16) | low));
            }
            else
            {
                BinaryPrimitives.WriteSingleLittleEndian(levels, ChunkLevels.FitEight(kept, codes));
            }

            string digits = string.Concat(places.Select(place => Digits(place, 12))) + string.Concat(codes.Select(code => Digits(code, (int)bits)));
            digits = digits.PadRight((digits.Length + 7) / 8 * 8, '0');
            bytes.AddRange([.. levels, .. digits.Chunk(8).Select(eight => Convert.ToByte(new string(eight), 2))]);
        }

        return [.. bytes];

        static string Digits(int value, int count) => Convert.ToString(value & ((1 << count) - 1), 2).PadLeft(count, '0');
    }

    private static SparseVector Decode(byte[] encoded)
    {
        Assert.True(CompressedGradient.TryParse(encoded, Layout, out CompressedGradient? gradient, out GradientError error), $"{error}");
        return gradient.Vector;
    }
}
