using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;
using Verathos.Validator.Configuration;

namespace Verathos.Host.Training;

/// <summary>
/// A validator's keys in training runs, from the one file of the owner's: the P-256 key signs outcomes and requests; gradients are sealed to an X-Wing key of HKDF-SHA256(secret,
/// info "verathos.training-seal.v1"); held-out documents are drawn by HKDF-SHA256(secret, info "verathos.training-judge.v1" || run).
/// </summary>
internal sealed class ValidatorKeys : IDisposable
{
    private ValidatorKeys(OwnerKey owner)
    {
        Owner = owner;
        Span<byte> seed = stackalloc byte[HpkePrivateKey.Length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, owner.Secret, seed, [], "verathos.training-seal.v1"u8);
        Seal = HpkePrivateKey.Import(HpkeKem.XWing, seed);
        CryptographicOperations.ZeroMemory(seed);
        Public = new RoundValidator(CoseKey.From(owner.Signing), SealRecipient.Of(Seal));
    }

    /// <summary>The owner's secrets.</summary>
    public OwnerKey Owner { get; }

    /// <summary>Opens what is sealed to this validator.</summary>
    public HpkePrivateKey Seal { get; }

    /// <summary>The public halves.</summary>
    public RoundValidator Public { get; }

    /// <summary>Reads the keys of a folder, or makes them.</summary>
    public static ValidatorKeys OpenOrCreate(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "owner.key");
        return new ValidatorKeys(File.Exists(path) ? OwnerKey.Load(path) : OwnerKey.Create(path));
    }

    /// <summary>The secret by which a run is judged, 32 bytes, which the caller overwrites.</summary>
    public byte[] JudgeSecret(ReadOnlySpan<byte> run)
    {
        byte[] secret = GC.AllocateArray<byte>(32, pinned: true);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Owner.Secret, secret, [], (byte[])[.. "verathos.training-judge.v1"u8, .. run]);
        return secret;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Seal.Dispose();
        Owner.Dispose();
    }
}
