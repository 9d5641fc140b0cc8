using CsCheck;
using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Answers;

public sealed class AnswerProofsTests
{
    private const int Layers = 8;
    private const int Width = 48;
    private static readonly byte[] s_seed = SketchPlan.DeriveSeed("nonce"u8);

    [Fact]
    public void Chunks_are_the_prompt_and_each_32_positions_after_it() => Gen.Select(Gen.Int[1, 70], Gen.Int[1, 80], Gen.Int[0, 999]).Sample((prompt, answer, seed) =>
    {
        float[][] rows = Rows(prompt + answer, seed);
        using AnswerProofs proofs = new(Layers, prompt, s_seed);
        Add(proofs, rows, seed);
        float[][][] chunks = [rows[..prompt], .. rows.Skip(prompt).Chunk(32)];
        return proofs.Toploc.Count == chunks.Length && proofs.Sketches.Count == chunks.Length
            && Enumerable.Range(0, chunks.Length).All(i =>
                proofs.Toploc[i].AsSpan().SequenceEqual(Toploc(chunks[i])) && proofs.Sketches[i].AsSpan().SequenceEqual(proofs.Depths.SelectMany(depth => Sketch(chunks[i], depth, i)).ToArray()));
    }, iter: 40);

    [Fact]
    public void Roots_are_those_over_the_finished_chunks()
    {
        float[][] rows = Rows(70, 1);
        using TraceSalts salts = new(new byte[32]);
        using AnswerProofs proofs = new(Layers, 5, s_seed);
        Assert.Throws<InvalidOperationException>(() => proofs.Roots(salts));
        Add(proofs, rows, 1);
        ChunkCommitment toploc = ChunkCommitment.ForToploc(salts);
        foreach (byte[] proof in proofs.Toploc)
        {
            toploc.Append(proof);
        }

        Assert.Equal(toploc.Root(), proofs.Roots(salts).Toploc);
        Assert.NotEqual(proofs.Roots(salts).Toploc, proofs.Roots(salts).Sketches);
        Assert.Throws<ObjectDisposedException>(() => proofs.AddHidden(70, rows[0]));
        Assert.Throws<ObjectDisposedException>(() => proofs.AddStream(0, 70, rows[0]));
    }

    [Fact]
    public void Nothing_added_has_no_roots()
    {
        using TraceSalts salts = new(new byte[32]);
        using AnswerProofs proofs = new(Layers, 5, s_seed);
        proofs.Finish();
        proofs.Finish();
        Assert.Empty(proofs.Toploc);
        Assert.Empty(proofs.Sketches);
        Assert.Throws<InvalidOperationException>(() => proofs.Roots(salts));
    }

    // Passes of random lengths, each depth after the other as a forward pass computes them.
    private static void Add(AnswerProofs proofs, float[][] rows, int seed)
    {
        Random random = new(seed);
        for (int first = 0; first < rows.Length;)
        {
            int end = Math.Min(rows.Length, first + random.Next(1, 50));
            for (int depth = 0; depth < proofs.Depths.Count; depth++)
            {
                for (int position = first; position < end; position++)
                {
                    proofs.AddStream(depth, position, rows[position]);
                }
            }

            for (int position = first; position < end; position++)
            {
                proofs.AddHidden(position, rows[position]);
            }

            first = end;
        }

        proofs.Finish();
    }

    private static byte[] Toploc(float[][] chunk)
    {
        TopActivations top = new();
        top.Add([.. chunk.SelectMany(row => row).Select(BFloat16.FromSingle)]);
        return ToplocProof.Create(top).ToArray();
    }

    private static byte[] Sketch(float[][] chunk, int depth, int number)
    {
        using SketchBuilder builder = new(s_seed, depth, number);
        Array.ForEach(chunk, row => builder.Add(row));
        byte[] sketch = new byte[SketchPlan.Size];
        builder.Write(sketch);
        return sketch;
    }

    private static float[][] Rows(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Width).Select(_ => BFloat16.Round((float)(random.NextDouble() - 0.5))).ToArray())];
    }
}
