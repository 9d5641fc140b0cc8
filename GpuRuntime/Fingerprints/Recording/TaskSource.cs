using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>
/// Requests that follow from a seed: prompts that the model itself continued from one random id at temperature 1, so that they
/// look to it like its language; draws of several kinds; every secret of its own.
/// </summary>
internal sealed class TaskSource(Lane16Backend backend, int seed, int promptTokens, int answerTokens, bool natural)
{
    private static readonly SamplingParameters[] s_kinds =
    [
        SamplingParameters.FromDecimals(0.8, 0.95, 50), SamplingParameters.Greedy, SamplingParameters.FromDecimals(1, 1, 0),
        SamplingParameters.FromDecimals(0.7, 0.9, 0), SamplingParameters.FromDecimals(1.2, 0.95, 0),
    ];

    /// <summary>A request by its number.</summary>
    public AnswerTask Make(int number, SamplingParameters? sampling = null)
    {
        byte[] digest = Digest("task", seed, number);
        Random random = new(BinaryPrimitives.ReadInt32BigEndian(digest));
        return new AnswerTask
        {
            Prompt = Prompt(random, Digest("prompt", seed, number)),
            Tokens = answerTokens,
            Sampling = sampling ?? s_kinds[number % s_kinds.Length],
            ClientSeed = BinaryPrimitives.ReadUInt64BigEndian(digest.AsSpan(8)),
            ClientNonce = Digest("nonce", seed, number),
            TraceSecret = Digest("trace", seed, number),
        };
    }

    /// <summary>Thirty-two bytes for a purpose.</summary>
    public static byte[] Digest(string purpose, int seed, int number)
    {
        byte[] input = [.. Encoding.ASCII.GetBytes(purpose), .. new byte[2 * sizeof(int)]];
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(input.Length - (2 * sizeof(int))), seed);
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(input.Length - sizeof(int)), number);
        return SHA256.HashData(input);
    }

    private int[] Prompt(Random random, byte[] draws)
    {
        int vocabulary = backend.Config.VocabularySize;
        int[] ids = [.. Enumerable.Range(0, promptTokens).Select(_ => random.Next(vocabulary))];
        if (!natural)
        {
            return ids;
        }

        SamplingParameters plain = SamplingParameters.FromDecimals(1, 1, 0);
        using SequenceState state = backend.CreateSequence(promptTokens);
        float[] logits = new float[vocabulary];
        for (int i = 1; i < ids.Length; i++)
        {
            backend.Forward(state, [ids[i - 1]], logits);
            ids[i] = Sampler.Sample(logits, plain, draws, i);
        }

        return ids;
    }
}
