using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Bench.Detection.Attacks;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Fingerprints.Recording;

namespace Verathos.Bench.Detection;

/// <summary>
/// A node computes half of an answer's steps, makes many receipts (its own nonces and times are in them), and signs the one whose
/// openings would fall best. It does not know the audit secret and has to guess it, so that the best receipt is as good as any.
/// </summary>
internal static class CoinGrinding
{
    private const int Answers = 1000;
    private const int Receipts = 256;
    private const int Openings = 4;

    public static GrindingReport Run(AttackContext context)
    {
        Random random = new(context.Seed);
        long steps = context.PromptTokens + context.AnswerTokens - 1;
        (long plain, long ground, long leaked) = (0, 0, 0);
        for (int answer = 0; answer < Answers; answer++)
        {
            context.Stop.ThrowIfCancellationRequested();
            bool[] computed = [.. Enumerable.Range(0, (int)steps).Select(_ => random.Next(2) == 0)];
            byte[] secret = TaskSource.Digest("audit", context.Seed, answer);
            byte[] guessed = TaskSource.Digest("guess", context.Seed, answer);
            int Missed(byte[] key, byte[] receipt) => Enumerable.Range(0, Openings).Count(number =>
                !computed[OpeningPlan.Derive(key, receipt, number, context.Exact.Shape, context.Exact.Constants.Heads, context.PromptTokens, steps).Step]);
            byte[][] receipts = [.. Enumerable.Range(0, Receipts).Select(i => Receipt(answer, i))];
            plain += Missed(secret, receipts[0]);
            ground += Missed(secret, receipts.MinBy(receipt => Missed(guessed, receipt))!);
            leaked += Missed(secret, receipts.MinBy(receipt => Missed(secret, receipt))!);
        }

        return new GrindingReport(Receipts, (long)Answers * Openings, plain, ground, leaked);
    }

    private static byte[] Receipt(int answer, int number)
    {
        byte[] input = new byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(input, answer);
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(sizeof(int)), number);
        return SHA256.HashData(input);
    }
}
