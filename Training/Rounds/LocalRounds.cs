using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Rounds;

/// <summary>
/// What stands in for a public beacon and a registered worker where one trainer trains alone: both follow from the recipe. So a run can
/// be repeated from its recipe, and its documents computed by anybody; but whoever trains chooses the recipe, and by it what it draws.
/// </summary>
public static class LocalRounds
{
    private static ReadOnlySpan<byte> BeaconLabel => "verathos.local-beacon.v1"u8;

    private static ReadOnlySpan<byte> WorkerLabel => "verathos.local-worker.v1"u8;

    private static ReadOnlySpan<byte> NonceLabel => "verathos.local-nonce.v1"u8;

    /// <summary>A round's beacon: SHA-256("verathos.local-beacon.v1" || recipe's digest (32) || round (8)).</summary>
    public static byte[] Beacon(ReadOnlySpan<byte> recipe, ulong round)
    {
        Require(recipe);
        Span<byte> message = stackalloc byte[BeaconLabel.Length + 40];
        BeaconLabel.CopyTo(message);
        recipe.CopyTo(message[BeaconLabel.Length..]);
        BinaryPrimitives.WriteUInt64BigEndian(message[^8..], round);
        return SHA256.HashData(message);
    }

    /// <summary>The worker's key: SHA-256("verathos.local-worker.v1" || recipe's digest (32)). It has no private half, and nobody registered it.</summary>
    public static WorkerKey Worker(ReadOnlySpan<byte> recipe)
    {
        Require(recipe);
        return new WorkerKey(SHA256.HashData([.. WorkerLabel, .. recipe]));
    }

    /// <summary>
    /// The nonce for which a keyset's evidence is asked: SHA-256("verathos.local-nonce.v1" || recipe's digest (32) || root of the model
    /// that the run starts from (32)). It ties evidence to a run; that it is fresh it does not show.
    /// </summary>
    public static byte[] Nonce(ReadOnlySpan<byte> recipe, ReadOnlySpan<byte> modelRoot)
    {
        Require(recipe);
        return SHA256.HashData([.. NonceLabel, .. recipe, .. modelRoot]);
    }

    private static void Require(ReadOnlySpan<byte> recipe)
    {
        if (recipe.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException("a recipe's digest has 32 bytes", nameof(recipe));
        }
    }
}
