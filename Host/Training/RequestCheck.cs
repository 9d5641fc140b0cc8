using System.Security.Cryptography;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Training;

/// <summary>Whether a signed request speaks for the owner of a key.</summary>
internal static class RequestCheck
{
    /// <summary>Checks signature, run, signer, operation, round and body.</summary>
    public static bool Speaks(CoseKey key, ReadOnlySpan<byte> request, ReadOnlyMemory<byte> run, string operation, ulong round, ReadOnlySpan<byte> body)
    {
        using ECDsa verifier = key.ToECDsa();
        return TrainingRequest.TryParse(request, verifier, out TrainingRequest? read, out _)
            && read.Run.Span.SequenceEqual(run.Span)
            && read.Signer.Span.SequenceEqual(TrainingRequest.NameOf(key))
            && read.Operation == operation
            && read.Round == round
            && read.BodyDigest.Span.SequenceEqual(SHA256.HashData(body));
    }
}
